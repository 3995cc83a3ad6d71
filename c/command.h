/* command.h: the commands of the command line: run, exec, list, check, gc, doctor. */
#ifndef TWINBOX_COMMAND_H
#define TWINBOX_COMMAND_H

/* Runs the command line; program is how messages call it. Returns the exit status. */
int command_main(const char *program, int argc, char **argv);

#endif
