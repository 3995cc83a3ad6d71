/*
 * embed.c: the lists in shared/ become part of the program, so that it stands alone.
 * The assembler reads the files from the directory that the compiler was started in: the project's.
 */
#include "facts.h"
#include "map.h"
#include "page.h"
#include "trace.h"

/* One file, or several behind one another: FILE("a") FILE("b"). */
#define FILE_(file) ".incbin \"" file "\"\n"
#define EMBED(symbol, files)                                                                       \
	__asm__(".pushsection .rodata\n"                                                           \
		".global " #symbol "\n"                                                            \
		".type " #symbol ", %object\n" #symbol ":\n" files ".byte 0\n"                     \
		".size " #symbol ", . - " #symbol "\n"                                             \
		".popsection\n")

EMBED(facts_json, FILE_("shared/facts.json"));
EMBED(differences_json, FILE_("shared/differences.json"));
EMBED(syscalls_json, FILE_("shared/syscalls.json"));
EMBED(sysprocattr_json, FILE_("shared/sysprocattr.json"));
EMBED(page_template, FILE_("compare/report.html"));
EMBED(page_style, FILE_("compare/report/page.css") FILE_("compare/report/facts.css")
			  FILE_("compare/report/tables.css") FILE_("compare/report/media.css"));
/* In the order in which they run. */
EMBED(page_script,
	FILE_("compare/report/base.js") FILE_("compare/report/head.js")
		FILE_("compare/report/facts.js") FILE_("compare/report/stages.js")
			FILE_("compare/report/calls.js") FILE_("compare/report/map.js")
				FILE_("compare/report/machine.js") FILE_("compare/report/matrix.js")
					FILE_("compare/report/start.js"));
