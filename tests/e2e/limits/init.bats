#!/usr/bin/env bats
# The bundle of `init` as it is written, limits and all.

load ../helper

in_bundle() { (cd "$BATS_TEST_TMPDIR/bundle" && "$@"); }

starter() {
	local program=$PWD/$box
	[[ $box != /* ]] || program=$box
	"$box" init "$BATS_TEST_TMPDIR/bundle"
	ln -s "$top/$ROOTFS" "$BATS_TEST_TMPDIR/bundle/rootfs"
	expect 0 in_bundle "$program" run -- /bin/sh -c 'hostname; id -u; cat /proc/self/cgroup'
	same $'box\n0\n0::/' "$out"
	expect 137 in_bundle "$program" run -- /bin/dd if=/dev/zero of=/dev/null bs=128M count=1
	rm -r "$BATS_TEST_TMPDIR/bundle"
}
@test "the bundle of init runs, within its limits" { both starter; }
