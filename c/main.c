/*
 * main.c: the command line of cbox. One row a command; what each does is in its own file.
 * go/cmd/gobox/main.go and go/command.go are the same for gobox, word for word.
 */
#include "command.h"

int main(int argc, char **argv)
{
	return command_main("cbox", argc, argv);
}
