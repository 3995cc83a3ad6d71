/* hints_ja.h: the hints of compare in Japanese, beside those of the runtime (c/hints.h). */
#ifndef TWINBOX_COMPARE_HINTS_JA_H
#define TWINBOX_COMPARE_HINTS_JA_H

/* From here on error_hint() knows them. */
void hints_ja_add(void);

#endif
