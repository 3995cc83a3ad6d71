// The spec of a running container, kept for `exec` at the end of its state file; c/state_spec.c has it
// in C.
//
// It is the file that --spec named, byte for byte, for that one may be changed or gone by then.
// That it is there also says that the container can be entered: it comes when the command runs.

package gobox

import (
	"fmt"
	"syscall"
	"time"
)

// startWait: from the first process to its command it is milliseconds; a machine may be slow.
const startWait = 10 * time.Second

func appendSpec(c *Container, spec []byte) error {
	return stateAppend(c, append(fmt.Appendf(nil, stateSpec, len(spec)), spec...))
}

// statePublish adds c.Spec to the state file. A reader sees the whole spec or none; an empty one
// where it could not be written, which ends no container: its command runs already.
func statePublish(c *Container) {
	if appendSpec(c, c.Spec.text) != nil {
		appendSpec(c, nil)
	}
}

func noContainer(program, name string) error {
	return errorHint(errorSay("there is no container %s", name),
		"`%s list` shows the containers of this user", program)
}

// lookFor is one look: no spec where the container is just starting.
func lookFor(dir int, directory, program, name string) (*State, *Spec, error) {
	s, text, err := stateLook(dir, directory, name+".json")
	if err != nil {
		return nil, nil, err
	}
	if s == nil {
		return nil, nil, noContainer(program, name)
	}
	if !s.Alive {
		return nil, nil, errorHint(errorSay("container %s does not run any more", name),
			"its runtime was killed; `%s gc` removes what it left", program)
	}
	if text == nil {
		return s, nil, nil
	}
	path := directory + "/" + name + ".json"
	if len(text) == 0 {
		return nil, nil, errorHint(errorSay("container %s was started without its spec kept", name),
			"its runtime could not write %s: a limit on files (ulimit -f), or no room there", path)
	}
	spec, err := specParse(path, text)
	return s, spec, err
}

// awaitStart looks again each time that something in the directory has changed.
func awaitStart(dir int, directory, program, name string) (*State, *Spec, error) {
	watch, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err == nil {
		defer syscall.Close(watch)
		_, err = syscall.InotifyAddWatch(watch, directory, syscall.IN_MODIFY|syscall.IN_DELETE)
	}
	events := make([]byte, 4096)
	for err == nil {
		s, spec, err := lookFor(dir, directory, program, name)
		if err != nil || spec != nil {
			return s, spec, err
		}
		if changed, err := waitReadable(watch, startWait); err == nil && !changed {
			return nil, nil, errorHint(errorSay("container %s has not started yet", name),
				"try again when its command runs")
		}
		_, err = syscall.Read(watch, events)
		if err != nil && err != syscall.EAGAIN && err != syscall.EINTR {
			return nil, nil, errorSys(err, "watching state directory %s", directory)
		}
	}
	return nil, nil, errorSys(err, "watching state directory %s", directory)
}

// stateFind finds the container of that name that runs: its state and its spec. One that is just
// starting is waited for. program is for the hints.
func stateFind(program, name string) (*State, *Spec, error) {
	if err := stateCheckName(name); err != nil {
		return nil, nil, err
	}
	dir, directory, err := stateDirectory(false)
	if errnoOf(err) == syscall.ENOENT {
		return nil, nil, noContainer(program, name)
	}
	if err != nil {
		return nil, nil, err
	}
	defer syscall.Close(dir)
	s, spec, err := lookFor(dir, directory, program, name)
	if err == nil && spec == nil {
		s, spec, err = awaitStart(dir, directory, program, name)
	}
	return s, spec, err
}
