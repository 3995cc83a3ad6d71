// Command `doctor`: what this machine lacks for running containers, and what cures it. One row a
// check; c/doctor.c prints the same bytes.

package gobox

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	detailMax        = 512
	smallFile        = 4096
	cgroup2Magic     = 0x63677270 // CGROUP2_SUPER_MAGIC, statfs(2)
	accessExist      = 0          // F_OK, X_OK, W_OK and R_OK of access(2)
	accessExecute    = 1
	accessWrite      = 2
	accessWriteEnter = 3
	accessRead       = 4
)

// say adds to the line of the check under way.
func say(detail *string, format string, args ...any) {
	*detail += fmt.Sprintf(format, args...)
	*detail = (*detail)[:min(len(*detail), detailMax-1)]
}

// readLine gives the first line of a small file; "" where it cannot be read.
func readLine(path string) string {
	line := make([]byte, smallFile-1)
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer syscall.Close(fd)
	n, _ := syscall.Read(fd, line)
	first, _, _ := strings.Cut(string(line[:max(n, 0)]), "\n")
	return first
}

// doctorKernel: cgroup.kill came last of all that the stages use: 5.14,
// Documentation/admin-guide/cgroup-v2.rst. mount_setattr(2) needs 5.12, clone3(2) with
// CLONE_INTO_CGROUP 5.7.
func doctorKernel(detail *string) bool {
	var major, minor uint

	release := readLine("/proc/sys/kernel/osrelease")
	fmt.Sscanf(release, "%d.%d", &major, &minor)
	say(detail, languagePick("%.64s, needed is 5.14 or newer", "%.64s (5.14 以降が必要)"), release)
	return major > 5 || major == 5 && minor >= 14
}

func doctorRoot(detail *string) bool {
	say(detail, languagePick("user %d", "ユーザー %d"), os.Geteuid())
	return os.Geteuid() == 0
}

func doctorCgroup(detail *string) bool {
	var fs syscall.Statfs_t

	unified := syscall.Statfs(cgroupRoot, &fs) == nil && int64(fs.Type) == cgroup2Magic
	// A container's own view may have all of it and be read-only.
	writable := syscall.Access(cgroupRoot, accessWrite) != syscall.EROFS

	problem := ""
	if !unified {
		problem = languagePick(" is not a cgroup v2 file system", " は cgroup v2 ではありません")
	} else if !writable {
		problem = languagePick(" is read-only", " は読み取り専用です")
	}
	say(detail, "%s%s", cgroupRoot, problem)
	return unified && writable
}

func hasWord(words, word string) bool {
	for _, w := range strings.Fields(words) {
		if w == word {
			return true
		}
	}
	return false
}

// sayEach adds one thing of a list and whether it is there.
func sayEach(detail *string, i int, name string, present bool) {
	separator, missing := "", ""
	if i > 0 {
		separator = ", "
	}
	if !present {
		missing = languagePick(" missing", " がありません")
	}
	say(detail, "%s%s%s", separator, name, missing)
}

func doctorControllers(detail *string) bool {
	all := true

	line := readLine(cgroupRoot + "/cgroup.controllers")
	for i, name := range []string{"cpu", "memory", "pids"} {
		present := hasWord(line, name)
		sayEach(detail, i, name, present)
		all = all && present
	}
	return all
}

func doctorNamespaces(detail *string) bool {
	all := true

	for i, kind := range namespaceKinds {
		present := syscall.Access("/proc/self/ns/"+kind.proc, accessExist) == nil
		sayEach(detail, i, kind.name, present)
		all = all && present
	}
	return all
}

func doctorUserns(detail *string) bool {
	if s := usernsRefused(); s != nil {
		say(detail, languagePick("refused by %s = %s", "%s = %s で禁止されています"), s.name, s.refuses)
		return false
	}
	say(detail, "%s", languagePick("allowed", "使えます"))
	return true
}

// doctorState: one that is not there yet is made by the first run, where its parent lets us.
func doctorState(detail *string) bool {
	fd, path, err := stateDirectory(false)
	usable := err == nil

	if err == nil {
		syscall.Close(fd)
	}
	if errnoOf(err) == syscall.ENOENT {
		parent := path[:strings.LastIndexByte(path, '/')]
		usable = syscall.Access(parent, accessWriteEnter) == nil
	}
	if usable {
		say(detail, "%s", path)
	} else if e := asError(err); e.Errno != 0 {
		say(detail, "%s: %s", e.Message, errorText(e.Errno))
	} else {
		say(detail, "%s", e.Message)
	}
	return usable
}

func doctorStale(detail *string) bool {
	stale := 0
	list, err := stateList()

	for _, s := range list {
		if !s.Alive {
			sayEach(detail, stale, s.Name, true)
			stale++
		}
	}
	if stale == 0 && err != nil {
		say(detail, "%s", languagePick("cannot be read", "読めません"))
	} else if stale == 0 {
		say(detail, "%s", languagePick("none", "なし"))
	}
	return stale == 0 && err == nil
}

func doctorRootfs(detail *string) bool {
	roots := []string{"build/rootfs", "/var/lib/twinbox/rootfs"}
	for _, root := range roots {
		if found, _ := gcPathExists(root + "/bin/sh"); found {
			say(detail, "%s", root)
			return true
		}
	}
	say(detail, languagePick("%s is missing", "%s がありません"), roots[0])
	return false
}

// readGo takes a Go's version from the file VERSION beside its bin (or of the link's target): asking
// it would start a program that may be anything. 1.22 is what go/go.mod asks for.
func readGo(program string, detail *string) bool {
	if syscall.Access(program, accessExecute) != nil {
		return false
	}
	path, err := realPath(program)
	if err != nil {
		return false
	}
	version := readLine(filepath.Dir(filepath.Dir(path)) + "/VERSION")
	var minor uint
	if n, _ := fmt.Sscanf(version, "go1.%d", &minor); n != 1 || minor < 22 {
		return false
	}
	say(detail, "%.32s (%.200s)", version, program)
	return true
}

// doctorGo: the same places as infra/setup/find-go.
func doctorGo(detail *string) bool {
	places := strings.Split(os.Getenv("PATH"), ":")
	for _, root := range []string{"/usr/local/go", "/usr/lib/go-1.22", "/usr/lib/go-1.23",
		"/usr/lib/go-1.24", "/usr/lib/go-1.25", "/usr/lib/go-1.26"} {
		places = append(places, root+"/bin")
	}
	for _, place := range places {
		if readGo(place+"/go", detail) {
			return true
		}
	}
	say(detail, "%s", languagePick("missing, needed is 1.22 or newer for building",
		"ありません (ビルドには 1.22 以降が必要)"))
	return false
}

func inPath(tool string) bool {
	for _, directory := range strings.Split(os.Getenv("PATH"), ":") {
		if syscall.Access(directory+"/"+tool, accessExecute) == nil {
			return true
		}
	}
	return false
}

func doctorTools(detail *string) bool {
	all := true

	for i, tool := range []string{"ip", "strace"} {
		present := inPath(tool)
		sayEach(detail, i, tool, present)
		all = all && present
	}
	return all
}

// labParts are what the lab's machine is made of.
var labParts = []string{"build/lab/qemu/run", "build/lab/kernel/vmlinuz", "build/lab/initrd"}

// doctorLab: make compare and make lab boot a throw-away machine where this one will not do
// (infra/lab). They are a checkout's; what the machine is made of is in build/lab, or apt-get brings
// it there.
func doctorLab(detail *string) bool {
	if syscall.Access("infra/lab/lab", accessExecute) != nil {
		say(detail, languagePick("no infra/lab/lab here: not the directory of twinbox's sources",
			"ここに infra/lab/lab がありません (twinbox のソースのディレクトリではない)"))
		return false
	}
	for _, part := range labParts {
		if syscall.Access(part, accessRead) == nil {
			continue
		}
		fetches := languagePick("fetches", "で取得します")
		if !inPath("apt-get") {
			fetches = languagePick("is missing and cannot fetch", "もないので取得できません")
		}
		say(detail, languagePick("no %s yet, apt-get %s it", "%s がまだありません。apt-get %s"),
			part, fetches)
		return inPath("apt-get")
	}
	say(detail, "build/lab")
	return true
}

const usernsCure = "sudo sysctl -e -w user.max_user_namespaces=10000 " +
	"kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0"

// place: without what decides on it, a container with limits does not run there.
type place int

const (
	placeNative place = iota
	placeLab
	placeNeither
)

var checks = []struct {
	name, ja     string
	passes       func(detail *string) bool
	decides      place
	cure, cureJa string
}{
	{"kernel", "カーネル", doctorKernel, placeNative, "run in the lab: make lab", "lab で動かす: make lab"},
	{"root", "root 権限", doctorRoot, placeNative, "run it with sudo, or in the lab: make lab",
		"sudo を付けて動かす。または lab で動かす: make lab"},
	{"cgroup v2", "cgroup v2", doctorCgroup, placeNative,
		"boot with systemd.unified_cgroup_hierarchy=1, or run in the lab: make lab",
		"systemd.unified_cgroup_hierarchy=1 で起動する。または lab で動かす: make lab"},
	{"controllers", "コントローラー", doctorControllers, placeNative,
		"boot with cgroup_no_v1=all, or run in the lab: make lab",
		"cgroup_no_v1=all で起動する。または lab で動かす: make lab"},
	{"namespaces", "名前空間", doctorNamespaces, placeNative, "run in the lab: make lab",
		"lab で動かす: make lab"},
	{"state directory", "状態のディレクトリ", doctorState, placeNative,
		"as root: chown root /run/twinbox && chmod 700 /run/twinbox; else: export " +
			"XDG_RUNTIME_DIR=$(mktemp -d)",
		"root なら: chown root /run/twinbox && chmod 700 /run/twinbox。ほかのユーザーなら: " +
			"export XDG_RUNTIME_DIR=$(mktemp -d)"},
	{"lab", "lab", doctorLab, placeLab,
		"in the directory of twinbox's sources, where apt-get is: infra/lab/fetch",
		"apt-get のあるマシンで、twinbox のソースのディレクトリから: infra/lab/fetch"},
	{"user namespaces", "ユーザー名前空間", doctorUserns, placeNeither, usernsCure, usernsCure},
	{"stale containers", "残ったコンテナ", doctorStale, placeNeither, "cbox gc, or gobox gc",
		"cbox gc または gobox gc"},
	{"rootfs", "rootfs", doctorRootfs, placeNeither,
		"make rootfs; installed: sudo twinbox-rootfs /var/lib/twinbox/rootfs",
		"make rootfs。インストールしたものなら: sudo twinbox-rootfs /var/lib/twinbox/rootfs"},
	{"Go", "Go", doctorGo, placeNeither, "make deps", "make deps"},
	{"tools", "道具", doctorTools, placeNeither, "sudo apt-get install iproute2 strace",
		"sudo apt-get install iproute2 strace"},
}

// doctorPrint prints a line a check, "ok" or "fail", and below a failing one its cure; then where
// containers with limits run: native (here), lab or nowhere. It changes nothing and gives 0, or 1
// for nowhere.
func doctorPrint(out io.Writer) (int, error) {
	runs := [...]bool{placeNative: true, placeLab: true, placeNeither: true}

	for _, check := range checks {
		detail, mark := "", "ok"
		passes := check.passes(&detail)

		if !passes {
			mark = "fail"
		}
		fmt.Fprintf(out, "%-4s  %s: %s\n", mark, languagePick(check.name, check.ja), detail)
		if !passes {
			fmt.Fprintf(out, languagePick("      cure: %s\n", "      直し方: %s\n"),
				languagePick(check.cure, check.cureJa))
		}
		runs[check.decides] = runs[check.decides] && passes
	}
	switch {
	case runs[placeNative]:
		fmt.Fprintln(out, languagePick("native: containers with limits run on this machine",
			"native: 制限付きのコンテナを、このマシンで動かせます"))
	case runs[placeLab]:
		fmt.Fprintln(out, languagePick(
			"lab: containers with limits run in the lab; make compare and make lab boot it",
			"lab: 制限付きのコンテナを、lab で動かせます。make compare と make lab が起動します"))
	default:
		fmt.Fprintln(out, languagePick(
			"nowhere: no container with limits can run; the cures are above",
			"nowhere: 制限付きのコンテナを動かせる場所がありません。直し方は上にあります"))
		return 1, nil
	}
	return 0, nil
}
