// Package early is initialised before package syscall, and so sees what that one changes; what costs
// less the earlier it is done is here as well.
//
// Packages are initialised in the order of their paths, each as soon as those that it imports are
// (Go specification, "Program initialization"): "gobox/early" comes before "syscall", and nothing
// holds it back as long as it imports nothing.
package early

// NofileSoft and NofileHard are RLIMIT_NOFILE as the caller set it (getrlimit(2)); both 0 where the
// kernel does not tell.
var NofileSoft, NofileHard = nofile()

// nofile is prlimit(0, RLIMIT_NOFILE, NULL, &result).
func nofile() (soft, hard uint64)
