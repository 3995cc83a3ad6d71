/* result.c: see result.h. */
#include "result.h"

#include <limits.h>
#include <unistd.h>

int result_put_json(const json_t *json, FILE *out, struct error *e)
{
	/* json is NULL where jansson could not make it: of a text that is not UTF-8. */
	if (json_dumpf(json, out, JSON_INDENT(2)) && !ferror(out))
		return error_say(e, "a result is no JSON: a text in it is not UTF-8");
	fputc('\n', out);
	return 0;
}

int result_write(
	const char *dir, const char *name, result_put *put, const json_t *json, struct error *e)
{
	char path[PATH_MAX + 64], new[PATH_MAX + 96];
	FILE *out;
	int failed;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(new, sizeof(new), "%s.%d", path, getpid());
	out = fopen(new, "we");
	if (!out)
		return error_sys(e, "writing %s", new);
	failed = put(json, out, e);
	if ((fflush(out) || ferror(out)) && !failed)
		failed = error_sys(e, "writing %s", new);
	fclose(out);
	if (!failed && rename(new, path))
		failed = error_sys(e, "renaming %s", new);
	if (failed)
		unlink(new);
	return failed;
}
