//go:build cgo

// The stages of libcbox, each behind gobox.StageFunc, and the table of them. A stage that needs
// something of Go before or after says why.

package bridge

/*
#include <stdlib.h>
#include "bridge.h"
#include "cgroup.h"
#include "hostname.h"
#include "identity.h"
#include "mounts.h"
#include "network.h"
#include "privileges.h"
*/
import "C"

import (
	"syscall"
	"unsafe"

	"gobox"
)

func init() {
	gobox.ViaC(map[string]gobox.StageFunc{
		"cgroup":     CgroupCreate,
		"namespaces": NamespacesCreate,
		"identity":   IdentityMap,
		"network":    NetworkCreate,
		"privileges": PrivilegesAdjustOOM,
	}, map[string]gobox.StageFunc{
		"identity":   IdentityAssume,
		"network":    NetworkConfigure,
		"hostname":   HostnameSet,
		"mounts":     MountsSetup,
		"privileges": PrivilegesDrop,
	}, map[string]gobox.StageFunc{
		"cgroup":     CgroupOpen,
		"namespaces": NamespacesJoin,
		"privileges": PrivilegesAdjustOOM,
	})
}

// CgroupCreate is cgroup_create. Go's second self has threads, which a small pids.max would count.
func CgroupCreate(c *gobox.Container) error {
	if err := run(c, stageOfC(C.cgroup_create)); err != nil {
		return err
	}
	return gobox.ChildTakesLimit(c)
}

// NamespacesCreate is namespaces_create for a caller that has threads: namespaces.c. No descriptor
// without close-on-exec may be open meanwhile: syscall.ForkLock.
func NamespacesCreate(c *gobox.Container) error {
	name := C.CString(gobox.ChildName)
	defer C.free(unsafe.Pointer(name))
	syscall.ForkLock.Lock()
	err := call(c, func(one *C.struct_call) C.int {
		return C.namespaces_create_second_self(&one.container, name, C.int(c.PidsFD), &one.error)
	})
	syscall.ForkLock.Unlock()
	if err != nil {
		return err
	}
	return gobox.ChildRequestSend(c)
}

// CgroupOpen is cgroup_open, of `exec`.
func CgroupOpen(c *gobox.Container) error { return run(c, stageOfC(C.cgroup_open)) }

// NamespacesJoin is namespaces_create of `exec` for a caller that has threads: join.c.
func NamespacesJoin(c *gobox.Container) error {
	syscall.ForkLock.Lock()
	err := run(c, stageOfC(C.namespaces_join_begin))
	syscall.ForkLock.Unlock()
	if err != nil {
		return err
	}
	if err := gobox.WaitForJoiner(c); err != nil {
		return err
	}
	if err := run(c, stageOfC(C.namespaces_join_end)); err != nil {
		return err
	}
	return gobox.ChildRequestSend(c)
}

// IdentityMap is identity_map.
func IdentityMap(c *gobox.Container) error { return run(c, stageOfC(C.identity_map)) }

// IdentityAssume is identity_assume.
func IdentityAssume(c *gobox.Container) error { return run(c, stageOfC(C.identity_assume)) }

// NetworkCreate is network_create.
func NetworkCreate(c *gobox.Container) error { return run(c, stageOfC(C.network_create)) }

// NetworkConfigure is network_configure.
func NetworkConfigure(c *gobox.Container) error { return run(c, stageOfC(C.network_configure)) }

// HostnameSet is hostname_set.
func HostnameSet(c *gobox.Container) error { return run(c, stageOfC(C.hostname_set)) }

// MountsSetup is mounts_setup.
func MountsSetup(c *gobox.Container) error { return run(c, stageOfC(C.mounts_setup)) }

// PrivilegesAdjustOOM is privileges_adjust_oom.
func PrivilegesAdjustOOM(c *gobox.Container) error {
	return run(c, stageOfC(C.privileges_adjust_oom))
}

// PrivilegesDrop is privileges_drop.
func PrivilegesDrop(c *gobox.Container) error {
	return run(c, stageOfC(C.privileges_drop))
}
