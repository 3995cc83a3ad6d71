package main

import (
	"os"
	"os/exec"
	"syscall"
)

func hostnameSet(*container) error {
	return syscall.Sethostname([]byte("container"))
}

// execCommand replaces this program. The command gets an environment of its own: what the host's
// says is not true in here.
func execCommand(c *container) error {
	const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	environment := []string{"PATH=" + path, "HOME=/root", "TERM=" + os.Getenv("TERM")}
	os.Setenv("PATH", path) // LookPath searches this one
	file, err := exec.LookPath(c.command[0])
	if err != nil {
		return err
	}
	return syscall.Exec(file, c.command, environment)
}
