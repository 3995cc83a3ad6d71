//go:build ignore

// join PID: which namespaces of PID a Go program can join, and which of its threads then are in them.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// Numbers that Go's syscall package has not.
const cloneNewtime = 0x80

var sysSetns = map[string]uintptr{"amd64": 308, "arm64": 268}[runtime.GOARCH]

var target string // PID

func names(errno syscall.Errno) string {
	switch errno {
	case syscall.EINVAL:
		return "EINVAL"
	case syscall.EUSERS:
		return "EUSERS"
	}
	return fmt.Sprint("errno ", int(errno))
}

// region: setns
func setns(file string, flag uintptr) error {
	fd, err := syscall.Open("/proc/"+target+"/ns/"+file, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	if _, _, errno := syscall.RawSyscall(sysSetns, uintptr(fd), flag, 0); errno != 0 {
		return errno
	}
	return nil
}

// endregion: setns

// in tells whether a process, or one of our threads, is in the target's namespace.
func in(process, file string) bool {
	theirs, err := os.Readlink("/proc/" + target + "/ns/" + file)
	if err != nil {
		log.Fatal(err)
	}
	ours, _ := os.Readlink("/proc/" + process + "/ns/" + file)
	return ours == theirs
}

// who tells which of our threads are in the target's namespace.
func who(file string) string {
	threads, _ := filepath.Glob("/proc/self/task/*")
	n := 0
	for _, thread := range threads {
		if in(thread[len("/proc/"):], file) {
			n++
		}
	}
	switch {
	case n == 0:
		return "no thread is in it"
	case n == 1 && in("thread-self", file):
		return "this thread is in it, the others are not"
	}
	return fmt.Sprintf("%d threads are in it", n)
}

// child tells where a child of the calling thread is.
func child(file string) string {
	pid, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{})
	if err != nil {
		return err.Error()
	}
	found := in(fmt.Sprint(pid), file)
	syscall.Kill(pid, syscall.SIGKILL)
	syscall.Wait4(pid, nil, 0, nil)
	if found {
		return "is"
	}
	return "is not"
}

// region: locked
// locked runs try on a thread that does nothing else and ends with it.
func locked(try func() (string, error)) (result string, err error) {
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		result, err = try()
		close(done)
	}()
	<-done
	return result, err
}

// endregion: locked

// unlocked runs it on whatever thread the goroutine comes to.
func unlocked(try func() (string, error)) (result string, err error) {
	done := make(chan bool)
	go func() {
		result, err = try()
		close(done)
	}()
	<-done
	return result, err
}

func tell(what, thread string, result string, err error) {
	if errno, ok := err.(syscall.Errno); ok {
		result = fmt.Sprintf("%s (%s)", names(errno), errno)
	}
	fmt.Printf("%-37s %-6s  %s\n", what, thread, result)
}

func joinUser() (string, error)  { return "joined", setns("user", syscall.CLONE_NEWUSER) }
func joinMount() (string, error) { return "joined", setns("mnt", syscall.CLONE_NEWNS) }
func joinTime() (string, error)  { return "joined", setns("time", cloneNewtime) }
func newUser() (string, error)   { return "made", syscall.Unshare(syscall.CLONE_NEWUSER) }

func joinUTS() (string, error) {
	err := setns("uts", syscall.CLONE_NEWUTS)
	return who("uts"), err
}

func joinPID() (string, error) {
	err := setns("pid", syscall.CLONE_NEWPID)
	own := child("pid")
	others := make(chan string)
	go func() { others <- child("pid") }() // never on a locked thread
	return who("pid") + "; a child of this one " + own + ", of another " + <-others, err
}

func joinMountAlone() (string, error) {
	if err := syscall.Unshare(syscall.CLONE_FS); err != nil {
		return "", err
	}
	err := setns("mnt", syscall.CLONE_NEWNS)
	return who("mnt"), err
}

// The first thread stays as it is: /proc/self is about it.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: join PID")
	}
	target = os.Args[1]
	threads, _ := filepath.Glob("/proc/self/task/*")
	fmt.Println("threads of this program:", len(threads))
	for _, row := range []struct {
		what, thread string
		on           func(func() (string, error)) (string, error)
		try          func() (string, error)
	}{
		{"setns(CLONE_NEWUSER)", "any", unlocked, joinUser},
		{"setns(CLONE_NEWUSER)", "locked", locked, joinUser},
		{"setns(CLONE_NEWNS)", "any", unlocked, joinMount},
		{"setns(CLONE_NEWNS)", "locked", locked, joinMount},
		{"setns(CLONE_NEWTIME)", "locked", locked, joinTime},
		{"unshare(CLONE_NEWUSER)", "locked", locked, newUser},
		{"setns(CLONE_NEWUTS)", "locked", locked, joinUTS},
		{"setns(CLONE_NEWPID)", "locked", locked, joinPID},
		{"unshare(CLONE_FS), setns(CLONE_NEWNS)", "locked", locked, joinMountAlone},
	} {
		result, err := row.on(row.try)
		tell(row.what, row.thread, result, err)
	}
}
