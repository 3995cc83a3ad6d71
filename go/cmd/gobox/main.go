// gobox: the same container runtime as cbox, in Go, with the standard library only.
package main

import (
	"os"

	gobox "twinbox"
)

func main() {
	gobox.ChildMain()
	os.Exit(gobox.CommandMain("gobox", os.Args[1:]))
}
