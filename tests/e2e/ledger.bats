#!/usr/bin/env bats
# The ledger that every test runs inside: does it see each kind of thing that could be left?

load helper

# sees LINE: it says that this is new; then `undo` takes it away, and it says nothing more.
sees() {
	ledger --since "$BATS_TEST_TMPDIR/before" >"$BATS_TEST_TMPDIR/said" && return 1
	grep -q "^+ $1" "$BATS_TEST_TMPDIR/said" || {
		cat "$BATS_TEST_TMPDIR/said"
		return 1
	}
	undo
	ledger --since "$BATS_TEST_TMPDIR/before" --patience 5
}

@test "a mount, and a second one on the same place" {
	mkdir "$BATS_TEST_TMPDIR/dir"
	mount -t tmpfs twice "$BATS_TEST_TMPDIR/dir"
	undo() { umount "$BATS_TEST_TMPDIR/dir"; }
	sees "mount .* $BATS_TEST_TMPDIR/dir "
	mount --bind / "$BATS_TEST_TMPDIR/dir"
	ledger >"$BATS_TEST_TMPDIR/before"
	mount --bind / "$BATS_TEST_TMPDIR/dir"
	sees "mount .* $BATS_TEST_TMPDIR/dir "
	umount "$BATS_TEST_TMPDIR/dir"
	setup
}

@test "a cgroup anywhere in the tree" {
	mkdir /sys/fs/cgroup/stray
	undo() { rmdir /sys/fs/cgroup/stray; }
	sees 'cgroup /sys/fs/cgroup/stray$'
}

@test "a link, here and in a namespace that a process holds" {
	ip link add stray0 type veth peer name stray1
	undo() { ip link del stray0; }
	sees 'link stray0 in net:'
	unshare --net sh -c 'ip link add inner0 type veth peer name inner1; exec sleep 1000' 3>&- &
	# shellcheck disable=SC2016
	await sh -c 'grep -q inner0 "/proc/$0/net/dev"' $!
	undo() {
		kill $!
		wait $! || true
	}
	sees 'link inner0 in net:'
}

@test "a namespace that only a descriptor or a mount holds" {
	unshare --uts sleep 1000 3>&- &
	local pid=$!
	await sh -c '[ "$(readlink /proc/self/ns/uts)" != "$(readlink "/proc/$0/ns/uts")" ]' "$pid"
	exec {held}<"/proc/$pid/ns/uts"
	kill "$pid"
	wait "$pid" || true
	undo() { exec {held}<&-; }
	sees 'namespace uts:'
}

@test "a process in a namespace or root of its own, and a runtime with its descriptors" {
	box=$CBOX hold one -- /bin/cat
	ledger --since "$BATS_TEST_TMPDIR/before" >"$BATS_TEST_TMPDIR/said" && return 1
	grep -q "^+ process $runtime_pid .*/cbox$" "$BATS_TEST_TMPDIR/said"
	grep -q "^+ process $pid .*/busybox .*pid" "$BATS_TEST_TMPDIR/said"
	grep -q "^+ descriptor $runtime_pid /run/twinbox/" "$BATS_TEST_TMPDIR/said"
	let_go
}

@test "a state file, one that changed, and a file in /tmp or the rootfs" {
	echo 1 >/run/twinbox/.stray
	undo() { rm /run/twinbox/.stray; }
	sees 'state /run/twinbox/.stray '
	touch /tmp/stray
	undo() { rm /tmp/stray; }
	sees 'tmp /tmp/stray$'
	# One of its own, for a directory's time cannot be set back everywhere.
	ROOTFS=$BATS_TEST_TMPDIR/rootfs
	mkdir "$ROOTFS"
	setup
	touch "$ROOTFS/stray"
	undo() { rm "$ROOTFS/stray"; }
	sees "rootfs $ROOTFS/stray "
}

# As bats calls it: in a condition, where no failing line stops it.
@test "a test ends with what it says" {
	touch /tmp/stray
	if unchanged; then return 1; fi
	rm /tmp/stray
}
