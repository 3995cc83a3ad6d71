// step6 is the shape of gobox: a list of stages for each side, each stage in a file of its own, and
// one place that takes back what they made. Without a command it runs /bin/sh.
//
//	go build -o go-step6 ./step6 && ./go-step6
//
// main.go     the two selves of this program
// container.go  the story: stages, release, wait, undo
// cgroup.go, network.go, mounts.go, exec.go  the stages
// netlink.go  rtnetlink requests for network.go
package main

import (
	"fmt"
	"os"
)

const childName = "workshop-child"

func main() {
	if os.Args[0] == childName {
		// Comes back with an error only: the last stage is execve(2).
		err := containerStages(&container{command: os.Args[1:]}, childStages)
		fmt.Fprintln(os.Stderr, "go-step6:", err)
		os.Exit(exitRuntime)
	}
	command := os.Args[1:]
	if len(command) == 0 {
		command = []string{"/bin/sh"}
	}
	status, err := containerRun(&container{command: command})
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-step6:", err)
		status = exitRuntime
	}
	os.Exit(status)
}
