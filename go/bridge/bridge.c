/* bridge.c: see bridge.h. */
#include "bridge.h"

#include <stdlib.h>
#include <string.h>

struct call *call_new(const struct spec *spec)
{
	struct call *c = malloc(sizeof(*c));

	if (!c)
		abort();
	container_init(&c->container);
	error_clear(&c->error);
	c->container.spec = spec;
	return c;
}

void call_free(struct call *c)
{
	free((char *)c->container.program);
	free((char *)c->container.name);
	free((char *)c->container.rootfs);
	free((char *)c->container.stage);
	free(c);
}

int call_run(struct call *c, int (*stage)(struct container *c, struct error *e))
{
	return stage(&c->container, &c->error);
}

void spec_join(struct spec *spec, int id, const char *path)
{
	free(spec->namespaces[id].path);
	spec->namespaces[id].path = strdup(path);
	if (!spec->namespaces[id].path)
		abort();
}

int call_nothing(void)
{
	return 0;
}

int spec_check_bytes(const char *label, const char *data, size_t len, char **text, size_t *text_len,
	struct error *e)
{
	struct spec spec = {0};
	FILE *out;
	int result;

	*text = NULL;
	if (spec_parse(label, data, len, &spec, e) < 0)
		return -1;
	out = open_memstream(text, text_len);
	result = out ? spec_print(&spec, out, e) : error_sys(e, "making a stream");
	if (out)
		fclose(out);
	spec_free(&spec);
	return result;
}
