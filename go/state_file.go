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
	stateVersion    = 2
	stateCreatedMax = 253402300799 // the last second of the year 9999
	stateMaxBytes   = 1 << 17      // three paths of 4096 bytes, each byte at most \u00xx, and more
)

// stateJSON is what the file says of s, as an object.
func stateJSON(s *State) map[string]any {
	return map[string]any{"name": s.Name,
		"runtime": s.Runtime, "pid": s.Pid, "startTime": s.StartTime, "created": s.Created,
		"cgroup": s.Cgroup, "link": s.Link, "linkAddress": s.LinkAddress, "rootfs": s.Rootfs,
		"pidFile": s.PidFile}
}

// statePrint prints the file of s; both runtimes print the same bytes. JSON asks for UTF-8
// (RFC 8259 section 8.1).
func statePrint(s *State, out *bytes.Buffer) error {
	value := stateJSON(s)
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

// unpack copies what the file says into s; false where something is missing, unknown or too big.
func unpack(root map[string]any, s *State) bool {
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
	pid, pidOK := unpackNumber(root, "pid", math.MaxInt32)
	startTime, startTimeOK := unpackNumber(root, "startTime", math.MaxInt64)
	created, createdOK := unpackNumber(root, "created", stateCreatedMax)
	_, versionOK := unpackNumber(root, "version", stateVersion)
	s.Pid = int(pid)
	s.StartTime = uint64(startTime)
	s.Created = created
	return pidOK && startTimeOK && createdOK && versionOK && len(root) == len(texts)+4
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

// stateParse reads the text of the state file of container name; path is for messages.
func stateParse(path, name string, text []byte) (*State, error) {
	s := &State{}

	value, err := jsonRead(path, text)
	if err != nil {
		return nil, errorHint(err, "nothing was removed; when %s no longer runs: rm %s", name, path)
	}
	root, _ := value.(map[string]any)
	if number, ok := root["version"].(int64); ok && number != stateVersion {
		err := errorSay("%s: version %d is not known", path, number)
		return nil, errorHint(err, "nothing was removed; the runtime that wrote it can collect it")
	}
	if !unpack(root, s) || !isSound(s, name) {
		err := errorSay("%s: is not what a runtime has written", path)
		return nil, errorHint(err, "nothing was removed; when %s no longer runs: rm %s", name, path)
	}
	return s, nil
}
