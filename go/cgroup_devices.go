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
	bpfAnd      = 0x54 // BPF_ALU | BPF_AND | BPF_K
	bpfAnswer   = 0xb7 // BPF_ALU64 | BPF_MOV | BPF_K
	bpfUnless   = 0x55 // BPF_JMP | BPF_JNE | BPF_K
	bpfExit     = 0x95 // BPF_JMP | BPF_EXIT

	deviceBlock = 1 // BPF_DEVCG_DEV_BLOCK
	deviceChar  = 2 // BPF_DEVCG_DEV_CHAR
	accessMknod = 1 // BPF_DEVCG_ACC_MKNOD

	anyMinor        = -1
	devicesMax      = 64
	instructionsMax = 16 + 5*devicesMax
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

// Registers: the context is in 1, the answer in 0.
const (
	accessRegister = 2
	kindRegister   = 3
	majorRegister  = 4
	minorRegister  = 5
)

func (p *bpfProgram) put(code, to, from uint8, offset, value int) {
	*p = append(*p, bpfInstruction{code, to | from<<4, int16(offset), int32(value)})
}

// putUnless goes over the next instructions unless the register has the value.
func (p *bpfProgram) putUnless(register uint8, value, over int) {
	p.put(bpfUnless, register, 0, over, value)
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
	p.put(bpfAnd, kindRegister, 0, 0, 0xffff)
	p.putUnless(accessRegister, accessMknod, 2)
	p.putAnswer(1)
}

func (p *bpfProgram) putRule(rule deviceRule) {
	checks := 1
	if rule.minor == anyMinor {
		checks = 0
	}
	p.putUnless(kindRegister, rule.kind, 3+checks)
	p.putUnless(majorRegister, rule.major, 2+checks)
	if checks > 0 {
		p.putUnless(minorRegister, rule.minor, 2)
	}
	p.putAnswer(1)
}

// putBinds: a device that the spec binds is meant to be used; at most so many, each more is refused.
func (p *bpfProgram) putBinds(s *Spec) {
	for _, mount := range s.Mounts {
		var st syscall.Stat_t
		if mount.Type != "bind" || syscall.Stat(mount.Source, &st) != nil ||
			len(*p)+8 > instructionsMax {
			continue
		}
		// The numbers as linux/kdev_t.h packs them for stat(2).
		major := int(st.Rdev>>8&0xfff | st.Rdev>>32&^0xfff)
		minor := int(st.Rdev&0xff | st.Rdev>>12&^0xff)
		switch st.Mode & syscall.S_IFMT {
		case syscall.S_IFCHR:
			p.putRule(deviceRule{deviceChar, major, minor})
		case syscall.S_IFBLK:
			p.putRule(deviceRule{deviceBlock, major, minor})
		}
	}
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
	p.putBegin()
	for _, rule := range usualDevices {
		p.putRule(rule)
	}
	p.putBinds(c.Spec)
	p.putAnswer(0)
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
