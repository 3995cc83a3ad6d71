// Which device files the container's processes can open. cgroup v2 has no file for this: the rules
// are a program of the kernel's own machine language (BPF). c/cgroup_devices.c has the same table.
//
// Without it a rootfs that holds a node of the host's disk, or a command that may make one
// (CAP_MKNOD), has the host.

package gobox

import (
	"runtime"
	"syscall"
	"unsafe"
)

// linux/bpf.h, linux/bpf_common.h.
const (
	bpfProgLoad   = 5
	bpfProgAttach = 8

	bpfProgTypeCgroupDevice = 15
	bpfCgroupDevice         = 6
	bpfAllowMulti           = 2

	bpfLoadWord = 0x61 // BPF_LDX | BPF_MEM | BPF_W
	bpfMove     = 0xbc // BPF_ALU | BPF_MOV | BPF_X
	bpfShift    = 0x74 // BPF_ALU | BPF_RSH | BPF_K
	bpfShiftUp  = 0x64 // BPF_ALU | BPF_LSH | BPF_K
	bpfAnd      = 0x54 // BPF_ALU | BPF_AND | BPF_K
	bpfOr       = 0x4c // BPF_ALU | BPF_OR | BPF_X
	bpfAnswer   = 0xb7 // BPF_ALU64 | BPF_MOV | BPF_K
	bpfUnless   = 0x55 // BPF_JMP | BPF_JNE | BPF_K
	bpfYesIf    = 0x16 // BPF_JMP32 | BPF_JEQ | BPF_K
	bpfExit     = 0x95 // BPF_JMP | BPF_EXIT

	deviceBlock = 1 // BPF_DEVCG_DEV_BLOCK
	deviceChar  = 2 // BPF_DEVCG_DEV_CHAR
	accessMknod = 1 // BPF_DEVCG_ACC_MKNOD

	anyMinor   = -1
	minorBits  = 20
	devicesMax = 64
)

type deviceRule struct{ kind, major, minor int }

// Documentation/admin-guide/devices.txt. The same as runc and crun allow.
var usualDevices = []deviceRule{
	{deviceChar, 1, 3},          // null
	{deviceChar, 1, 5},          // zero
	{deviceChar, 1, 7},          // full
	{deviceChar, 1, 8},          // random
	{deviceChar, 1, 9},          // urandom
	{deviceChar, 5, 0},          // tty
	{deviceChar, 5, 2},          // ptmx
	{deviceChar, 136, anyMinor}, // pts
}

// bpfInstruction is struct bpf_insn: the registers are two halves of a byte, the target below.
type bpfInstruction struct {
	code, registers uint8
	offset          int16
	value           int32
}

type bpfProgram []bpfInstruction

// Registers: the context is in 1, the answer in 0. The device is the major number from bit 20 on and
// the minor below, as linux/kdev_t.h has them.
const (
	accessRegister = 2
	kindRegister   = 3
	majorRegister  = 4
	minorRegister  = 5
	deviceRegister = minorRegister
)

func (p *bpfProgram) put(code, to, from uint8, offset, value int) {
	*p = append(*p, bpfInstruction{code, to | from<<4, int16(offset), int32(value)})
}

func (p *bpfProgram) putAnswer(yes int) {
	p.put(bpfAnswer, 0, 0, 0, yes)
	p.put(bpfExit, 0, 0, 0, 0)
}

// putBegin: struct bpf_cgroup_dev_ctx has the kind in the lower half of its first word, the access
// above.
func (p *bpfProgram) putBegin() {
	for i, register := range []uint8{kindRegister, majorRegister, minorRegister} {
		p.put(bpfLoadWord, register, 1, 4*i, 0)
	}
	p.put(bpfMove, accessRegister, kindRegister, 0, 0)
	p.put(bpfShift, accessRegister, 0, 0, 16)
	p.put(bpfYesIf, accessRegister, 0, 0, accessMknod)
	p.put(bpfAnd, kindRegister, 0, 0, 0xffff)
	p.put(bpfMove, accessRegister, majorRegister, 0, 0)
	p.put(bpfShiftUp, accessRegister, 0, 0, minorBits)
	p.put(bpfOr, deviceRegister, accessRegister, 0, 0)
}

// putRules: the rules of one kind: one look at the kind, then one at the number for each.
func (p *bpfProgram) putRules(rules []deviceRule, kind int) {
	begin := len(*p)
	p.put(bpfUnless, kindRegister, 0, 0, kind)
	for _, rule := range rules {
		if rule.kind != kind {
			continue
		}
		if rule.minor == anyMinor {
			p.put(bpfYesIf, majorRegister, 0, 0, rule.major)
		} else {
			p.put(bpfYesIf, deviceRegister, 0, 0, rule.major<<minorBits|rule.minor)
		}
	}
	(*p)[begin].offset = int16(len(*p) - begin - 1)
}

// putEnd: one answer of each kind at the end, where every bpfYesIf goes. The kernel walks through
// all ways that a program can take, so the time to load it is the number of its jumps.
func (p *bpfProgram) putEnd() {
	p.putAnswer(0)
	for i := range *p {
		if (*p)[i].code == bpfYesIf {
			(*p)[i].offset = int16(len(*p) - i - 1)
		}
	}
	p.putAnswer(1)
}

// addBinds: a device that the spec binds is meant to be used; at most so many, each more is refused.
func addBinds(rules []deviceRule, s *Spec) []deviceRule {
	for _, mount := range s.Mounts {
		var st syscall.Stat_t
		if mount.Type != "bind" || syscall.Stat(mount.Source, &st) != nil ||
			len(rules) == devicesMax {
			continue
		}
		// The numbers as linux/kdev_t.h packs them for stat(2).
		major := int(st.Rdev>>8&0xfff | st.Rdev>>32&^0xfff)
		minor := int(st.Rdev&0xff | st.Rdev>>12&^0xff)
		switch st.Mode & syscall.S_IFMT {
		case syscall.S_IFCHR:
			rules = append(rules, deviceRule{deviceChar, major, minor})
		case syscall.S_IFBLK:
			rules = append(rules, deviceRule{deviceBlock, major, minor})
		}
	}
	return rules
}

// bpfLoadAttr is what union bpf_attr holds for BPF_PROG_LOAD, bpfAttachAttr for BPF_PROG_ATTACH.
type bpfLoadAttr struct {
	kind, count           uint32
	instructions, license unsafe.Pointer
	logLevel, logSize     uint32
	log                   uint64
	version, flags        uint32
}

type bpfAttachAttr struct{ target, program, kind, flags uint32 }

func bpfLoad(p bpfProgram) (int, error) {
	license := []byte("MIT\x00")
	attr := bpfLoadAttr{kind: bpfProgTypeCgroupDevice, count: uint32(len(p)),
		instructions: unsafe.Pointer(&p[0]), license: unsafe.Pointer(&license[0])}
	for {
		fd, _, errno := syscall.Syscall(sysBpf, bpfProgLoad, uintptr(unsafe.Pointer(&attr)),
			unsafe.Sizeof(attr))
		// EAGAIN: a signal came while the kernel checked the program.
		if errno == syscall.EAGAIN || errno == syscall.EINTR {
			continue
		}
		runtime.KeepAlive(license)
		return asFD(fd, errno)
	}
}

// cgroupDevicesRestrict attaches to the cgroup at dir a program that the kernel asks whenever one of
// its processes opens a device file: yes for the devices of /dev, for terminals and for what the
// spec binds; no for everything else, wherever the file is and whoever made it. mknod(2) itself
// stays allowed. It goes with the cgroup. Sources: bpf(2),
// Documentation/admin-guide/cgroup-v2.rst, "Device controller".
func cgroupDevicesRestrict(c *Container, dir int) error {
	var p bpfProgram
	rules := addBinds(append([]deviceRule(nil), usualDevices...), c.Spec)
	p.putBegin()
	p.putRules(rules, deviceChar)
	p.putRules(rules, deviceBlock)
	p.putEnd()
	eventsCall(c, "bpf(BPF_PROG_ATTACH, BPF_CGROUP_DEVICE)")
	fd, err := bpfLoad(p)
	if err == nil {
		attr := bpfAttachAttr{uint32(dir), uint32(fd), bpfCgroupDevice, bpfAllowMulti}
		_, _, errno := syscall.Syscall(sysBpf, bpfProgAttach, uintptr(unsafe.Pointer(&attr)),
			unsafe.Sizeof(attr))
		err = errnoError(errno)
		syscall.Close(fd)
	}
	// An ordinary user opens no device in there that is not open to that user anyway.
	if err == nil || err == syscall.EPERM && syscall.Geteuid() != 0 {
		return nil
	}
	return errorHint(errorSys(err, "restricting the devices of cgroup %s", c.Cgroup),
		"the kernel needs CONFIG_CGROUP_BPF, and the runtime CAP_BPF and CAP_NET_ADMIN on the host")
}
