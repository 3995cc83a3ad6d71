// Command `exec`: from a container's name to a second process in it; c/enter.c is the twin. What the
// container is comes from its state and from the spec that `run` left there; where its namespaces
// are, from its first process.

package gobox

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

const enterUsage = "NAME [-- CMD [ARG...]]"

func enterTable(via *string) []option {
	help := ""
	if viaKnown() {
		help = "run these stages by libcbox: namespaces=c[,STAGE=c...], all=c"
	}
	return []option{{"--via", "LIST", help, nil, via}}
}

// enterHelp prints the options of `exec` for --help, where it has any to show.
func enterHelp(out io.Writer) { optionsPrint(enterTable(nil), out) }

func enterRefuseEarly(words *operands, program string) error {
	if len(words.words) == 0 {
		return errorHint(errorSay("exec needs a NAME"), "%s exec --help shows what it takes",
			program)
	}
	name := words.words[0]
	if len(words.words) > 1 {
		return errorHint(errorSay("unexpected argument %s", words.words[1]),
			"a command goes after --: %s exec %s -- %s", program, name, words.words[1])
	}
	if words.hasCommand && (len(words.command) == 0 || words.command[0] == "") {
		return errorHint(errorSay("a command is missing after --"), "%s exec %s -- /bin/sh",
			program, name)
	}
	return nil
}

func hasEnded(name string) error { return errorSay("container %s has ended", name) }

// openTarget: the first process by a descriptor that never means another one, once its start is
// compared.
func openTarget(c *Container, s *State) error {
	c.TargetPid = s.Pid
	fd, _, errno := syscall.Syscall(sysPidfdOpen, uintptr(s.Pid), 0, 0)
	if errno == syscall.ESRCH {
		return hasEnded(c.Name)
	}
	if errno != 0 {
		return errorSys(errno, "opening process %d", s.Pid)
	}
	c.TargetFD = int(fd)
	if start, err := stateStartTime(s.Pid); err != nil || start != s.StartTime {
		return hasEnded(c.Name)
	}
	return nil
}

// findNamespaces: a namespace to join is one in which the first process differs from us: to join
// one's own user namespace is an error (setns(2)). For the stages, a namespace of the spec is one to
// join, now that it is there.
func findNamespaces(c *Container) error {
	for id, kind := range namespaceKinds {
		own, path := "/proc/self/ns/"+kind.proc, fmt.Sprintf("/proc/%d/ns/%s", c.TargetPid, kind.proc)
		var ours, theirs syscall.Stat_t
		err := syscall.Stat(own, &ours)
		if err == syscall.ENOENT {
			continue // a kernel without this kind
		}
		if err != nil {
			return errorSys(err, "looking at %s", own) // not knowing must not mean the host's own
		}
		if err := syscall.Stat(path, &theirs); err != nil {
			return errorSys(err, "looking at %s", path)
		}
		if ours.Ino != theirs.Ino {
			c.TargetFlags |= kind.flag
		}
		if c.Spec.Namespaces[id].Wanted {
			c.Spec.Namespaces[id].Path = path
		}
	}
	return nil
}

// prepareTerminal: without a mount namespace the container's own devpts cannot be told from the
// host's.
func prepareTerminal(c *Container) error {
	if !c.NewTerminal {
		return nil
	}
	root := -1
	if c.Spec.Namespaces[nsMount].Wanted {
		root, _ = syscall.Open(fmt.Sprintf("/proc/%d/root", c.TargetPid),
			oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	}
	defer closeIfOpen(root)
	return consolePrepare(c, root)
}

// targetIsEnding is true from the moment that the container goes. The first process of a pid namespace
// ends only when all others have, but it has let go of its memory, and with that of its program,
// before it kills them (exit_mm() in do_exit(), kernel/exit.c).
func targetIsEnding(c *Container) bool {
	ended, _ := waitReadable(c.TargetFD, 0)
	_, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", c.TargetPid))
	return ended || errnoOf(err) == syscall.ENOENT
}

// explainEnd: a container that ends meanwhile fails each step in another way; this is the one to
// tell.
func explainEnd(c *Container, err error) error {
	if err != nil && asError(err).Status == exitRuntime && c.TargetFD >= 0 && targetIsEnding(c) {
		return hasEnded(c.Name)
	}
	return err
}

func enterContainer(program string, words *operands, s *State, spec *Spec, via []string) (int, error) {
	c := newContainer()
	c.Enters, c.Via = true, via
	c.Spec, c.Program, c.Name, c.Rootfs, c.Cgroup = spec, program, s.Name, s.Rootfs, s.Cgroup
	c.Command = words.command
	if !words.hasCommand {
		c.Command = []string{"/bin/sh"}
	}
	c.NewTerminal = spec.Process.Terminal && isTerminal(0)
	err := openTarget(c, s)
	if err == nil {
		err = findNamespaces(c)
	}
	if err == nil {
		err = prepareTerminal(c)
	}
	if err == nil {
		err = containerEnter(c)
	}
	err = explainEnd(c, err)
	closeFD(&c.TargetFD)
	return c.ExitStatus, err
}

// enterCommand runs one command in a running container, whichever runtime made it, and gives the
// command's exit status.
func enterCommand(program string, args []string, out io.Writer) (int, error) {
	list := ""
	words, err := optionsParse(enterTable(&list), args, program+" exec")
	if err != nil {
		return 0, err
	}
	if err := enterRefuseEarly(words, program); err != nil {
		return 0, err
	}
	via, err := viaParseEnter(program, list)
	if err != nil {
		return 0, err
	}
	s, spec, err := stateFind(program, words.words[0])
	if err != nil {
		return 0, err
	}
	return enterContainer(program, words, s, spec, via)
}
