#include "observe.h"
const struct group observe_process = { "process", NULL, 0 };
