package main

import (
	"os"
	"syscall"
)

const cgroupPath = "/sys/fs/cgroup/workshop"

var limits = []struct{ file, value string }{
	{"memory.max", "50M"},
	{"memory.swap.max", "0"},
	{"cpu.max", "20000 100000"}, // microseconds of each 100 ms
	{"pids.max", "20"},
}

func cgroupCreate(c *container) error {
	err := os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+cpu +memory +pids"), 0)
	if err != nil {
		return err
	}
	if err := os.Mkdir(cgroupPath, 0o755); err != nil {
		return err
	}
	c.undo = append(c.undo, func() { syscall.Rmdir(cgroupPath) })
	for _, limit := range limits {
		if err := os.WriteFile(cgroupPath+"/"+limit.file, []byte(limit.value), 0); err != nil {
			return err
		}
	}
	c.cgroup, err = syscall.Open(cgroupPath, syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	return err
}
