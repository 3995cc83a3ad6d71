// Which switch of the system takes user namespaces away from whoever runs this; c/userns.c has the
// same rows.

package gobox

import (
	"os"
	"syscall"
)

type usernsSwitch struct {
	name, file      string // as sysctl(8) calls it, and below /proc/sys
	refuses, allows string
	root            bool // it concerns root as well
}

// usernsSwitches: the first refuses by ENOSPC (namespaces(7)), the second (Debian's) by EPERM.
// Ubuntu's AppArmor lets the namespace be made and then takes every capability in it: some later
// call fails, by EPERM or EACCES.
var usernsSwitches = []usernsSwitch{
	{"user.max_user_namespaces", "/proc/sys/user/max_user_namespaces", "0", "10000", true},
	{"kernel.unprivileged_userns_clone", "/proc/sys/kernel/unprivileged_userns_clone", "0", "1",
		false},
	{"kernel.apparmor_restrict_unprivileged_userns",
		"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "0", false},
}

// usernsRefused gives the switch that refuses one now; nil: none does.
func usernsRefused() *usernsSwitch {
	for i := range usernsSwitches {
		s := &usernsSwitches[i]
		if (os.Geteuid() != 0 || s.root) && readLine(s.file) == s.refuses {
			return s
		}
	}
	return nil
}

// usernsExplain makes that the hint of a failure that it explains (EPERM, EACCES, ENOSPC), and that id
// 0 is not mapped the hint of another (EOVERFLOW); else it changes nothing.
func usernsExplain(err error) {
	if asError(err).Status != exitRuntime {
		return // the command's own file is not for us
	}
	switch errnoOf(err) {
	case syscall.EPERM, syscall.EACCES, syscall.ENOSPC:
	case syscall.EOVERFLOW:
		// Who has no id in there makes no file on its mounts: may_create() in fs/namei.c.
		errorHint(err, "map id 0 as well: linux.uidMappings, linux.gidMappings")
		return
	default:
		return
	}
	if s := usernsRefused(); s != nil {
		errorHint(err, "%s = %s refuses user namespaces; sudo sysctl -w %s=%s allows them",
			s.name, s.refuses, s.name, s.allows)
	}
}
