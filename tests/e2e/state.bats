#!/usr/bin/env bats
# The state that both runtimes share: what `list` and `gc` say of it, and whose a name is.

load helper

# hold_both: a container of each runtime, named after it; let_go_both ends them.
hold_both() {
	local box=$CBOX
	hold of-cbox -- /bin/cat
	cbox_pid=$runtime_pid cbox_held=$held first=$pid
	box=$GOBOX
	hold of-gobox -- /bin/cat
}
let_go_both() {
	expect 0 let_go
	runtime_pid=$cbox_pid held=$cbox_held
	expect 0 let_go
}

@test "list and list --json: the same bytes from both" {
	local second
	hold_both
	second=$pid
	"$CBOX" list >"$BATS_TEST_TMPDIR/list"
	"$GOBOX" list | cmp - "$BATS_TEST_TMPDIR/list"
	same "NAME PID RUNTIME STATUS
of-cbox $first cbox running
of-gobox $second ${GOBOX##*/} running" "$(awk '{ print $1, $2, $3, $4 }' "$BATS_TEST_TMPDIR/list")"
	"$CBOX" list --json >"$BATS_TEST_TMPDIR/list.json"
	"$GOBOX" list --json | cmp - "$BATS_TEST_TMPDIR/list.json"
	same "of-cbox $first running /twinbox/of-cbox
of-gobox $second running /twinbox/of-gobox" "$(python3 -c 'import json, sys
for c in json.load(open(sys.argv[1])): print(c["name"], c["pid"], c["status"], c["cgroup"])' \
		"$BATS_TEST_TMPDIR/list.json")"
	let_go_both
	same '[]' "$("$CBOX" list --json)"
	same '[]' "$("$GOBOX" list --json)"
	same "$("$CBOX" list)" "$("$GOBOX" list)"
}

left_behind() {
	hold left --spec "$SPECS/veth.json" -- /bin/cat
	kill -KILL "$runtime_pid"
	expect 137 let_go
	await gone "$pid"
	# Removing goes on while the kernel still ends the namespace and its link.
	await no_link cbox0
	"$CBOX" gc --dry-run >"$BATS_TEST_TMPDIR/dry"
	"$GOBOX" gc --dry-run | cmp - "$BATS_TEST_TMPDIR/dry"
	same "left: would remove cgroup, pid file, state file" "$(<"$BATS_TEST_TMPDIR/dry")"
	[ -d /sys/fs/cgroup/twinbox/e2e-link ]
	[ -e "$BATS_TEST_TMPDIR/left.pid" ]
	expect 0 "$other" gc
	same "left: removed cgroup, pid file, state file" "$out"
	[ ! -e "$BATS_TEST_TMPDIR/left.pid" ]
	expect 0 "$box" gc
	same "nothing to collect" "$out"
	expect 0 "$box" gc --dry-run
	same "nothing to collect" "$out"
}
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
@test "gc --dry-run tells, from both the same, and removes nothing" { both left_behind; }

link_of_somebody_else() {
	hold left --spec "$SPECS/veth.json" -- /bin/cat
	kill -KILL "$runtime_pid"
	expect 137 let_go
	# The container's link goes with its namespace, and the name is free for whoever wants it.
	await no_link cbox0
	ip link add cbox0 type veth peer name other0
	expect 0 "$other" gc
	same "left: removed cgroup, pid file, state file" "$out"
	expect 125 run_box --name left --spec "$SPECS/veth.json" -- /bin/true
	same "${box##*/}: network: creating veth cbox0: File exists (EEXIST)" "${err%%$'\n'*}"
	ip link show dev other0
	ip link delete cbox0
}
@test "gc takes no link of the same name that somebody else made" { both link_of_somebody_else; }

# racer N PROGRAM: runs until the gate is closed; its exit status goes to a file.
racer() {
	local status=0
	"$2" run --spec "$SPECS/plain.json" --rootfs "$ROOTFS" --name same -- /bin/cat \
		<"$BATS_TEST_TMPDIR/gate" >/dev/null 2>"$BATS_TEST_TMPDIR/err.$1" || status=$?
	echo "$status" >"$BATS_TEST_TMPDIR/status.tmp.$1"
	mv "$BATS_TEST_TMPDIR/status.tmp.$1" "$BATS_TEST_TMPDIR/status.$1"
}
ended_racers() { cat "$BATS_TEST_TMPDIR"/status.[12]; }
one_wins() {
	local i racers
	mkfifo "$BATS_TEST_TMPDIR/gate"
	for ((i = 0; i < 10; i++)); do
		rm -f "$BATS_TEST_TMPDIR"/status.*
		exec {gate}<>"$BATS_TEST_TMPDIR/gate"
		racer 1 "$box" 3>&- {gate}>&- &
		racers=$!
		racer 2 "$other" 3>&- {gate}>&- &
		racers+=" $!"
		await ended_racers
		same 125 "$(ended_racers 2>/dev/null)"
		grep -q 'File exists (EEXIST)$' "$BATS_TEST_TMPDIR"/err.[12]
		same 1 "$("$other" list | grep -c '^same .* running')"
		exec {gate}>&-
		# shellcheck disable=SC2086 # two numbers
		wait $racers
		same "0 125" "$(ended_racers | sort -n | tr '\n' ' ' | sed 's/ $//')"
	done
	rm "$BATS_TEST_TMPDIR/gate"
}
@test "two runs of one name at once: one wins, the other is refused" { both one_wins; }
