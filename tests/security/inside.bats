#!/usr/bin/env bats
# A command that wants more than it was given, in a container that runs.

load helper

# CVE-2024-21626: a descriptor that the caller left open, by its number or as a working directory.
open_all() {
	local fd
	for fd in {3..100}; do eval "exec $fd</"; done
	"$@"
}
descriptors() {
	local fd
	(open_all in_box /bin/sh -c 'ls /proc/self/fd; cd /proc/self/fd/77 || echo none')
	# 3 is the ls's own.
	same "0 1 2 3 none" "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/out" | sed 's/ $//')"
	for fd in 3 7 8 9 10 11 50 77 100; do
		change "s['process']['cwd'] = '/proc/self/fd/$fd'"
		(
			open_all in_box /bin/pwd
			refused "mounts: opening /proc/self/fd/$fd in the rootfs: Too many levels of symbolic links"
		)
	done
}
@test "a directory that the caller has open is not the container's" { tried descriptors; }

# The streams are the caller's terminal where the spec asks for none of its own.
# A kernel may refuse to type for everybody, by EIO (ioctl_tty(2), legacy_tiocsti). Whose session the
# command is in, which decides it elsewhere, shows there too: 1 is its own.
tiocsti() {
	local typing=EPERM
	[ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null)" != 0 ] || typing=EIO
	change 's["process"]["terminal"] = False'
	expect 0 tests/e2e/on_terminal "$box" run --spec "$spec" --rootfs "$spoiled" -- /bin/sh -c \
		'/attack tiocsti "echo typed"; /attack ctty; cut -d " " -f 6 /proc/$$/stat' </dev/null
	same "$typing EPERM 1" "$(tr -d '\r' <<<"$out" | tr '\n' ' ' | sed 's/ $//')"
}
@test "nothing is typed into the caller's terminal, and nobody takes it" { tried tiocsti; }

keyring() {
	python3 - "$box" run --spec "$spec" --rootfs "$spoiled" -- /attack key twinbox-secret \
		>"$BATS_TEST_TMPDIR/said" 2>&1 <<-'END'
		import ctypes, os, sys
		libc = ctypes.CDLL(None, use_errno=True)
		KEYCTL, ADD_KEY = {"x86_64": (250, 248), "aarch64": (219, 217)}[os.uname().machine]
		SESSION, JOIN = -3, 1
		assert libc.syscall(KEYCTL, JOIN, None) > 0, "no keyring"
		assert libc.syscall(ADD_KEY, b"user", b"twinbox-secret", b"x", 1, SESSION) > 0, "no key"
		os.execv(sys.argv[1], sys.argv[1:])
	END
	same ENOKEY "$(<"$BATS_TEST_TMPDIR/said")"
}
@test "the caller's keys are not the container's" { tried keyring; }

# CVE-2022-29162: capabilities that the caller would hand on.
capabilities() {
	status=0
	setpriv --inh-caps +chown,+kill,+sys_admin --ambient-caps +chown,+kill,+sys_admin "$box" run --spec "$spec" --rootfs "$spoiled" -- \
		/bin/grep -E '^Cap(Inh|Amb):' /proc/self/status >"$BATS_TEST_TMPDIR/said" 2>&1 || status=$?
	same "0 CapInh:	0000000000000000
CapAmb:	0000000000000000" "$status $(<"$BATS_TEST_TMPDIR/said")"
}
@test "the caller's inheritable and ambient capabilities are not handed on" { tried capabilities; }

# In the container, and in a user namespace of its own, where it has every capability. Without the
# guard h would ask the kernel for a list of its keys; b would start the machine anew.
covered() {
	change 's["linux"]["maskedPaths"] += ["/proc/version"]'
	in_box /bin/sh -c '
		for path in /proc/version /proc/sys / /sys /sys/fs/cgroup; do
			/attack remount $path
			/attack remount_as_root $path
			/attack uncover $path
		done | sort | uniq -c | sed "s/^ *//"
		echo x >/proc/sys/kernel/hostname; echo h >/proc/sysrq-trigger; head -c 1 /proc/version | wc -c'
	same "0 5 EINVAL
10 EPERM
0" "$status $out"
	same 2 "$(grep -c 'Read-only file system\|nonexistent' <<<"$err")" # not every kernel has sysrq
	grep -q 'Read-only file system' <<<"$err"
}
@test "what is read-only or masked cannot be uncovered" { tried covered; }

# CVE-2022-0492: cgroup v1's release_agent, by a mount of its own; CVE-2023-25809 the same for v2.
cgroups() {
	in_box /bin/sh -c '
		for file in cgroup.procs cgroup.freeze cgroup.max.depth; do echo 0 >/sys/fs/cgroup/$file; done
		mkdir /sys/fs/cgroup/more
		for type in cgroup cgroup2; do /attack mount $type ""; done
		/attack mount_as_root cgroup rdma
		/attack mount_as_root cgroup none,name=evil'
	same "0 EPERM EPERM" "$status $(head -n 2 <<<"$out" | tr '\n' ' ' | sed 's/ $//')"
	# The last two depend on what the kernel knows of cgroup v1.
	same 4 "$(grep -c '^E' <<<"$out")"
	same 4 "$(grep -c 'Read-only file system' <<<"$err")"
}
@test "no cgroup is written to or mounted from inside" { tried cgroups; }

# CVE-2023-25809: the same without a cgroup namespace, in a user namespace.
rootless_cgroups() {
	python3 -c 'import json, sys
s = json.load(open("shared/specs/rootless.json"))
s["linux"]["namespaces"] = [n for n in s["linux"]["namespaces"] if n["type"] != "cgroup"]
s["process"]["terminal"] = False
s["mounts"] = [m for m in s["mounts"] if m["type"] != "cgroup"]
s["mounts"].append({"destination": "/sys/fs/cgroup", "type": "bind", "source": "/sys/fs/cgroup",
                    "options": ["rbind", "ro"]})
json.dump(s, open(sys.argv[1], "w"))' "$spec"
	spoiled=$ROOTFS # where everybody can read it
	in_box /bin/sh -c 'echo 0 >/sys/fs/cgroup/cgroup.procs || mkdir /sys/fs/cgroup/x || mount -o remount,rw /sys/fs/cgroup'
	[ "$status" = 1 ] || same 1 "$status $out$err"
	same 2 "$(grep -c 'Read-only file system' <<<"$err")"
	[ ! -e /sys/fs/cgroup/x ]
}
@test "the host's cgroups bound into a user namespace stay read-only" { tried rootless_cgroups; }

setuid() {
	change 's["process"]["user"] = {"uid": 1000, "gid": 1000}
take("/attack")
del s["process"]["capabilities"]'
	cp "$ATTACK" "$spoiled/bin/attack"
	chmod 4755 "$spoiled/bin/attack"
	in_box /bin/attack ids
	says '1000 1000 done'
}
@test "a setuid program gives nothing where new privileges are forbidden" { tried setuid; }

make_devices() {
	in_box /bin/sh -c 'mknod /dev/disk b 254 0 && mknod /dev/memory c 1 1 && mknod /dev/more c 1 5
		(head -c 1 /dev/disk; head -c 1 /dev/memory; head -c 3 /dev/more | wc -c) 2>&1'
	says 'head: /dev/disk: Operation not permitted
head: /dev/memory: Operation not permitted
3'
}
@test "a device file of the host's disk can be made and not opened" { tried make_devices; }

namespaces() {
	in_box /bin/sh -c 'for kind in mnt net pid ipc uts cgroup user; do /attack join /proc/1/ns/$kind; done |
		sort | uniq -c | sed "s/^ *//"'
	# Into the user namespace that one is in already: EINVAL (setns(2)).
	says '1 EINVAL
6 EPERM'
}
@test "no namespace is joined from inside" { tried namespaces; }
