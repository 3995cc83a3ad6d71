// Privileges in a user namespace as an ordinary user makes it: one id, no setgroups;
// tests/unit/test_privileges_user_namespace.c has the same tests.

package gobox

import (
	"os"
	"syscall"
	"testing"
)

// A user namespace as an ordinary user makes it: one id, no setgroups.

func userNamespace() *syscall.SysProcAttr {
	one := func(id int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
	}
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER,
		UidMappings: one(os.Geteuid()), GidMappings: one(os.Getegid())}
}

func userNamespaceRequest() privilegesRequest {
	var request privilegesRequest
	request.Spec.Namespaces[nsUser].Wanted = true
	return request
}

func TestPrivilegesGoOnWhereSetgroupsIsDenied(t *testing.T) {
	request := userNamespaceRequest()
	request.Spec.Process.Capabilities = SpecCapabilities{Given: true, Bounding: capKill,
		Permitted: capKill, Effective: capKill}
	r := runPrivileges(t, request, "", userNamespace())
	r.passed(t, r.Status, "Uid: 0 0 0 0", "CapEff: 0000000000000020", "CapBnd: 0000000000000020")
}

func TestPrivilegesExplainGroupsWhereSetgroupsIsDenied(t *testing.T) {
	request := userNamespaceRequest()
	request.Spec.Process.AdditionalGIDs = []uint32{0}
	runPrivileges(t, request, "", userNamespace()).refused(t, syscall.EPERM,
		"setting 1 supplementary groups",
		"the user namespace of an ordinary user denies setgroups: leave "+
			"process.user.additionalGids empty or run as root")
}

// Without a user namespace in the spec nobody may keep the caller's groups.
func TestPrivilegesRefuseToKeepGroupsOtherwise(t *testing.T) {
	runPrivileges(t, privilegesRequest{}, "", userNamespace()).refused(t, syscall.EPERM,
		"setting 0 supplementary groups", "")
}

func TestPrivilegesExplainIDsThatAreNotMapped(t *testing.T) {
	const hint = "the id must be mapped in linux.uidMappings and linux.gidMappings"
	request := userNamespaceRequest()
	request.Spec.Process.UID = 7
	runPrivileges(t, request, "", userNamespace()).refused(t, syscall.EINVAL, "becoming user 7",
		hint)
	request.Spec.Process.GID = 8
	runPrivileges(t, request, "", userNamespace()).refused(t, syscall.EINVAL,
		"becoming group 8", hint)
}
