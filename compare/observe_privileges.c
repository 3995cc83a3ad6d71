#include "observe.h"
const struct group observe_privileges = { "privileges", NULL, 0 };
