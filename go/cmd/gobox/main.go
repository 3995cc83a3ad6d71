// gobox: the same container runtime as cbox, in Go, with the standard library only. Built with cgo
// the same program is gobox-bridge: bridge.go.
package main

import (
	"os"

	"gobox"
)

// program is how messages call it.
var program = "gobox"

func main() {
	gobox.ChildMain()
	os.Exit(gobox.CommandMain(program, os.Args[1:]))
}
