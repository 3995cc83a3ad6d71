#!/usr/bin/env bats
# A rootfs that wants out: everything in it is the attacker's, the spec is not.

load helper

# put_link PATH TARGET: a link in the rootfs in the place of what is there.
put_link() {
	rm -rf "${spoiled:?}$1"
	mkdir -p "$spoiled$(dirname "$1")"
	ln -s "$2" "$spoiled$1"
}

# CVE-2019-16884, CVE-2019-19921: whoever trusts /proc/self/... would read what the rootfs put there.
proc_or_sys() {
	local path way
	for path in /proc /sys; do
		for way in "$host" "../../../../../../../../../..$host" /tmp; do
			put_link "$path" "$way"
			in_box /bin/true
			refused "mounts: opening $path in the rootfs: Too many levels of symbolic links"
			rm "$spoiled$path"
			mkdir "$spoiled$path"
		done
	done
	host_is_untouched
}
@test "/proc and /sys must be directories of the rootfs itself" { tried proc_or_sys; }

# The other targets and their parents: a link is followed within the rootfs, where the host's
# directory does not exist, or it is refused; nothing is made or mounted on the host.
other_targets() {
	local path way
	for path in /dev /tmp /run /etc /sys/fs /dev/shm; do
		for way in "$host" "$host/sub" "../../../../../../../../../..$host" /proc/1/root /proc/self/cwd; do
			new_rootfs
			put_link "$path" "$way"
			in_box /bin/ls "$host"
			[ "$status" = 1 ] || [ "$status" = 125 ] || same "ended 1 or 125" "$status $out$err"
			host_is_untouched
			# Within its own root it may have been made.
			[ ! -e "$spoiled$host/file" ]
		done
	done
}
@test "no link in the place of a target or of its parent leads to the host" { tried other_targets; }

# CVE-2025-52881: what is written to proc by name would go where the rootfs wants.
into_proc() {
	change 's["mounts"].append({"destination": "/data/x", "type": "tmpfs", "source": "tmpfs"})'
	local way
	for way in /proc /proc/self /proc/1 proc/sys; do
		put_link /data "$way"
		in_box /bin/true
		[ "$status" = 125 ] || same "a refusal" "$out$err"
	done
	put_link /data /proc/tty
	rm "$spoiled/data"
	mkdir "$spoiled/data"
	ln -s /proc/tty "$spoiled/data/x"
	in_box /bin/true
	refused "mounts: mounting on /data/x: a symbolic link in the rootfs leads into /proc"
}
@test "no mount lands in /proc by a link" { tried into_proc; }

# CVE-2021-30465, CVE-2024-45310: the target is a directory when it is looked at, and a link to the
# host when it is mounted on or made.
swapped() {
	change 's["mounts"] += [{"destination": "/data/sub/deep", "type": "tmpfs", "source": "tmpfs"},
	{"destination": "/data/file", "type": "bind", "source": "/etc/hosts", "options": ["bind"]}]
s["root"]["readonly"] = False'
	mkdir -p "$spoiled/data"
	ln -s "$host" "$spoiled/other"
	python3 - "$spoiled" <<-'END' 3>&- &
		import ctypes, os, sys
		os.chdir(sys.argv[1])
		renameat2, AT_FDCWD, RENAME_EXCHANGE = ctypes.CDLL(None).renameat2, -100, 2
		while os.getppid() != 1:
		    assert renameat2(AT_FDCWD, b"data", AT_FDCWD, b"other", RENAME_EXCHANGE) == 0
	END
	local racer=$! i went=0
	for ((i = 0; i < 40; i++)); do
		in_box /bin/sh -c 'test -d /data/sub/deep || test -d /other/sub/deep'
		[ "$status" != 0 ] || went=$((went + 1))
		host_is_untouched || break
	done
	kill "$racer"
	wait "$racer" || true
	host_is_untouched
	echo "$went of $i went on"
}
@test "a target that is swapped for a link during the start" { tried swapped; }

# CVE-2025-31133: masked paths are covered by /dev/null, and whose is that?
null_of_rootfs() {
	change 'take("/dev"); take("/dev/pts"); take("/dev/shm"); take("/dev/mqueue")
s["linux"]["maskedPaths"] += ["/proc/version"]'
	local kind
	for kind in file link; do
		rm -rf "$spoiled/dev/null"
		if [ "$kind" = file ]; then echo evil >"$spoiled/dev/null"; else put_link /dev/null /proc/sysrq-trigger; fi
		in_box /bin/sh -c 'stat -c "%F %t:%T" /proc/version; cat /proc/version'
		says 'character special file 1:3'
	done
}
@test "masked paths are the host's null device, whatever /dev/null of the rootfs is" { tried null_of_rootfs; }

null_of_host() {
	touch "$BATS_TEST_TMPDIR/null"
	mount --bind "$BATS_TEST_TMPDIR/null" /dev/null
	status=0
	"$box" run --spec "$spec" --rootfs "$spoiled" --name attacked -- /bin/true 2>"$BATS_TEST_TMPDIR/err" \
		<"$BATS_TEST_TMPDIR/null" || status=$?
	umount /dev/null
	err=$(<"$BATS_TEST_TMPDIR/err")
	refused "mounts: the host's /dev/null is not the character device 1:3"
}
@test "the host's /dev/null is looked at before it is used" { tried null_of_host; }

# CVE-2025-52565: the terminal is mounted on /dev/console, the terminals are in /dev/pts.
console() {
	local path
	for path in /dev/console /dev/pts /dev/ptmx /dev/tty /dev/pts/0; do
		rm -rf "${spoiled:?}/dev"
		mkdir "$spoiled/dev"
		put_link "$path" "$host/file"
		expect 0 tests/e2e/on_terminal "$box" run --spec "$spec" --rootfs "$spoiled" -- \
			/bin/sh -c 'tty; stat -c %F:%t /dev/console; test -d /dev/pts && echo pts' </dev/null
		same "/dev/pts/0 character special file:88 pts" "$(tr -d '\r' <<<"$out" | tr '\n' ' ' | sed 's/ $//')"
	done
	host_is_untouched
}
@test "/dev/console, /dev/pts, /dev/ptmx and /dev/tty of the rootfs are not the container's" { tried console; }

# The host's disk is 1:1 of the memory here, which every machine has.
device_files() {
	change 'take("/tmp")'
	mknod -m 666 "$spoiled/memory" c 1 1
	mknod -m 666 "$spoiled/disk" b 254 0
	mknod -m 666 "$spoiled/log" c 1 11
	mknod -m 666 "$spoiled/zeros" c 1 5
	in_box /bin/sh -c 'for f in memory disk log; do head -c 1 /$f; true >>/$f; done 2>&1; head -c 3 /zeros | wc -c'
	says "head: /memory: Operation not permitted
/bin/sh: can't create /memory: Operation not permitted
head: /disk: Operation not permitted
/bin/sh: can't create /disk: Operation not permitted
head: /log: Operation not permitted
/bin/sh: can't create /log: Operation not permitted
3"
}
@test "device files in the rootfs open nothing but what /dev has" { tried device_files; }

# CVE-2019-5736: the command is the runtime itself, under the name that leads back to the host's file.
self_exe() {
	cp "$box" "$BATS_TEST_TMPDIR/runtime"
	printf '#!/proc/self/exe\n' >"$spoiled/bin/script"
	chmod +x "$spoiled/bin/script"
	ln -s /proc/self/exe "$spoiled/bin/link"
	local command
	for command in /bin/script /bin/link /proc/self/exe; do
		in_box "$command"
		cmp "$box" "$BATS_TEST_TMPDIR/runtime"
	done
}
@test "the runtime as the command: the host's file stays what it is" { tried self_exe; }
