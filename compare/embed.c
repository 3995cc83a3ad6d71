/*
 * embed.c: the lists in shared/ become part of the program, so that it stands alone.
 * The assembler reads the files from the directory that the compiler was started in: the project's.
 */
#include "facts.h"
#include "map.h"
#include "trace.h"

#define EMBED(symbol, file)                                                                        \
	__asm__(".pushsection .rodata\n"                                                           \
		".global " #symbol "\n"                                                            \
		".type " #symbol ", %object\n" #symbol ":\n"                                       \
		".incbin \"" file "\"\n"                                                           \
		".byte 0\n"                                                                        \
		".size " #symbol ", . - " #symbol "\n"                                             \
		".popsection\n")

EMBED(facts_json, "shared/facts.json");
EMBED(differences_json, "shared/differences.json");
EMBED(syscalls_json, "shared/syscalls.json");
EMBED(sysprocattr_json, "shared/sysprocattr.json");
