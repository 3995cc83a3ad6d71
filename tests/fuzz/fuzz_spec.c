/*
 * fuzz_spec.c: the C parser as a libFuzzer target, under AddressSanitizer and
 * UndefinedBehaviorSanitizer (`make fuzz`).
 *
 * Whatever the bytes: no access out of bounds, no leak, and a spec that was taken can be printed,
 * read once more and then prints the same.
 */
#include "spec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The normalised spec, malloc'd; NULL where it is refused. */
static char *check(const char *data, size_t size, size_t *text_size)
{
	struct spec spec = {0};
	struct error e;
	char *text = NULL;

	error_clear(&e);
	if (spec_parse("spec.json", data, size, &spec, &e) == 0) {
		FILE *out = open_memstream(&text, text_size);

		if (!out || spec_print(&spec, out, &e) < 0 || fclose(out))
			abort();
	} else if (!e.message[0] || e.status != EXIT_RUNTIME) {
		abort();
	}
	spec_free(&spec);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t once_size, twice_size;
	char *once = check((const char *)data, size, &once_size), *twice;

	if (!once || once_size > SPEC_MAX_BYTES) {
		free(once);
		return 0;
	}
	twice = check(once, once_size, &twice_size);
	if (!twice || once_size != twice_size || memcmp(once, twice, once_size) != 0)
		abort();
	free(once);
	free(twice);
	return 0;
}
