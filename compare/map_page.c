#include "map.h"
void map_page(json_t *map, const char *language, FILE *out)
{
	(void)map;
	(void)language;
	(void)out;
}
