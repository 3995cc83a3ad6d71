//go:build ignore

// What there is to map, as the Go in use has it: one line for each field of SysProcAttr.
package main

import (
	"fmt"
	"reflect"
	"syscall"
)

func main() {
	attr := reflect.TypeOf(syscall.SysProcAttr{})
	for i := 0; i < attr.NumField(); i++ {
		fmt.Println(attr.Field(i).Name)
	}
}
