// The text of a state file; c/state_file.c has it in C. The JSON itself is read and written by
// json.go.

package gobox

import (
	"bytes"
	"math"
	"strings"
	"unicode/utf8"
)

const (
	stateVersion    = 3
	stateCreatedMax = 253402300799 // the last second of the year 9999
	// three paths, each byte at most \u00xx, more, and a spec
	stateMaxBytes = 1<<17 + SpecMaxBytes
)

// The file grows by records, each added when it has become true. A record is an object as jsonWrite
// prints it, so that its last line is a brace alone:
//
//	what the container is about to make      statePrint
//	its first process: pid, startTime        stateProcess, once it exists
//	how many bytes of spec follow, and they  stateSpec, once the command runs; 0: not kept
//
// A record or spec whose end is not there yet counts as not there. Both runtimes write the same
// bytes.
const (
	stateProcess = "{\n  \"pid\": %d,\n  \"startTime\": %d\n}\n"
	stateSpec    = "{\n  \"spec\": %d\n}\n"
)

// planJSON is what is known before anything is made.
func planJSON(s *State) map[string]any {
	return map[string]any{"name": s.Name, "runtime": s.Runtime, "created": s.Created,
		"cgroup": s.Cgroup, "link": s.Link, "linkAddress": s.LinkAddress, "rootfs": s.Rootfs,
		"pidFile": s.PidFile}
}

// stateJSON is what the file says of s, as one object.
func stateJSON(s *State) map[string]any {
	value := planJSON(s)
	value["pid"] = s.Pid
	value["startTime"] = s.StartTime
	return value
}

// statePrint prints the first record. JSON asks for UTF-8 (RFC 8259 section 8.1).
func statePrint(s *State, out *bytes.Buffer) error {
	value := planJSON(s)
	for _, member := range value {
		if text, ok := member.(string); ok && !utf8.ValidString(text) {
			return errorSay("a state file can hold only paths in UTF-8")
		}
	}
	value["version"] = stateVersion
	return jsonWrite(value, out)
}

// unpackText copies one text of the file; false where it is missing, no text or too big. size
// counts the NUL that C needs.
func unpackText(root map[string]any, key string, to *string, size int) bool {
	text, ok := root[key].(string)
	*to = text
	return ok && len(text) < size
}

// unpackNumber does the same for a number from 0 to limit.
func unpackNumber(root map[string]any, key string, limit int64) (int64, bool) {
	number, ok := root[key].(int64)
	return number, ok && number >= 0 && number <= limit
}

// unpackPlan copies the first record into s; false where something is missing, unknown or too big.
func unpackPlan(root map[string]any, s *State) bool {
	texts := []struct {
		key  string
		to   *string
		size int
	}{
		{"name", &s.Name, containerNameMax + 1},
		{"runtime", &s.Runtime, 32},
		{"cgroup", &s.Cgroup, pathMax},
		{"link", &s.Link, 16},
		{"linkAddress", &s.LinkAddress, networkAddressMax},
		{"rootfs", &s.Rootfs, pathMax},
		{"pidFile", &s.PidFile, pathMax},
	}
	for _, t := range texts {
		if !unpackText(root, t.key, t.to, t.size) {
			return false
		}
	}
	created, createdOK := unpackNumber(root, "created", stateCreatedMax)
	_, versionOK := unpackNumber(root, "version", stateVersion)
	s.Created = created
	return createdOK && versionOK && len(root) == len(texts)+2
}

func unpackProcess(root map[string]any, s *State) bool {
	pid, pidOK := unpackNumber(root, "pid", math.MaxInt32)
	startTime, startTimeOK := unpackNumber(root, "startTime", math.MaxInt64)
	s.Pid = int(pid)
	s.StartTime = uint64(startTime)
	return pidOK && pid > 0 && startTimeOK && len(root) == 2
}

func unpackSpec(root map[string]any) (size int, ok bool) {
	bytes, ok := unpackNumber(root, "spec", SpecMaxBytes)
	return int(bytes), ok && len(root) == 1
}

// staysBelow is true for an absolute path that names something below its root and never climbs
// out of it.
func staysBelow(path string) bool {
	namesSomething := false

	if !strings.HasPrefix(path, "/") {
		return false
	}
	for _, name := range strings.Split(path, "/") {
		if name == ".." {
			return false
		}
		namesSomething = namesSomething || name != "" && name != "."
	}
	return namesSomething
}

// isSound: gc removes what a state names, so that it must be something a runtime can have made.
func isSound(s *State, name string) bool {
	return s.Name == name && (s.Cgroup == "" || staysBelow(s.Cgroup)) &&
		!strings.Contains(s.Link, "/") && (s.PidFile == "" || s.PidFile[0] == '/')
}

// nextRecord takes the next record off text; nil where its end is not there yet.
func nextRecord(path string, text *[]byte) (map[string]any, error) {
	end := bytes.Index(*text, []byte("\n}\n"))
	if end < 0 {
		return nil, nil
	}
	end += len("\n}\n")
	value, err := jsonRead(path, (*text)[:end])
	if err != nil {
		return nil, err
	}
	*text = (*text)[end:]
	record, _ := value.(map[string]any)
	if record == nil {
		return nil, notWritten(path)
	}
	return record, nil
}

func notWritten(path string) error {
	return errorSay("%s: is not what a runtime has written", path)
}

func parsePlan(path, name string, record map[string]any, s *State) error {
	if number, ok := record["version"].(int64); ok && number != stateVersion {
		return errorHint(errorSay("%s: version %d is not known", path, number),
			"nothing was removed; the runtime that wrote it can collect it")
	}
	if !unpackPlan(record, s) || !isSound(s, name) {
		return notWritten(path)
	}
	return nil
}

// parseRest reads the records after the first one, as far as they have come.
func parseRest(path string, rest []byte, s *State) (spec []byte, err error) {
	record, err := nextRecord(path, &rest)
	if err != nil || record == nil {
		return nil, err
	}
	if !unpackProcess(record, s) {
		return nil, notWritten(path)
	}
	record, err = nextRecord(path, &rest)
	if err != nil || record == nil {
		return nil, err
	}
	size, ok := unpackSpec(record)
	if !ok || len(rest) > size {
		return nil, notWritten(path)
	}
	if len(rest) < size {
		return nil, nil
	}
	return rest, nil
}

// stateParse reads the text of the state file of container name; path is for messages. The spec,
// where it is there, lies in text, and is nil where it is not.
func stateParse(path, name string, text []byte) (*State, []byte, error) {
	var spec []byte
	s := &State{}
	rest := text

	record, err := nextRecord(path, &rest)
	if record == nil && err == nil {
		// The first one is written before the file has its name: without an end it is not ours.
		if _, err = jsonRead(path, text); err == nil {
			err = notWritten(path)
		}
	}
	if err == nil {
		err = parsePlan(path, name, record, s)
	}
	if err == nil {
		spec, err = parseRest(path, rest, s)
	}
	if err == nil {
		return s, spec, nil
	}
	if asError(err).Hint == "" {
		err = errorHint(err, "nothing was removed; when %s no longer runs: rm %s", name, path)
	}
	return nil, nil, err
}
