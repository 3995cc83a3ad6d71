#include "observe.h"
const struct group observe_veth = { "veth", NULL, 0 };
