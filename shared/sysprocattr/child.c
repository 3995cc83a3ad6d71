/*
 * What the examples start: it says that it runs, sends back what it is sent, and ends when there
 * is no more. Its standard output is a socket, so that both go one way.
 */
#include <unistd.h>

int main(void)
{
	char c = '!';

	while (write(1, &c, 1) == 1 && read(1, &c, 1) == 1)
		;
	return 0;
}
