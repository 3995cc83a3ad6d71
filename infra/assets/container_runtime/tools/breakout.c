/*
 * Leaves a chroot(2) and runs a command outside it; for root only, and not after pivot_root(2).
 *
 *   gcc -Wall -O2 -static -o rootfs/breakout tools/breakout.c
 *   chroot rootfs /breakout /bin/ls /
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: breakout COMMAND [ARG...]\n");
		return 2;
	}
	// region: breakout
	if (mkdir("/inner", 0700) < 0 && errno != EEXIST)
		err(1, "mkdir");
	/* The root moves below; the working directory stays where it is, outside the new root. */
	if (chdir("/") < 0 || chroot("/inner") < 0)
		err(1, "chroot");
	/* Only at the present root does ".." end, and that is never met on this way. */
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			err(1, "chdir");
	if (chroot(".") < 0)
		err(1, "chroot");
	execv(argv[1], argv + 1);
	// endregion: breakout
	err(1, "%s", argv[1]);
}
