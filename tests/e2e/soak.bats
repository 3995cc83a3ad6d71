#!/usr/bin/env bats
# Many runs, four at a time: nothing may be left, nothing may collide.

load helper

# lane N COUNT: runs COUNT containers in a row with links and addresses of their own.
lane() {
	local spec=$BATS_TEST_TMPDIR/lane$1.json i
	sed -e "s/cbox0/lane$1/; s/10\.200\.1\./10.201.$1./g; s/e2e-link/lane$1/" "$SPECS/veth.json" >"$spec"
	for ((i = 0; i < $2; i++)); do
		"$box" run --spec "$spec" --rootfs "$ROOTFS" --name "lane$1" -- /bin/true || return 1
	done
}

two_hundred() {
	local lanes=() n
	for n in 1 2 3 4; do
		lane $n 50 &
		lanes+=($!)
	done
	for n in "${lanes[@]}"; do
		wait "$n" || return 1
	done
}
@test "200 runs of each runtime, four at a time, leave nothing" { both two_hundred; }
