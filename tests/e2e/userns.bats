#!/usr/bin/env bats
# Where a switch of the system refuses user namespaces: the hint and doctor name it and what allows
# them. The switches are the tests' own files, over /proc/sys in a mount namespace; Ubuntu's AppArmor
# takes every capability, and so does an id map that is not the user's.

load helper

# switched DIRECTORY NAME VALUE COMMAND...: as user 65534, where /proc/sys/DIRECTORY/NAME reads VALUE.
switched() {
	unshare -m sh -c 'mount -t tmpfs switches "/proc/sys/$1" && echo "$3" >"/proc/sys/$1/$2" && shift 3 &&
		XDG_RUNTIME_DIR=$0 exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' "$run" "$@"
}

refused() {
	local full=$1.$2 value=$3 allows=$4 run
	run=$(mktemp -d "$BATS_TEST_TMPDIR/run.XXXXXX")
	cp "$box" "$run/box"
	chown 65534 "$run"
	expect 125 switched "$1" "$2" "$value" "$run/box" run --rootfs "$ROOTFS" \
		--spec shared/specs/rootless.json --name no -- /bin/true
	grep -q 'EPERM' <<<"$err"
	same "hint: $full = $value refuses user namespaces; sudo sysctl -w $full=$allows allows them" \
		"$(tail -n 1 <<<"$err")"
	expect 125 env LC_ALL=ja_JP.UTF-8 bash -c "$(declare -f switched); run='$run'; switched \"\$@\"" - \
		"$1" "$2" "$value" "$run/box" run --rootfs "$ROOTFS" --spec shared/specs/rootless.json --name no -- /bin/true
	same "hint: $full = $value がユーザー名前空間を禁止しています。許すには: sudo sysctl -w $full=$allows" \
		"$(tail -n 1 <<<"$err")"
	# Where the switch is set otherwise it is not to blame.
	expect 125 switched "$1" "$2" "$allows" "$run/box" run --rootfs "$ROOTFS" \
		--spec shared/specs/rootless.json --name no -- /bin/true
	same '' "$(grep sysctl <<<"$err")"
	switched "$1" "$2" "$value" "$run/box" doctor >"$run/said" || true
	grep -A1 "^fail  user namespaces: refused by $full = $value" "$run/said" | grep -q 'cure: sudo sysctl'
	rm -r "$run"
}

@test "AppArmor of Ubuntu" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" 2>/dev/null || true
	both refused kernel apparmor_restrict_unprivileged_userns 1 0
}
@test "unprivileged_userns_clone of Debian" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" 2>/dev/null || true
	both refused kernel unprivileged_userns_clone 0 1
}
@test "max_user_namespaces" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" 2>/dev/null || true
	both refused user max_user_namespaces 0 10000
}
