#include "observe.h"
const struct group observe_cgroup = { "cgroup", NULL, 0 };
