#include "observe.h"
const struct group observe_identity = { "identity", NULL, 0 };
