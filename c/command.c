/*
 * command.c: the commands, one function and one row of the table each.
 * Exit status: the command's own for `run` and `exec`; 0, or EXIT_RUNTIME after a failure, for the
 * others.
 */
#include "command.h"

#include "doctor.h"
#include "enter.h"
#include "gc.h"
#include "init.h"
#include "list.h"
#include "options.h"
#include "run.h"
#include "self.h"
#include "spec.h"
#include "state.h"
#include "suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#ifndef TWINBOX_VERSION
#define TWINBOX_VERSION "unknown"
#endif

struct command {
	const char *name;
	const char *usage; /* what follows the name */
	const char *help;
	int (*run)(const char *program, char **argv, int argc, struct error *e);
	bool seals_itself;	    /* self_seal() before it begins */
	void (*options)(FILE *out); /* its options for --help; NULL: it has none */
};

/* Every command refuses words that it does not know, and only `run` and `exec` have a command after
 * "--". */
static int refuse_words(const struct operands *o, int allowed, const char *context, struct error *e)
{
	if (o->words_n > allowed) {
		error_say(e, "unexpected argument %s", o->words[allowed]);
		return error_hint(e, "%s --help shows what it takes", context);
	}
	if (o->command) {
		error_say(e, "-- has no meaning here");
		return error_hint(e, "%s --help shows what it takes", context);
	}
	return 0;
}

/* Output that could not be written is a failure: a full disk must not look like success. */
static int finish(FILE *out, struct error *e)
{
	if (fflush(out) != 0 || ferror(out))
		return error_sys(e, "writing the output");
	return 0;
}

static int command_check(const char *program, char **argv, int argc, struct error *e)
{
	struct operands o;
	struct spec spec = {0};
	char context[64];
	int result;

	snprintf(context, sizeof(context), "%s check", program);
	if (options_parse(NULL, 0, argv, argc, context, &o, e) < 0 ||
		refuse_words(&o, 1, context, e) < 0)
		return -1;
	if (o.words_n == 0) {
		error_say(e, "check needs a FILE");
		return error_hint(e, "%s --help shows what it takes", context);
	}
	if (spec_load(o.words[0], &spec, e) < 0)
		return e->errnum == ENOENT ? suggest_spec(e, o.words[0]) : -1;
	result = spec_print(&spec, stdout, e) < 0 ? -1 : finish(stdout, e);
	spec_free(&spec);
	return result;
}

static struct option list_option(bool *json)
{
	return (struct option){"--json", NULL, "as JSON", json, NULL};
}

static void list_help(FILE *out)
{
	const struct option option = list_option(NULL);

	options_print(&option, 1, out);
}

static int command_init(const char *program, char **argv, int argc, struct error *e)
{
	struct operands o;
	char context[64];

	snprintf(context, sizeof(context), "%s init", program);
	if (options_parse(NULL, 0, argv, argc, context, &o, e) < 0 ||
		refuse_words(&o, 1, context, e) < 0 ||
		init_bundle(program, o.words_n > 0 ? o.words[0] : ".", stdout, e) < 0)
		return -1;
	return finish(stdout, e);
}

static int command_list(const char *program, char **argv, int argc, struct error *e)
{
	bool json = false;
	const struct option option = list_option(&json);
	struct operands o;
	char context[64];

	snprintf(context, sizeof(context), "%s list", program);
	if (options_parse(&option, 1, argv, argc, context, &o, e) < 0 ||
		refuse_words(&o, 0, context, e) < 0)
		return -1;
	return list_print(json, stdout, e) < 0 ? -1 : finish(stdout, e);
}

static struct option gc_option(bool *dry_run)
{
	return (struct option){"--dry-run", NULL, "tell only, remove nothing", dry_run, NULL};
}

static void gc_help(FILE *out)
{
	const struct option option = gc_option(NULL);

	options_print(&option, 1, out);
}

static int command_gc(const char *program, char **argv, int argc, struct error *e)
{
	bool dry_run = false;
	const struct option option = gc_option(&dry_run);
	struct operands o;
	char context[64];

	snprintf(context, sizeof(context), "%s gc", program);
	if (options_parse(&option, 1, argv, argc, context, &o, e) < 0 ||
		refuse_words(&o, 0, context, e) < 0)
		return -1;
	return gc_all(dry_run, stdout, e) != 0 ? -1 : finish(stdout, e);
}

static int command_doctor(const char *program, char **argv, int argc, struct error *e)
{
	struct operands o;
	char context[64];
	int failing;

	snprintf(context, sizeof(context), "%s doctor", program);
	if (options_parse(NULL, 0, argv, argc, context, &o, e) < 0 ||
		refuse_words(&o, 0, context, e) < 0)
		return -1;
	failing = doctor_print(stdout, e);
	if (failing < 0 || finish(stdout, e) < 0)
		return -1;
	return failing > 0 ? 1 : 0;
}

static const struct command commands[] = {
	{"run", RUN_USAGE, "run a command in a new container", run_command, false, run_help},
	{"exec", ENTER_USAGE, "run a command, or /bin/sh, in a running container", enter_command,
		true, NULL},
	{"init", INIT_USAGE, "write a spec to start from, and a page that explains it",
		command_init, false, NULL},
	{"list", "[--json]", "show the running containers and what a crash left", command_list,
		false, list_help},
	{"check", "FILE", "check a spec and print it with its defaults", command_check, false,
		NULL},
	{"gc", "[--dry-run]", "remove what a killed runtime left", command_gc, false, gc_help},
	{"doctor", "", "say what this machine lacks for running containers", command_doctor, false,
		NULL},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int usage(const char *program, struct error *e)
{
	printf("usage: %s COMMAND [OPTION...]\n\n", program);
	for (int i = 0; i < COMMANDS; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].help);
	printf("\n%s COMMAND --help tells more; %s --version prints the version.\n", program,
		program);
	return finish(stdout, e);
}

/* --help counts wherever it stands among the options, but not after "--". */
static bool wants_help(char **argv, int argc)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int command_help(const char *program, const struct command *command, struct error *e)
{
	printf("usage: %s %s%s%s\n\n%s\n", program, command->name, command->usage[0] ? " " : "",
		command->usage, command->help);
	if (command->options) {
		putchar('\n');
		command->options(stdout);
	}
	return finish(stdout, e);
}

/*
 * Descriptors 0, 1 and 2 exist, so that nothing that is opened later gets one of these numbers and
 * is then written to as an output. Go's runtime does the same before main.
 */
static int fill_standard_streams(struct error *e)
{
	struct pollfd streams[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

	if (poll(streams, 3, 0) < 0)
		return error_sys(e, "looking at the standard streams");
	for (int fd = 0; fd <= 2; fd++)
		if (streams[fd].revents & POLLNVAL && open("/dev/null", O_RDWR) != fd)
			return error_sys(e, "opening /dev/null");
	return 0;
}

static const char *nearest_command(const char *word)
{
	const char *names[COMMANDS + 2] = {"--help", "--version"};

	for (int i = 0; i < COMMANDS; i++)
		names[i + 2] = commands[i].name;
	return suggest(word, strlen(word), names, COMMANDS + 2);
}

/*
 * A write beyond RLIMIT_FSIZE says EFBIG then, and what was made before is removed. run and exec do
 * that with more: wait_block_signals().
 */
static void block_file_size(int argc, char **argv)
{
	sigset_t set;

	if (argc > 1 && (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "exec") == 0) &&
		!wants_help(argv + 2, argc - 2))
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int dispatch(const char *program, int argc, char **argv, struct error *e)
{
	block_file_size(argc, argv);
	if (fill_standard_streams(e) < 0)
		return -1;
	if (argc < 2 || !argv[1][0]) {
		error_say(e, "a command is missing");
		return error_hint(e, "%s --help lists the commands", program);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return usage(program, e);
	if (strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", program, TWINBOX_VERSION);
		return finish(stdout, e);
	}
	for (int i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (wants_help(argv + 2, argc - 2))
			return command_help(program, &commands[i], e);
		if (commands[i].seals_itself && self_seal(program, argv, e) < 0)
			return -1;
		return commands[i].run(program, argv + 2, argc - 2, e);
	}
	error_say(e, argv[1][0] == '-' ? "unknown option %s" : "unknown command %s", argv[1]);
	error_hint(e, "%s --help lists the commands", program);
	return suggest_hint(e, nearest_command(argv[1]));
}

int command_main(const char *program, int argc, char **argv)
{
	struct error e;
	int status;

	error_clear(&e);
	status = dispatch(program, argc, argv, &e);
	if (status < 0) {
		fflush(stdout);
		error_print(&e, program, stderr);
		return e.status;
	}
	return status;
}
