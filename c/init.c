/*
 * init.c: see init.h. The files stand in go/starter/, where Go can embed them (it embeds nothing
 * from above its own directory), and are read from there by the assembler: one source for both.
 */
#include "init.h"

#include "language.h"
#include "self.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EMBED(symbol, file)                                                                        \
	__asm__(".pushsection .rodata\n"                                                           \
		".type " #symbol ", %object\n" #symbol ":\n"                                       \
		".incbin \"" file "\"\n"                                                           \
		".byte 0\n"                                                                        \
		".size " #symbol ", . - " #symbol "\n"                                             \
		".popsection\n")

EMBED(init_config, "go/starter/config.json");
EMBED(init_readme_en, "go/starter/README_en.md");
EMBED(init_readme_ja, "go/starter/README_ja.md");
extern const char init_config[] __attribute__((visibility("hidden")));
extern const char init_readme_en[] __attribute__((visibility("hidden")));
extern const char init_readme_ja[] __attribute__((visibility("hidden")));

/* What stands in the template for the schema's place. */
#define SCHEMA "@SCHEMA@"

struct starter {
	const char *name, *text;
	const char *schema; /* stands for SCHEMA; NULL: its line is left out */
};

static int write_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		text += done;
		n -= (size_t)done;
	}
	return 0;
}

/* An editor takes an absolute path as well as a URI; what JSON would have to escape gets no line.
 */
static bool plain(const char *path)
{
	return !strpbrk(path, "\"\\%#? ");
}

static int write_starter(int fd, const struct starter *s)
{
	const char *mark = strstr(s->text, SCHEMA), *line = mark, *end;

	if (!mark)
		return write_all(fd, s->text, strlen(s->text));
	end = strchr(mark, '\n') + 1;
	while (line > s->text && line[-1] != '\n')
		line--;
	if (!s->schema)
		return write_all(fd, s->text, (size_t)(line - s->text)) < 0
			       ? -1
			       : write_all(fd, end, strlen(end));
	mark += strlen(SCHEMA);
	return write_all(fd, s->text, (size_t)(mark - strlen(SCHEMA) - s->text)) < 0 ||
			       write_all(fd, s->schema, strlen(s->schema)) < 0
		       ? -1
		       : write_all(fd, mark, strlen(mark));
}

static int make_starter(int directory, const char *path, const struct starter *s, struct error *e)
{
	int fd = openat(
		directory, s->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int failed, saved;

	if (fd < 0) {
		error_sys(e, "creating %s/%s", path, s->name);
		return errno == EEXIST ? error_hint(e, "init never overwrites; it takes another "
						       "directory as its argument")
				       : -1;
	}
	failed = write_starter(fd, s);
	saved = errno;
	if (close(fd) < 0 && !failed) {
		failed = -1;
		saved = errno;
	}
	if (failed) {
		unlinkat(directory, s->name, 0);
		errno = saved;
		return error_sys(e, "writing %s/%s", path, s->name);
	}
	return 0;
}

static void tell(const char *program, const char *directory, FILE *out)
{
	bool here = strcmp(directory, ".") == 0;

	fprintf(out,
		language_pick(
			"%s/config.json is the container, %s/README.md explains it\n"
			"next:\n"
			"  %s%s%stwinbox-rootfs rootfs   # or another of the ways in README.md\n"
			"  sudo %s run\n",
			"%s/config.json がコンテナで、%s/README.md はその説明です\n"
			"次にすること:\n"
			"  %s%s%stwinbox-rootfs rootfs   # ほかの方法は README.md にあります\n"
			"  sudo %s run\n"),
		directory, directory, here ? "" : "cd ", here ? "" : directory, here ? "" : "\n  ",
		program);
}

int init_bundle(const char *program, const char *directory, FILE *out, struct error *e)
{
	char schema[PATH_MAX];
	const struct starter starters[] = {
		{"config.json", init_config,
			self_data("spec.schema.json", schema) && plain(schema) ? schema : NULL},
		{"README.md", language_pick(init_readme_en, init_readme_ja), NULL},
	};
	bool made = mkdir(directory, 0755) == 0;
	int fd = -1, failed = 0;

	if (!made && errno != EEXIST)
		return error_sys(e, "creating %s", directory);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(e, "opening %s", directory);
	for (size_t i = 0; i < 2 && !failed; i++) {
		failed = make_starter(fd, directory, &starters[i], e);
		if (failed && i > 0)
			unlinkat(fd, starters[0].name, 0);
	}
	close(fd);
	if (failed && made)
		rmdir(directory);
	if (failed)
		return -1;
	tell(program, directory, out);
	return 0;
}
