// Command `run`: from the command line and a spec to a container. Everything that can be refused
// is refused here, before anything is made.

package gobox

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

const (
	runUsage = "[--spec FILE] [--rootfs DIR] [--name NAME] [--pid-file FILE] [--events FILE] " +
		"[--no-pivot] [-v] [-- CMD [ARG...]]"
	bundleSpec    = "config.json"
	defaultSpec   = "shared/specs/full.json"
	defaultRootfs = "build/rootfs"
)

// runOptions is what the options say.
type runOptions struct {
	spec, rootfs, name, pidFile, events, via string
	noPivot, verbose                         bool
}

func runTable(o *runOptions) []option {
	viaHelp := ""
	if viaKnown() {
		viaHelp = "run these stages by libcbox: STAGE=c[,STAGE=c...], all=c"
	}
	return []option{
		{"--spec", "FILE", "the spec, default " + bundleSpec + ", else " + defaultSpec, nil, &o.spec},
		{"--rootfs", "DIR", "the root, default root.path of the spec, else " + defaultRootfs, nil,
			&o.rootfs},
		{"--name", "NAME", "the container's name, default box-PID", nil, &o.name},
		{"--pid-file", "FILE", "write the pid of the container's first process to FILE", nil,
			&o.pidFile},
		{"--events", "FILE", "append each stage's begin and end to FILE (JSON Lines)", nil,
			&o.events},
		{"--no-pivot", "", "move and chroot instead of pivot_root", &o.noPivot, nil},
		{"-v", "", "tell each stage and its system calls", &o.verbose, nil},
		{"--via", "LIST", viaHelp, nil, &o.via},
	}
}

// runHelp prints the options of `run` for --help.
func runHelp(out io.Writer) {
	optionsPrint(runTable(&runOptions{}), out)
}

// runFindSpec: the bundle that this is started in, as runc and crun take it; the default of a
// checkout's directory; the one that belongs to the program.
func runFindSpec() string {
	if syscall.Access(bundleSpec, accessExist) == nil {
		return bundleSpec
	}
	if syscall.Access(defaultSpec, accessExist) != nil {
		if path := selfData("specs/full.json"); path != "" {
			return path
		}
	}
	return defaultSpec
}

// realPath is realpath(3). Not by filepath.Abs: it takes $PWD for the working directory, which may be
// the link that a shell has entered it through, and a ".." behind that is another directory. In what
// the kernel says there is no link, and none is left in the path: only then may ".." be cut by its name.
func realPath(path string) (string, error) {
	out, err := filepath.EvalSymlinks(path)
	if err != nil || out[0] == '/' {
		return out, err
	}
	cwd, err := syscall.Getwd()
	out = filepath.Join(cwd, out)
	if err == nil && len(out) >= pathMax {
		err = syscall.ENAMETOOLONG
	}
	return out, err
}

// runFindRootfs gives the rootfs, made absolute: the option --rootfs ("": not given), else the
// spec's root.path (relative to the directory of specFile, as in an OCI bundle), else build/rootfs.
func runFindRootfs(option, specFile string, s *Spec) (string, error) {
	path := option
	slash := strings.LastIndexByte(specFile, '/')
	if path == "" && s.Root.Path != "" && s.Root.Path[0] != '/' && slash >= 0 {
		path = specFile[:slash] + "/" + s.Root.Path
		if len(path) >= pathMax {
			return "", errorSys(syscall.ENAMETOOLONG, "rootfs %s", s.Root.Path)
		}
	} else if path == "" {
		path = s.Root.Path
		if path == "" {
			path = defaultRootfs
		}
	}
	// EvalSymlinks has errors of its own; the kernel's are the ones to tell.
	var st syscall.Stat_t
	err := syscall.Stat(path, &st)
	out := path
	if err == nil {
		out, err = realPath(path)
	}
	if err != nil {
		return "", errorHint(errorSys(err, "rootfs %s", path),
			"make rootfs builds one in "+defaultRootfs+", twinbox-rootfs DIR anywhere; --rootfs names another")
	}
	if st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
		return "", errorSys(syscall.ENOTDIR, "rootfs %s", path)
	}
	if out == "/" {
		return "", errorSay("rootfs %s: the host's own root cannot be a rootfs", path)
	}
	return out, nil
}

// checkPidFile: the pid file is made when the command runs; that this will not be possible is told
// before anything else is made. That it exists already is stateCreate's to find.
func checkPidFile(path string) error {
	const writeAndSearch = 2 | 1 // W_OK, X_OK of access(2)
	directory := path[:strings.LastIndexByte(path, '/')+1] + "."
	if err := syscall.Access(directory, writeAndSearch); err != nil {
		return errorSys(err, "creating pid file %s", path)
	}
	return nil
}

// findCommand gives the command: after "--", else process.args, else a shell.
func findCommand(words *operands, s *Spec) []string {
	if words.hasCommand {
		return words.command
	}
	if len(s.Process.Args) > 0 {
		return s.Process.Args
	}
	return []string{"/bin/sh"}
}

func refuseEarly(words *operands, program string) error {
	if len(words.words) > 0 {
		return errorHint(errorSay("unexpected argument %s", words.words[0]),
			"a command goes after --: %s run -- %s", program, words.words[0])
	}
	if words.hasCommand && (len(words.command) == 0 || words.command[0] == "") {
		return errorHint(errorSay("a command is missing after --"), "%s run -- /bin/sh", program)
	}
	return nil
}

// runColour: colours are for a terminal that has them, and for nobody who has set NO_COLOR
// (no-color.org).
func runColour(fd int) bool {
	term := os.Getenv("TERM")
	return os.Getenv("NO_COLOR") == "" && term != "" && term != "dumb" && isTerminal(fd)
}

func openOutputs(c *Container, o *runOptions) error {
	if c.Verbose {
		fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, 2, syscall.F_DUPFD_CLOEXEC, 3)
		if errno != 0 {
			return errorSys(errno, "keeping standard error")
		}
		c.LogFD = int(fd)
	}
	c.Colour = c.Verbose && runColour(c.LogFD)
	if o.events != "" {
		return eventsOpen(c, o.events)
	}
	return nil
}

func isTerminal(fd int) bool {
	var t syscall.Termios
	_, err := ioctl(fd, syscall.TCGETS, uintptr(unsafe.Pointer(&t)))
	return err == nil
}

func runSpec(program string, o *runOptions, words *operands, s *Spec, via []string) (int, error) {
	if o.name != "" {
		if err := stateCheckName(o.name); err != nil {
			return 0, err
		}
	}
	rootfs, err := runFindRootfs(o.rootfs, o.spec, s)
	if err != nil {
		return 0, err
	}
	if o.pidFile != "" {
		if err := checkPidFile(o.pidFile); err != nil {
			return 0, err
		}
	}
	c := newContainer()
	c.Spec = s
	if err := cgroupCheck(c); err != nil {
		return 0, err
	}
	c.Program, c.Name, c.Rootfs, c.PidFile = program, o.name, rootfs, o.pidFile
	if c.Name == "" {
		c.Name = fmt.Sprintf("box-%d", syscall.Getpid())
	}
	c.Command = findCommand(words, s)
	c.NoPivot, c.Verbose, c.Via = o.noPivot, o.verbose, via
	c.NewTerminal = s.Process.Terminal && isTerminal(0)
	err = openOutputs(c, o)
	if err == nil {
		err = containerRun(c)
	}
	if c.EventsFD >= 0 {
		syscall.Close(c.EventsFD)
	}
	if c.LogFD >= 0 {
		syscall.Close(c.LogFD)
	}
	closeFD(&c.CgroupRoot) // the end came before the cleanup stage
	return c.ExitStatus, err
}

// runCommand runs one container and gives the command's exit status.
func runCommand(program string, args []string, out io.Writer) (int, error) {
	o := &runOptions{}
	words, err := optionsParse(runTable(o), args, program+" run")
	if err != nil {
		return 0, err
	}
	if err := refuseEarly(words, program); err != nil {
		return 0, err
	}
	via, err := viaParse(program, "run", o.via, viaNames)
	if err != nil {
		return 0, err
	}
	byDefault := o.spec == ""
	if byDefault {
		o.spec = runFindSpec()
	}
	spec, err := specLoad(o.spec)
	if err != nil {
		if !byDefault && errnoOf(err) == syscall.ENOENT {
			return 0, suggestSpec(err, o.spec)
		}
		if byDefault && errnoOf(err) == syscall.ENOENT {
			return 0, errorHint(err, "%s init writes a spec to start from; --spec names another",
				program)
		}
		return 0, err
	}
	return runSpec(program, o, words, spec, via)
}
