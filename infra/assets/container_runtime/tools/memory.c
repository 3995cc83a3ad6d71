/*
 * Takes memory one mebibyte after the other, as many as the argument says, and touches every page:
 * memory that nobody has written to is not counted.
 *
 *   gcc -Wall -Wextra -O2 -o memory tools/memory.c && ./memory 100
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	int mebibytes = argc > 1 ? atoi(argv[1]) : 100;

	setbuf(stdout, NULL);
	// region: take
	for (int n = 1; n <= mebibytes; n++) {
		char *block = malloc(1 << 20);

		if (!block)
			return 1;
		memset(block, 1, 1 << 20);
		if (n % 10 == 0)
			printf("%d MiB\n", n);
	}
	// endregion: take
	return 0;
}
