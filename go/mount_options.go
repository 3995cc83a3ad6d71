// The one table of mount options; c/mount_options.c has the same rows.
//
// The spec's reader refuses what is not in it, and the stage "mounts" does what it says, so that
// an option is never silently dropped. Flags are in the terms of mount_setattr(2) and mount(2);
// the rest are parameters of one file system, set with fsconfig(2).

package gobox

import (
	"math"
	"strings"
	"syscall"
)

// MOUNT_ATTR_* of include/uapi/linux/mount.h.
const (
	mountAttrRdonly      = 0x00000001
	mountAttrNosuid      = 0x00000002
	mountAttrNodev       = 0x00000004
	mountAttrNoexec      = 0x00000008
	mountAttrAtime       = 0x00000070
	mountAttrRelatime    = 0x00000000
	mountAttrNoatime     = 0x00000010
	mountAttrStrictatime = 0x00000020
	mountAttrNodiratime  = 0x00000080
)

type mountOptionClass int

const (
	optionAttr        mountOptionClass = iota // set and clear are MOUNT_ATTR_*
	optionPropagation                         // set is MS_PRIVATE, MS_SHARED, ... with MS_REC for the "r" forms
	optionBind                                // set is MS_BIND, with MS_REC for rbind; only for type bind
	optionParameter                           // "size=65536k" or, with a name that does not end in '=', a flag
)

// What may stand after the '=' of a parameter.
type mountOptionValue int

const (
	valueNone    mountOptionValue = iota
	valueOctal                    // 0 to 07777
	valueID                       // 0 to 4294967294
	valueCount                    // decimal number with an optional k, m or g
	valueSize                     // the same, or a percentage of the memory
	valueHidepid                  // proc(5)
	valueSubset                   // "pid", proc(5)
)

type mountOption struct {
	name       string // "ro"; with a value "mode="
	class      mountOptionClass
	set, clear uint64 // clear first, then set
	typ        string // the only mount type that has it; "": every type
	value      mountOptionValue
}

// The access time is one field of several bits, so whoever sets it clears the whole field
// (mount_setattr(2)); "relatime" is the value 0. norelatime changes nothing, as with mount(8):
// the kernel then takes its default, which has been relatime since Linux 2.6.30.
var mountOptions = [...]mountOption{
	{"ro", optionAttr, mountAttrRdonly, 0, "", valueNone},
	{"rw", optionAttr, 0, mountAttrRdonly, "", valueNone},
	{"nosuid", optionAttr, mountAttrNosuid, 0, "", valueNone},
	{"suid", optionAttr, 0, mountAttrNosuid, "", valueNone},
	{"nodev", optionAttr, mountAttrNodev, 0, "", valueNone},
	{"dev", optionAttr, 0, mountAttrNodev, "", valueNone},
	{"noexec", optionAttr, mountAttrNoexec, 0, "", valueNone},
	{"exec", optionAttr, 0, mountAttrNoexec, "", valueNone},
	{"relatime", optionAttr, mountAttrRelatime, mountAttrAtime, "", valueNone},
	{"norelatime", optionAttr, 0, 0, "", valueNone},
	{"noatime", optionAttr, mountAttrNoatime, mountAttrAtime, "", valueNone},
	{"atime", optionAttr, mountAttrRelatime, mountAttrAtime, "", valueNone},
	{"strictatime", optionAttr, mountAttrStrictatime, mountAttrAtime, "", valueNone},
	{"nodiratime", optionAttr, mountAttrNodiratime, 0, "", valueNone},
	{"diratime", optionAttr, 0, mountAttrNodiratime, "", valueNone},

	{"bind", optionBind, syscall.MS_BIND, 0, "bind", valueNone},
	{"rbind", optionBind, syscall.MS_BIND | syscall.MS_REC, 0, "bind", valueNone},

	{"private", optionPropagation, syscall.MS_PRIVATE, 0, "", valueNone},
	{"rprivate", optionPropagation, syscall.MS_PRIVATE | syscall.MS_REC, 0, "", valueNone},
	{"shared", optionPropagation, syscall.MS_SHARED, 0, "", valueNone},
	{"rshared", optionPropagation, syscall.MS_SHARED | syscall.MS_REC, 0, "", valueNone},
	{"slave", optionPropagation, syscall.MS_SLAVE, 0, "", valueNone},
	{"rslave", optionPropagation, syscall.MS_SLAVE | syscall.MS_REC, 0, "", valueNone},
	{"unbindable", optionPropagation, syscall.MS_UNBINDABLE, 0, "", valueNone},
	{"runbindable", optionPropagation, syscall.MS_UNBINDABLE | syscall.MS_REC, 0, "", valueNone},

	{"mode=", optionParameter, 0, 0, "tmpfs", valueOctal},
	{"size=", optionParameter, 0, 0, "tmpfs", valueSize},
	{"nr_inodes=", optionParameter, 0, 0, "tmpfs", valueCount},
	{"uid=", optionParameter, 0, 0, "tmpfs", valueID},
	{"gid=", optionParameter, 0, 0, "tmpfs", valueID},

	{"newinstance", optionParameter, 0, 0, "devpts", valueNone},
	{"ptmxmode=", optionParameter, 0, 0, "devpts", valueOctal},
	{"mode=", optionParameter, 0, 0, "devpts", valueOctal},
	{"uid=", optionParameter, 0, 0, "devpts", valueID},
	{"gid=", optionParameter, 0, 0, "devpts", valueID},

	{"hidepid=", optionParameter, 0, 0, "proc", valueHidepid},
	{"subset=", optionParameter, 0, 0, "proc", valueSubset},
}

var hidepidValues = [...]string{"0", "1", "2", "4", "off", "noaccess", "invisible", "ptraceable"}

// mountOptionFind gives the row for an option of a mount of this type: "mode=755" finds "mode=".
// nil where this type has no such option. The value is not looked at.
func mountOptionFind(typ, option string) *mountOption {
	name := option
	if equals := strings.IndexByte(option, '='); equals >= 0 {
		name = option[:equals+1]
	}
	for i := range mountOptions {
		o := &mountOptions[i]
		if o.typ != "" && o.typ != typ {
			continue
		}
		if o.name == name {
			return o
		}
	}
	return nil
}

// optionNumber reads digits up to base; it gives what follows them, false where there is none or over max.
func optionNumber(text string, base byte, max uint64) (string, bool) {
	n, i := uint64(0), 0
	for ; i < len(text) && text[i] >= '0' && text[i] < '0'+base; i++ {
		n = n*uint64(base) + uint64(text[i]-'0')
		if n > max {
			return "", false
		}
	}
	return text[i:], i > 0
}

// mountOptionValid is true when what stands after the '=' of option is what o wants.
func mountOptionValid(o *mountOption, option string) bool {
	value := option[len(o.name):]
	switch o.value {
	case valueNone:
		return value == ""
	case valueOctal:
		rest, ok := optionNumber(value, 8, 0o7777)
		return ok && rest == ""
	case valueID:
		rest, ok := optionNumber(value, 10, math.MaxUint32-1)
		return ok && rest == ""
	case valueCount, valueSize:
		units := "kmg"
		if o.value == valueSize {
			units = "kmg%"
		}
		rest, ok := optionNumber(value, 10, 1<<40)
		if ok && rest != "" && strings.IndexByte(units, rest[0]) >= 0 {
			rest = rest[1:]
		}
		return ok && rest == ""
	case valueHidepid:
		for _, v := range hidepidValues {
			if value == v {
				return true
			}
		}
		return false
	case valueSubset:
		return value == "pid"
	}
	return false
}
