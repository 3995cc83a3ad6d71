// Stage "privileges": what the container's processes may do. The last stage before the command
// takes over.
//
// The order is the point: each step needs a privilege that a later step gives up.
// Sources: capabilities(7), credentials(7), prctl(2).
//
// Credentials belong to a thread in Linux, not to a process. syscall.Setresuid and its like make
// every thread of the Go runtime follow; here bare system calls change the one locked thread that
// will call execve(2). That is enough, because execve(2) ends the others and the process goes on
// with this thread's credentials. Until then the others have the old ones.

package gobox

import (
	"fmt"
	"math"
	"math/bits"
	"syscall"
	"unsafe"
)

// Numbers that the syscall package does not have: linux/prctl.h, linux/capability.h,
// linux/close_range.h, linux/keyctl.h.
const (
	capabilityBits = 64

	prCapAmbient           = 47
	prCapAmbientRaise      = 2
	prCapAmbientClearAll   = 4
	prSetNoNewPrivs        = 38
	linuxCapabilityVersion = 0x20080522 // _LINUX_CAPABILITY_VERSION_3
	linuxCapabilityU32s    = 2
	closeRangeCloexec      = 4

	keyctlJoinSessionKeyring = 1
)

// privilegesAdjustOOM (parent) writes oom_score_adj of c.Pid, which execve(2) keeps. Here and not
// in the child, because the child has the container's /proc by then, or none. Does nothing where
// the spec has none.
func privilegesAdjustOOM(c *Container) error {
	value := c.Spec.Process.OOMScoreAdj.Value
	if !c.Spec.Process.OOMScoreAdj.Given {
		return nil
	}
	path := fmt.Sprintf("/proc/%d/oom_score_adj", c.Pid)
	text := fmt.Sprint(value)
	eventsCall(c, "write(%s, \"%s\")", path, text)
	err := smallFileWrite(atFdcwd, path, text)
	if err == nil {
		return nil
	}
	failure := errorSys(err, "writing %d to oom_score_adj", value)
	if err == syscall.EACCES {
		errorHint(failure, "a value below the runtime's own needs CAP_SYS_RESOURCE on "+
			"the host")
	}
	return failure
}

// owned is what a process starts with: what it may keep and what is left to take away.
type owned struct {
	bounding, permitted uint64
}

// inUserNamespace: one brings a bounding set of its own, also to who joins it (user_namespaces(7)).
func inUserNamespace(c *Container) bool {
	return c.Spec.Namespaces[nsUser].Wanted || c.TargetFlags&syscall.CLONE_NEWUSER != 0
}

func ownedNow(c *Container) (owned, error) {
	o := owned{bounding: c.Inherited.Bounding}
	if o.bounding == 0 || inUserNamespace(c) {
		o.bounding = inheritedBounding()
	}
	header := capHeader{version: linuxCapabilityVersion}
	var data [linuxCapabilityU32s]capData
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)),
		uintptr(unsafe.Pointer(&data)), 0); errno != 0 {
		return o, errorSys(errno, "reading the capabilities")
	}
	o.permitted = uint64(data[1].permitted)<<32 | uint64(data[0].permitted)
	return o, nil
}

// ownedInUserNamespace: whoever joins a user namespace has every capability in it, of those that
// this kernel knows (user_namespaces(7)).
func ownedInUserNamespace() owned {
	all := uint64(1)<<len(everyCapability()) - 1
	return owned{all, all}
}

// privilegesRaiseLimits (parent, before the child is there) raises its own hard limits to those of the
// spec, for the child to inherit. In a user namespace nobody may raise one (CAP_SYS_RESOURCE of the
// initial one, setrlimit(2)); without one this does nothing, as the child then raises them by itself.
// The soft limits stay. No error: what the runtime may not raise either, privilegesDrop tells.
func privilegesRaiseLimits(c *Container) {
	if !c.Spec.Namespaces[nsUser].Wanted {
		return
	}
	for _, r := range c.Spec.Process.Rlimits {
		var limit syscall.Rlimit
		if syscall.Getrlimit(r.Resource, &limit) != nil || limit.Max >= r.Hard {
			continue
		}
		limit.Max = r.Hard
		eventsCall(c, "setrlimit(%s, %d, %d)", rlimitNames[r.Resource], limit.Cur, limit.Max)
		syscall.Setrlimit(r.Resource, &limit)
	}
}

func setRlimits(c *Container, l *callList) {
	for _, r := range c.Spec.Process.Rlimits {
		l.says("setrlimit(%s, %d, %d)", rlimitNames[r.Resource], r.Soft, r.Hard)
		l.add(syscall.SYS_PRLIMIT64, []uintptr{0, uintptr(r.Resource),
			kept(l, &syscall.Rlimit{Cur: r.Soft, Max: r.Hard})}, "")
		l.must(func(errno syscall.Errno) error {
			failure := errorSys(errno, "setting %s to soft %d, hard %d", rlimitNames[r.Resource],
				r.Soft, r.Hard)
			if errno == syscall.EPERM {
				errorHint(failure, "raising a hard limit needs CAP_SYS_RESOURCE on the host, and "+
					"RLIMIT_NOFILE may not exceed /proc/sys/fs/nr_open")
			}
			return failure
		})
	}
}

// capabilityText gives "CAP_KILL", or "capability 63" for a number without a name.
func capabilityText(number int) string {
	if number < capabilityCount {
		return capabilityNames[number]
	}
	return fmt.Sprintf("capability %d", number)
}

func refuseCapability(number int) error {
	return errorHint(errorSay("the runtime itself has no %s to give", capabilityText(number)),
		"take it out of process.capabilities, or start the runtime with it")
}

// rawSyscall is one bare system call on this thread, with its errno as an error. Numbers only: a
// pointer must be converted in the argument list of syscall.RawSyscall itself (package unsafe).
func rawSyscall(number, a, b, c uintptr) (int, error) {
	r, _, errno := syscall.RawSyscall6(number, a, b, c, 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// dropBounding drops what the spec does not list.
func dropBounding(c *Container, o owned, l *callList) {
	keep := c.Spec.Process.Capabilities.Bounding
	l.says("prctl(PR_CAPBSET_DROP, all but %#x)", keep)
	for number := 0; number < capabilityBits; number++ {
		has, wanted := o.bounding>>number&1 == 1, keep>>number&1 == 1
		if wanted && !has {
			l.refuse(refuseCapability(number))
		}
		if !wanted && has {
			l.add(syscall.SYS_PRCTL, []uintptr{syscall.PR_CAPBSET_DROP, uintptr(number)},
				"dropping capabilities from the bounding set")
		}
	}
}

const pipefsMagic = 0x50495045 // linux/magic.h

// pipedStreams are those of the three streams that the command's user gets. /dev/stdout is
// /proc/self/fd/1, and to open that is to open what is behind it once more, by its owner and mode
// (proc(5)): a pipe is its maker's alone. So another user than root gets the caller's pipes. What has a
// name on the host stays whose it was: as its owner the command could open for writing what it was
// given to read.
func pipedStreams(c *Container) (streams []uintptr) {
	// A terminal of the container's own takes their place: consoleCalls gave it away.
	if c.Spec.Process.UID == 0 || c.NewTerminal {
		return nil
	}
	for fd := 0; fd <= 2; fd++ {
		var fs syscall.Statfs_t
		if syscall.Fstatfs(fd, &fs) == nil && int64(fs.Type) == pipefsMagic {
			streams = append(streams, uintptr(fd))
		}
	}
	return streams
}

func giveStreams(c *Container, streams []uintptr, l *callList) {
	uid := c.Spec.Process.UID
	for _, fd := range streams {
		l.says("fchown(%d, %d, -1)", fd, uid)
		// Refused in a user namespace that the pipe is not of: the command still has it.
		l.may(syscall.SYS_FCHOWN, fd, uintptr(uid), ^uintptr(0))
	}
}

// setGroups: no group of the caller goes into the container. A user namespace that an ordinary
// user made denies setgroups(2), so that nobody sheds a group that shuts him out (CVE-2014-8989).
func setGroups(c *Container, l *callList) {
	gids := c.Spec.Process.AdditionalGIDs
	n := len(gids)
	l.says("setgroups(%d)", n)
	k := l.add(syscall.SYS_SETGROUPS, []uintptr{uintptr(n), l.numbers(gids)}, "")
	inUser := c.Spec.Namespaces[nsUser].Wanted
	if inUser && n == 0 {
		k.errno = syscall.EPERM
	}
	l.must(func(errno syscall.Errno) error {
		failure := errorSys(errno, "setting %d supplementary groups", n)
		if errno == syscall.EPERM && inUser {
			errorHint(failure, "the user namespace of an ordinary user denies setgroups: leave "+
				"process.user.additionalGids empty or run as root")
		} else if errno == syscall.EINVAL {
			errorHint(failure, "each group must be mapped in linux.gidMappings")
		}
		return failure
	})
}

func setIDs(c *Container, l *callList) {
	gid, uid := uintptr(c.Spec.Process.GID), uintptr(c.Spec.Process.UID)
	become := func(what string, id uintptr) func(syscall.Errno) error {
		return func(errno syscall.Errno) error {
			failure := errorSys(errno, "becoming %s %d", what, id)
			if errno == syscall.EINVAL {
				errorHint(failure,
					"the id must be mapped in linux.uidMappings and linux.gidMappings")
			}
			return failure
		}
	}
	// Else leaving uid 0 empties the permitted set, and capset(2) has nothing to keep.
	if uid != 0 {
		l.says("prctl(PR_SET_KEEPCAPS, 1)")
		l.add(syscall.SYS_PRCTL, []uintptr{syscall.PR_SET_KEEPCAPS, 1},
			"keeping capabilities over the change of user")
	}
	l.says("setresgid(%d, %d, %d)", gid, gid, gid)
	l.add(syscall.SYS_SETRESGID, []uintptr{gid, gid, gid}, "")
	l.must(become("group", gid))
	l.says("setresuid(%d, %d, %d)", uid, uid, uid)
	l.add(syscall.SYS_SETRESUID, []uintptr{uid, uid, uid}, "")
	l.must(become("user", uid))
}

// capHeader and capData are the two structures of capset(2).
type capHeader struct {
	version uint32
	pid     int32
}

type capData struct{ effective, permitted, inheritable uint32 }

// setCapabilities: the system call as it is: two words of 32 bits each, version 3 of its header
// (capset(2)).
func setCapabilities(c *Container, o owned, l *callList) {
	want := &c.Spec.Process.Capabilities
	if lacking := want.Permitted &^ o.permitted; lacking != 0 {
		l.refuse(refuseCapability(bits.TrailingZeros64(lacking)))
	}
	data := &[linuxCapabilityU32s]capData{}
	for i := range data {
		data[i].effective = uint32(want.Effective >> (32 * i))
		data[i].permitted = uint32(want.Permitted >> (32 * i))
		data[i].inheritable = uint32(want.Inheritable >> (32 * i))
	}
	l.says("capset(effective %#x, permitted %#x, inheritable %#x)", want.Effective, want.Permitted,
		want.Inheritable)
	l.add(syscall.SYS_CAPSET, []uintptr{kept(l, &capHeader{version: linuxCapabilityVersion}),
		kept(l, data)}, "setting the capabilities")
}

// setAmbient: the parser has seen to it that they are permitted and inheritable too
// (capabilities(7)).
func setAmbient(c *Container, l *callList) {
	raise := c.Spec.Process.Capabilities.Ambient
	l.says("prctl(PR_CAP_AMBIENT_RAISE, %#x)", raise)
	l.add(syscall.SYS_PRCTL, []uintptr{prCapAmbient, prCapAmbientClearAll},
		"clearing the ambient capabilities")
	for number := 0; number < capabilityBits; number++ {
		if raise>>number&1 == 1 {
			l.add(syscall.SYS_PRCTL, []uintptr{prCapAmbient, prCapAmbientRaise,
				uintptr(number)}, "raising the ambient capabilities")
		}
	}
}

func setNoNewPrivs(c *Container, l *callList) {
	if c.Spec.Process.NoNewPrivileges {
		l.says("prctl(PR_SET_NO_NEW_PRIVS, 1)")
		l.add(syscall.SYS_PRCTL, []uintptr{prSetNoNewPrivs, 1}, "setting no_new_privs")
	}
}

// setDeathSignal: the kernel clears it when the effective ids change (prctl(2)).
func setDeathSignal(l *callList) {
	l.says("prctl(PR_SET_PDEATHSIG, SIGKILL)")
	l.add(syscall.SYS_PRCTL, []uintptr{syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL)},
		"setting the parent-death signal")
}

// closeOnExec: even a descriptor that leaked into the runtime ends here: CVE-2024-21626 was one
// that did not.
func closeOnExec(l *callList) {
	l.says("close_range(3, ~0, CLOSE_RANGE_CLOEXEC)")
	l.add(sysCloseRange, []uintptr{3, math.MaxUint32, closeRangeCloexec},
		"closing descriptors on exec")
}

// leaveKeyring: keys are in no namespace: the caller's would be the container's too
// (session-keyring(7)). The new keyring belongs to whoever we are by now.
func leaveKeyring(l *callList) {
	l.says("keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL)")
	l.add(syscall.SYS_KEYCTL, []uintptr{keyctlJoinSessionKeyring, 0},
		"joining a new session keyring").errno = syscall.ENOSYS
}

// privilegesCalls is the stage as a list; o is what the process will have when it begins.
func privilegesCalls(c *Container, o owned, l *callList) {
	l.may(syscall.SYS_UMASK, 0o022)
	// Raising a limit needs CAP_SYS_RESOURCE.
	setRlimits(c, l)
	// CAP_SETPCAP; setresuid(2) would take it away.
	dropBounding(c, o, l)
	// CAP_CHOWN.
	giveStreams(c, pipedStreams(c), l)
	// CAP_SETGID, then CAP_SETUID: groups first, since a user without it cannot change them.
	setGroups(c, l)
	setIDs(c, l)
	// Ambient comes after the sets that it has to lie in.
	setCapabilities(c, o, l)
	setAmbient(c, l)
	leaveKeyring(l)
	setNoNewPrivs(c, l)
	setDeathSignal(l)
	closeOnExec(l)
}

// privilegesDrop (child), in this order: rlimits (setrlimit(2)), umask, bounding set (prctl(2)), the
// owner of the streams (fchown(2)), supplementary groups, gid, uid (setgroups(2), setresgid(2),
// setresuid(2)) with the capabilities kept (PR_SET_KEEPCAPS), the other four sets (capset(2),
// PR_CAP_AMBIENT), a session keyring of its own (keyctl(2)), no_new_privs, parent-death signal again
// (a change of uid clears it), and every descriptor over 2 closed on exec (close_range(2)).
//
// A spec without process.capabilities gets none at all, for root too: runc and crun do the same.
// After a change of uid the caller must make sure that the parent still lives.
func privilegesDrop(c *Container) error {
	o, err := ownedNow(c)
	if err != nil {
		return err
	}
	l := newCalls(c, "privileges")
	privilegesCalls(c, o, l)
	return l.run(c)
}
