// Names of resource limits (setrlimit(2)) and their numbers; c/rlimits.c has the same.

package gobox

const rlimitCount = 16

// rlimitNames: the place in the list is the number of asm-generic/resource.h.
var rlimitNames = [rlimitCount]string{
	"RLIMIT_CPU",
	"RLIMIT_FSIZE",
	"RLIMIT_DATA",
	"RLIMIT_STACK",
	"RLIMIT_CORE",
	"RLIMIT_RSS",
	"RLIMIT_NPROC",
	"RLIMIT_NOFILE",
	"RLIMIT_MEMLOCK",
	"RLIMIT_AS",
	"RLIMIT_LOCKS",
	"RLIMIT_SIGPENDING",
	"RLIMIT_MSGQUEUE",
	"RLIMIT_NICE",
	"RLIMIT_RTPRIO",
	"RLIMIT_RTTIME",
}

// rlimitFind gives the number of a name, -1 where there is no such limit.
func rlimitFind(name string) int {
	for i, n := range rlimitNames {
		if n == name {
			return i
		}
	}
	return -1
}
