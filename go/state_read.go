// The reading side of the state: the directory, the locks, and who is still alive; c/state_read.c
// has it in C. Every name is looked up below the descriptor of the directory, never through a
// symbolic link.

package gobox

import (
	"os"
	"sort"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// A lock may be held for a moment by `list`, which looks, or by a child that is just dying.
const (
	lockTries = 20
	lockWait  = time.Millisecond

	atSymlinkNofollow = 0x100 // AT_SYMLINK_NOFOLLOW, linux/fcntl.h
)

// renameNew is renameat2(2) of two names in dir, and never in the place of another file.
func renameNew(dir int, from, to string) error {
	const renameNoReplace = 1 // RENAME_NOREPLACE, linux/fs.h
	f, err := syscall.BytePtrFromString(from)
	if err != nil {
		return err
	}
	t, err := syscall.BytePtrFromString(to)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall6(sysRenameat2, uintptr(dir), uintptr(unsafe.Pointer(f)),
		uintptr(dir), uintptr(unsafe.Pointer(t)), renameNoReplace, 0)
	return errnoError(errno)
}

// checkOurs: a directory or file that somebody else could have written is not to be believed.
func checkOurs(fd int, typ uint32, what, path string) error {
	var st syscall.Stat_t

	if err := syscall.Fstat(fd, &st); err != nil {
		return errorSys(err, "looking at %s %s", what, path)
	}
	if st.Mode&syscall.S_IFMT == typ && st.Uid == uint32(os.Geteuid()) && st.Mode&022 == 0 {
		return nil
	}
	err := errorSay("%s %s is not safe to use: mode %06o, owner %d", what, path, st.Mode, st.Uid)
	return errorHint(err, "it must belong to user %d and be writable by nobody else: ls -ld %s",
		os.Geteuid(), path)
}

// stateDirectoryPath gives its path, for messages; it may not be there.
func stateDirectoryPath() (string, error) {
	base := "/run"
	if os.Geteuid() != 0 {
		base = os.Getenv("XDG_RUNTIME_DIR")
	}
	if !strings.HasPrefix(base, "/") || len(base) > pathMax-200 {
		err := errorSay("XDG_RUNTIME_DIR is not set to an absolute path")
		return "", errorHint(err, "log in as this user, or set it to a directory that only this "+
			"user can write")
	}
	return base + "/twinbox", nil
}

// stateRefused is errorSys: "writing state file /run/twinbox/NAME.json". Only then its path is looked
// for.
func stateRefused(cause error, doing, file string) error {
	directory, _ := stateDirectoryPath()
	return errorSys(cause, "%s state file %s/%s", doing, directory, file)
}

// stateDirectory opens the state directory, which must be the caller's own, and gives its path for
// messages. create: makes it where it is missing. The descriptor is the caller's.
func stateDirectory(create bool) (fd int, path string, err error) {
	if path, err = stateDirectoryPath(); err != nil {
		return -1, "", err
	}
	const flags = syscall.O_RDONLY | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
	fd, err = syscall.Open(path, flags, 0)
	if err == syscall.ENOENT && create {
		if err := syscall.Mkdir(path, 0700); err != nil && err != syscall.EEXIST {
			return -1, "", errorSys(err, "making state directory %s", path)
		}
		fd, err = syscall.Open(path, flags, 0)
	}
	if err != nil {
		return -1, path, errorSys(err, "opening state directory %s", path)
	}
	if err := checkOurs(fd, syscall.S_IFDIR, "state directory", path); err != nil {
		syscall.Close(fd)
		return -1, "", err
	}
	return fd, path, nil
}

// stateStillNamed gives nil while the descriptor's file still has this name, ENOENT where it was
// unlinked or replaced.
func stateStillNamed(dir int, file string, fd int) error {
	var named, opened syscall.Stat_t

	name, err := syscall.BytePtrFromString(file)
	if err != nil {
		return err
	}
	if _, _, errno := syscall.Syscall6(sysFstatat, uintptr(dir), uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(&named)), atSymlinkNofollow, 0, 0); errno != 0 {
		return errno
	}
	if err := syscall.Fstat(fd, &opened); err != nil {
		return err
	}
	if named.Dev != opened.Dev || named.Ino != opened.Ino {
		return syscall.ENOENT
	}
	return nil
}

// openStateFile: O_NONBLOCK, so that a FIFO in the place of the file cannot make us wait.
func openStateFile(dir int, directory, file string) (int, error) {
	path := directory + "/" + file
	fd, err := syscall.Openat(dir, file, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|
		syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, errorSys(err, "opening state file %s", path)
	}
	if err := checkOurs(fd, syscall.S_IFREG, "state file", path); err != nil {
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}

// stateRead reads the state file of container name through its descriptor, and its spec, nil where
// there is none; directory is for messages. The file may have lost its name meanwhile.
func stateRead(fd int, directory, name string) (*State, []byte, error) {
	path := directory + "/" + name + ".json"
	text := make([]byte, stateMaxBytes)
	n, err := syscall.Pread(fd, text, 0)
	if err != nil {
		return nil, nil, errorSys(err, "reading state file %s", path)
	}
	return stateParse(path, name, text[:n])
}

// takeLock takes a lock of flock(2), LOCK_EX or LOCK_SH; EWOULDBLOCK where somebody has one. Whoever
// claims needs no second one: it makes no child.
func takeLock(fd, operation int) error {
	other := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.Flock(fd, operation|syscall.LOCK_NB); err != nil {
		return err
	}
	if err := syscall.FcntlFlock(uintptr(fd), syscall.F_GETLK, &other); err != nil {
		return err
	}
	if other.Type != syscall.F_UNLCK {
		return syscall.EWOULDBLOCK
	}
	return nil
}

// stateClaim locks the state file of name and reads it. It gives the descriptor that holds the
// lock, owned by the caller; ENOENT where there is none, EWOULDBLOCK where its owner is alive.
func stateClaim(name string) (int, *State, error) {
	dir, directory, err := stateDirectory(false)
	if err != nil {
		return -1, nil, err
	}
	defer syscall.Close(dir)
	return stateClaimIn(dir, directory, name)
}

// stateClaimIn and stateSweepIn are for who has the directory open.
func stateClaimIn(dir int, directory, name string) (int, *State, error) {
	file := name + ".json"
	for i := 0; i < lockTries; i++ {
		fd, err := openStateFile(dir, directory, file)
		if err != nil {
			return -1, nil, err
		}
		locked := takeLock(fd, syscall.LOCK_EX)
		if locked == nil && stateStillNamed(dir, file, fd) == nil {
			s, _, err := stateRead(fd, directory, name)
			if err != nil {
				syscall.Close(fd)
				return -1, nil, err
			}
			return fd, s, nil
		}
		// Held by somebody, or locked too late and another file has the name: look again.
		syscall.Close(fd)
		if locked != nil && locked != syscall.EWOULDBLOCK {
			return -1, nil, errorSys(locked, "locking state file %s/%s", directory, file)
		}
		time.Sleep(lockWait)
	}
	return -1, nil, errorSys(syscall.EWOULDBLOCK, "locking state file %s/%s", directory, file)
}

// stateUnlink unlinks NAME.json for whoever holds its lock; no error where it is gone.
func stateUnlink(name string) error {
	dir, directory, err := stateDirectory(false)
	if err != nil {
		return err
	}
	defer syscall.Close(dir)

	file := name + ".json"
	err = syscall.Unlinkat(dir, file)
	if err != nil && err != syscall.ENOENT {
		return errorSys(err, "removing state file %s/%s", directory, file)
	}
	return nil
}

// stateLook reads one state file, and its spec as stateRead does, and learns whether its owner lives
// (Alive); nil where there is none (any more).
func stateLook(dir int, directory, file string) (*State, []byte, error) {
	name := strings.TrimSuffix(file, ".json")
	for i := 0; i < lockTries; i++ {
		fd, err := openStateFile(dir, directory, file)
		if errnoOf(err) == syscall.ENOENT {
			return nil, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		// Shared: two who only look do not take each other for an owner.
		locked := takeLock(fd, syscall.LOCK_SH)
		alive := locked == syscall.EWOULDBLOCK
		if locked != nil && !alive {
			syscall.Close(fd)
			return nil, nil, errorSys(locked, "locking state file %s/%s", directory, file)
		}
		if alive || stateStillNamed(dir, file, fd) == nil {
			s, spec, err := stateRead(fd, directory, name)
			syscall.Close(fd)
			if err != nil {
				return nil, nil, err
			}
			s.Alive = alive
			return s, spec, nil
		}
		// It was removed, and another container may have the name.
		syscall.Close(fd)
	}
	return nil, nil, errorSys(syscall.EWOULDBLOCK, "locking state file %s/%s", directory, file)
}

func isStateFile(file string) bool {
	return file[0] != '.' && len(file) > len(".json") && strings.HasSuffix(file, ".json")
}

// readEntries gives the names in the open directory.
func readEntries(dir int, directory string) (entries []string, err error) {
	buffer := make([]byte, 8192)
	for {
		n, err := syscall.ReadDirent(dir, buffer)
		if err != nil {
			return nil, errorSys(err, "reading state directory %s", directory)
		}
		if n <= 0 {
			return entries, nil
		}
		_, _, entries = syscall.ParseDirent(buffer[:n], -1, entries)
	}
}

// stateList reads every state file, sorted by name. The error is the first failure; the list holds
// the others even then.
func stateList() ([]State, error) {
	var list []State

	dir, directory, err := stateDirectory(false)
	if errnoOf(err) == syscall.ENOENT {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer syscall.Close(dir)

	entries, first := readEntries(dir, directory)
	for _, entry := range entries {
		if !isStateFile(entry) {
			continue
		}
		s, _, err := stateLook(dir, directory, entry)
		if s != nil {
			list = append(list, *s)
		}
		if first == nil {
			first = err
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list, first
}

// stateSweep removes the half-written files of killed runtimes (only counts them with dryRun); how
// many.
func stateSweep(dryRun bool) (int, error) {
	dir, directory, err := stateDirectory(false)
	if errnoOf(err) == syscall.ENOENT {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer syscall.Close(dir)
	return stateSweepIn(dir, directory, dryRun)
}

func stateSweepIn(dir int, directory string, dryRun bool) (int, error) {
	entries, err := readEntries(dir, directory)
	if err != nil {
		return 0, err
	}
	swept := 0
	for _, file := range entries {
		if file[0] != '.' {
			continue
		}
		fd, err := openStateFile(dir, directory, file)
		if err != nil {
			continue
		}
		// Its writer, while alive, holds the lock.
		err = syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && stateStillNamed(dir, file, fd) == nil &&
			(dryRun || syscall.Unlinkat(dir, file) == nil) {
			swept++
		}
		syscall.Close(fd)
	}
	return swept, nil
}
