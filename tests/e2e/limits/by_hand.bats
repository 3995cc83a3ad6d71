#!/usr/bin/env bats
# What compare says of shared/specs/full.json is what one sees by hand: ip, lsns, findmnt, nsenter
# and plain cat, on a container of each runtime.

load ../helper

full=shared/specs/full.json

by_hand() {
	build/bin/compare observe --column "${box##*/}" --spec "$full" --quick \
		>"$BATS_TEST_TMPDIR/facts.json"
	hold hand --spec "$full" -- /bin/cat
	expect 0 tests/e2e/limits/by_hand "$BATS_TEST_TMPDIR/facts.json" "$pid"
	echo "$out facts"
	[ "$out" -gt 170 ]
	expect 0 let_go
}
@test "ip, lsns, findmnt, nsenter and cat agree with compare" { both by_hand; }

# The comparison can fail: some facts of each tool, told wrong.
told_wrong() {
	local wrong='veth.host.mtu veth.container.address veth.host.peer veth.container.routes
		namespace.pid.is namespace.ipc.processes namespace.uts.nodename
		mounts.count mounts.at./tmp.options cgroup.memory.max cgroup.memory.events.oom
		cgroup.cpuset.cpus cgroup.parent.subtree_control'
	build/bin/compare observe --column cbox --spec "$full" --quick >"$BATS_TEST_TMPDIR/facts.json"
	python3 -c 'import json, sys
facts = json.load(sys.stdin)
for f in facts["facts"]:
    if f["id"] in sys.argv: f["value"] = "x" + f["value"].replace("via ", "by ")
json.dump(facts, sys.stdout)' $wrong <"$BATS_TEST_TMPDIR/facts.json" >"$BATS_TEST_TMPDIR/wrong.json"
	hold mistold --spec "$full" -- /bin/cat
	expect 9 tests/e2e/limits/by_hand "$BATS_TEST_TMPDIR/wrong.json" "$pid"
	same "$(printf '%s\n' $wrong | sort)" "$(sed -n 's/: compare says.*//p' <<<"$out" | sort -u)"
	expect 0 let_go
}
@test "a fact told wrong is seen by hand" {
	box=$CBOX
	told_wrong
}
