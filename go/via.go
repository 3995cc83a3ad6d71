// Which language each stage runs in: `run --via STAGE=c`, `exec --via STAGE=c`. The choice is made
// here, once, and the stages know nothing of it.
//
// libcbox's stages stand in go/bridge behind StageFunc, the type that Go's have. Whatever program
// has that package in it (gobox-bridge; the same main, built with cgo) has both; gobox has only its
// own. A stage with work on both sides of the clone is C on both or on neither, so the second self
// is told: childRequest.

package gobox

import (
	"slices"
	"strings"
	"syscall"
)

// StageFunc does one stage of a container.
type StageFunc = func(*Container) error

// viaNames are the stages that there are in both languages, in the order of the story.
var viaNames = []string{"cgroup", "namespaces", "identity", "network", "hostname", "mounts",
	"privileges"}

// viaEnterNames are those of `exec`, which joins what the other stages have made.
var viaEnterNames = []string{"cgroup", "namespaces", "identity", "mounts", "privileges"}

// The stages of libcbox by name, on each side; nil in a program without them. Those of the parent are
// others for `exec`.
var parentStagesOfC, childStagesOfC, enteringStagesOfC map[string]StageFunc

// ViaC is how go/bridge hands in libcbox's stages.
func ViaC(parent, child, entering map[string]StageFunc) {
	parentStagesOfC, childStagesOfC, enteringStagesOfC = parent, child, entering
}

// viaKnown tells whether this program has the stages in both languages.
func viaKnown() bool { return parentStagesOfC != nil }

// viaStages gives the stages as c.Via chooses them.
func viaStages(c *Container, stages []stage, ofC map[string]StageFunc) []stage {
	if len(c.Via) == 0 {
		return stages
	}
	chosen := slices.Clone(stages)
	for i, s := range chosen {
		if run := ofC[s.name]; run != nil && slices.Contains(c.Via, s.name) {
			chosen[i].run = run
		}
	}
	return chosen
}

// viaOne reads STAGE=LANGUAGE; all means that stage is every one of known.
func viaOne(word string, known []string) (names []string, language string, err error) {
	name, language, found := strings.Cut(word, "=")
	if !found {
		return nil, "", errorHint(errorSay("option --via: \"%s\" is not STAGE=LANGUAGE", word),
			"for example --via mounts=c,namespaces=c or --via all=c")
	}
	if language != "c" && language != "go" {
		return nil, "", errorHint(errorSay("option --via: no language is called \"%s\"", language),
			"languages are c and go")
	}
	if name == "all" {
		return known, language, nil
	}
	if !slices.Contains(known, name) {
		return nil, "", suggestHint(errorHint(errorSay("option --via: no stage is called \"%s\"",
			name), "stages are %s; or all", strings.Join(known, ", ")),
			suggest(name, append([]string{"all"}, known...)))
	}
	return []string{name}, language, nil
}

// viaParse reads the value of --via: which of the known stages shall be C's.
func viaParse(program, command, list string, known []string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	if !viaKnown() {
		return nil, optionsRefuseVia(program, command)
	}
	seen := map[string]string{}
	for _, word := range strings.Split(list, ",") {
		names, language, err := viaOne(word, known)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if seen[name] != "" {
				return nil, errorSay("option --via: stage %s is named twice", name)
			}
			seen[name] = language
		}
	}
	var ofC []string
	for _, name := range known {
		if seen[name] == "c" {
			ofC = append(ofC, name)
		}
	}
	return ofC, nil
}

// viaParseEnter is viaParse of `exec`. What Go makes there has joined the container and can only go
// through a list of system calls (enter_calls.go); a second self that runs stages has to join before
// Go begins, and that is C's way.
func viaParseEnter(program, list string) ([]string, error) {
	ofC, err := viaParse(program, "exec", list, viaEnterNames)
	if err != nil || slices.Contains(ofC, "namespaces") {
		return ofC, err
	}
	for _, s := range enteringChildStages {
		if slices.Contains(ofC, s.name) {
			return nil, errorHint(errorSay("option --via: %s=c needs namespaces=c", s.name),
				"a process that joins by Go makes system calls and runs no stage of C: "+
					"--via namespaces=c,%s=c", s.name)
		}
	}
	return ofC, nil
}

// What follows is for go/bridge alone: what its stages need beside a container's exported fields.

// ChildName is argv[0] of the second self.
const ChildName = childName

// SpecText is the spec's file as it was read.
func (c *Container) SpecText() []byte { return c.Spec.text }

// Stage is the stage under way.
func (c *Container) Stage() string { return c.stage }

// Facts are those of the stage so far, as eventsFact writes them.
func (c *Container) Facts() []byte { return c.facts }

// SetFacts takes the facts back from a stage in C, which has the same limit and the same form.
func (c *Container) SetFacts(facts []byte) { c.facts = facts }

// ChildRequestSend is the end of the stage namespaces: a second self is told what to do, whichever
// language has made it.
func ChildRequestSend(c *Container) error { return childRequestSend(c) }

// WaitForJoiner waits until the process that joins in C has told how it went, or a signal ends this.
// It ends with our end of the socket pair, and ends whoever it has waited for.
func WaitForJoiner(c *Container) error {
	err := waitForChild(c, c.SyncFD, pollIn)
	if err == nil {
		return nil
	}
	closeFD(&c.SyncFD)
	for {
		if _, failure := syscall.Wait4(c.Pid, nil, 0, nil); failure != syscall.EINTR {
			break
		}
	}
	c.Pid = 0
	return err
}

// ChildTakesLimit is the end of the stage cgroup: C has written every limit, and one that would stop
// Go's second self is taken back for as long as childPidsLimit leaves it (childDefersLimit). Nobody
// is in the cgroup yet.
func ChildTakesLimit(c *Container) error {
	for i := 0; c.CgroupFD >= 0 && i < resourcesCount(c.Spec); i++ {
		limit, wanted := resourcesLimit(c.Spec, i)
		if !wanted {
			continue
		}
		if _, err := childDefersLimit(c, c.CgroupFD, limit.file, limit.value); err != nil {
			return errorSys(err, "opening %s", limit.file)
		}
	}
	if c.PidsFD < 0 {
		return nil
	}
	if err := smallFileWrite(c.CgroupFD, "pids.max", "max"); err != nil {
		return errorSys(err, "writing max to pids.max")
	}
	return nil
}

// SpecCheck reads a spec and prints it as `check` does: for the comparison of the two parsers.
func SpecCheck(label string, data []byte) (normalised []byte, err error) {
	s, err := specParse(label, data)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	err = specPrint(s, &text)
	return []byte(text.String()), err
}
