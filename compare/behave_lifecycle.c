#include "measure.h"
int behave_lifecycle(const struct plan *p, const struct column *c, struct values *out, struct error *e)
{
	(void)p, (void)c, (void)out, (void)e;
	return 0;
}
