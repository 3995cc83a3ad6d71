//go:build cgo

// Package bridge puts the stages of libcbox behind the function type of gobox's own, so that each
// can be swapped for the other and nothing changes outside. bridge.h says what crosses; stages.go
// has the stages and the table of them.
//
// join.c has a constructor in C, which runs before the Go runtime has started its threads: cgo links
// every .c file of this directory into the program.
package bridge

/*
#cgo CFLAGS: -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -I${SRCDIR}/../../c
#cgo LDFLAGS: ${SRCDIR}/../../build/lib/libcbox.a
#cgo pkg-config: --static libnl-route-3.0 libnl-3.0 jansson libcap
#include <stdlib.h>
#include "bridge.h"
*/
import "C"

import (
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"gobox"
)

// libcbox is asked by one goroutine at a time: its stages keep to one container, and the spec that
// C read last is kept, in C's memory, for the container's next stage.
var libcbox struct {
	sync.Mutex
	of   *gobox.Spec
	spec *C.struct_spec
}

func init() { libcbox.spec = (*C.struct_spec)(C.calloc(1, C.sizeof_struct_spec)) }

type stageOfC = *[0]byte // int (*)(struct container *, struct error *)

// cError takes an error over with its errno, status and hint.
func cError(e *C.struct_error) error {
	return &gobox.Error{Stage: C.GoString(&e.stage[0]), Errno: syscall.Errno(e.errnum),
		Status: int(e.status), Message: C.GoString(&e.message[0]),
		Hint: C.GoString(&e.hint[0])}
}

// specOf gives the spec as C reads it.
func specOf(c *gobox.Container, e *C.struct_error) (*C.struct_spec, error) {
	if libcbox.of == c.Spec {
		return libcbox.spec, nil
	}
	C.spec_free(libcbox.spec)
	libcbox.of = nil
	text := c.SpecText()
	label := C.CString("the spec")
	defer C.free(unsafe.Pointer(label))
	if C.spec_parse(label, (*C.char)(unsafe.Pointer(unsafe.SliceData(text))), C.size_t(len(text)),
		libcbox.spec, e) < 0 {
		return nil, cError(e)
	}
	for id, ns := range c.Spec.Namespaces {
		if c.Enters && ns.Path != "" {
			path := C.CString(ns.Path)
			C.spec_join(libcbox.spec, C.int(id), path)
			C.free(unsafe.Pointer(path))
		}
	}
	libcbox.of = c.Spec
	return libcbox.spec, nil
}

// put copies text into a field of C, cut where it is full, and ends it with NUL.
func put(field []C.char, text string) {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&field[0])), len(field))
	bytes[copy(bytes[:len(bytes)-1], text)] = 0
}

// fill copies into the call what the stages read.
func fill(to *C.struct_container, c *gobox.Container) {
	to.program, to.name = C.CString(c.Program), C.CString(c.Name)
	to.rootfs, to.stage = C.CString(c.Rootfs), C.CString(c.Stage())
	put(to.cgroup[:], c.Cgroup)
	put(to.facts[:], string(c.Facts()))
	to.no_pivot, to.verbose = C.bool(c.NoPivot), C.bool(c.Verbose)
	to.colour, to.japanese = C.bool(c.Colour), C.bool(c.Japanese)
	to.is_child, to.new_terminal = C.bool(c.IsChild), C.bool(c.NewTerminal)
	to.enters, to.target_pid = C.bool(c.Enters), C.pid_t(c.TargetPid)
	to.target_fd, to.target_flags = C.int(c.TargetFD), C.int(c.TargetFlags)
	to.cgroup_root, to.cgroup_fd = C.int(c.CgroupRoot), C.int(c.CgroupFD)
	to.pid, to.pidfd = C.pid_t(c.Pid), C.int(c.PidFD)
	to.sync_fd, to.error_fd = C.int(c.SyncFD), C.int(c.ErrorFD)
	to.console_fd, to.console_peer_fd = C.int(c.ConsoleFD), C.int(c.ConsolePeerFD)
	to.events_fd, to.log_fd = C.int(c.EventsFD), C.int(c.LogFD)
	to.link_made, to.link_index = C.bool(c.LinkMade), C.int(c.LinkIndex)
	to.inherited.ignored = C.uint64_t(c.Inherited.Ignored)
	to.inherited.bounding = C.uint64_t(c.Inherited.Bounding)
	for i, b := range c.LinkAddress {
		to.link_address[i] = C.uint8_t(b)
	}
}

// takeBack copies out of the call what the stages write; descriptors are the container's again, and
// so is what a stage that failed has left open.
func takeBack(c *gobox.Container, from *C.struct_container) {
	c.SetFacts([]byte(C.GoString(&from.facts[0])))
	c.CgroupRoot, c.CgroupFD = int(from.cgroup_root), int(from.cgroup_fd)
	c.Pid, c.PidFD = int(from.pid), int(from.pidfd)
	c.SyncFD, c.ErrorFD = int(from.sync_fd), int(from.error_fd)
	c.ConsoleFD, c.ConsolePeerFD = int(from.console_fd), int(from.console_peer_fd)
	c.LinkMade, c.LinkIndex = bool(from.link_made), uint32(from.link_index)
}

// call runs do with a copy of the container that C can work on.
func call(c *gobox.Container, do func(*C.struct_call) C.int) error {
	libcbox.Lock()
	defer libcbox.Unlock()
	var e C.struct_error
	spec, err := specOf(c, &e)
	if err != nil {
		return err
	}
	one := C.call_new(spec)
	defer C.call_free(one)
	fill(&one.container, c)
	result := do(one)
	takeBack(c, &one.container)
	if result < 0 {
		return cError(&one.error)
	}
	return nil
}

// run runs one stage of libcbox.
func run(c *gobox.Container, stage stageOfC) error {
	return call(c, func(one *C.struct_call) C.int { return C.call_run(one, stage) })
}

// nothing calls a C function that does nothing.
func nothing() { C.call_nothing() }

// specCheck is `check` by C: the normalised spec.
func specCheck(label string, data []byte) (normalised []byte, err error) {
	var e C.struct_error
	var text *C.char
	var n C.size_t
	name := C.CString(label)
	defer C.free(unsafe.Pointer(name))
	result := C.spec_check_bytes(name, (*C.char)(unsafe.Pointer(unsafe.SliceData(data))),
		C.size_t(len(data)), &text, &n, &e)
	defer C.free(unsafe.Pointer(text))
	if result < 0 {
		return nil, cError(&e)
	}
	return []byte(strings.Clone(C.GoStringN(text, C.int(n)))), nil
}
