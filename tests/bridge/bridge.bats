#!/usr/bin/env bats
# gobox-bridge: whichever stages run in C, nothing changes outside.

bats_require_minimum_version 1.5.0
SPEC=tests/bridge/every_stage.json

setup() { cd "$BATS_TEST_DIRNAME/../.." || return; }

# sum: "128 128 FACTS" of a matrix in $output: combinations, those that match, facts in each.
sum() { sed -nE 's/^([0-9]+) of ([0-9]+) combinations match, ([0-9]+) facts each$/\2 \1 \3/p' <<<"$output"; }

@test "each stage by Go and by C: all 128 combinations match cbox in every fact" {
	begin=$SECONDS
	run --separate-stderr build/bin/compare run --spec "$SPEC" --matrix
	echo "$output" "$stderr"
	[ "$status" = 0 ]
	read -r all matched facts <<<"$(sum)"
	echo "# $matched of $all combinations, $facts facts each, in $((SECONDS - begin)) s" >&3
	[ "$all" = 128 ]
	[ "$matched" = 128 ]
	[ "$facts" -ge 100 ]
}

@test "a stage that is not the same in C: the half of the combinations that has it, and no other" {
	bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	cp build/bin/compare build/bin/cbox "$bin"
	cat >"$bin/gobox-bridge" <<-EOF
		#!/bin/bash
		[[ \$* != *hostname=c* ]] || ulimit -S -s 4096
		exec "$PWD/build/bin/gobox-bridge" "\$@"
	EOF
	chmod +x "$bin/gobox-bridge"
	run --separate-stderr "$bin/compare" run --spec "$SPEC" --matrix --format json
	[ "$status" = 1 ]
	echo "${output:0:2000}"
	[ "$(python3 -c 'import json, sys
m = json.load(sys.stdin)
print(m["combinations"], m["matched"], {"hostname=c" in one["via"] for one in m["mismatches"]},
      {fact for one in m["mismatches"] for fact in one["facts"]})' <<<"$output")" = \
		"128 64 {True} {'privileges.rlimit.stack.soft'}" ]
}

# told OPTION...: what a run with the spec says of its calls, but for pids and times.
told() {
	"$@" run -v "${via[@]}" --spec "$SPEC" -- /bin/true 2>&1 >/dev/null </dev/null |
		sed -E 's/, [0-9]+ us$//; s/(pid|proc\/)( ?)[0-9]+/\1\2N/'
}

@test "-v: each stage by C says what Go's says" {
	via=() && told build/bin/gobox >"$BATS_TEST_TMPDIR/go"
	grep -q 'unshare(CLONE_NEWIPC)' "$BATS_TEST_TMPDIR/go"
	for stage in cgroup namespaces identity network hostname mounts privileges all; do
		echo "$stage=c"
		via=(--via "$stage=c")
		told build/bin/gobox-bridge | diff "$BATS_TEST_TMPDIR/go" -
	done
}

@test "the column bridge: every stage by C, beside cbox and gobox" {
	run --separate-stderr build/bin/compare run --spec "$SPEC" --columns cbox,gobox,bridge
	echo "${output%%$'\n\n'Namespaces*}" "$stderr"
	[ "$status" = 0 ]
	[[ ${lines[-1]} == *' facts, 0 mismatches' ]]
}

@test "compare trace: beside cbox and gobox, every difference of the bridge has its reason" {
	run --separate-stderr build/bin/compare trace --spec "$SPEC" --columns cbox,gobox,bridge
	echo "${lines[-1]}" "$stderr"
	[ "$status" = 0 ]
	# Without the bridge's own reasons it has not.
	python3 -c 'import json, sys
json.dump([r for r in json.load(sys.stdin) if r["columns"] != ["bridge"]], sys.stdout)' \
		<shared/syscalls.json >"$BATS_TEST_TMPDIR/reasons.json"
	TWINBOX_SYSCALLS=$BATS_TEST_TMPDIR/reasons.json run --separate-stderr \
		build/bin/compare trace --spec "$SPEC" --columns cbox,gobox,bridge
	[ "$status" = 1 ]
	[[ $output == *execveat* ]]
}

# What a second process is, in lines; those of its own pid and of what it has used are left out.
# shellcheck disable=SC2016 # for the container's shell
entered='for f in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$f; done
	grep -E "^(Umask|Uid|Gid|Groups|Sig(Blk|Ign|Cgt)|Cap...|NoNewPrivs|Seccomp):" /proc/self/status
	cat /proc/self/limits /proc/self/mountinfo /proc/self/cgroup /proc/self/oom_score_adj
	pwd; env | sort; ls -d / /proc/self/fd/*; stty size; cut -d" " -f 7 /proc/self/stat'

@test "exec: each of its stages by C joins as cbox does" {
	mkfifo "$BATS_TEST_TMPDIR/held"
	build/bin/cbox run --rootfs build/rootfs --spec "$SPEC" --name stages -- /bin/cat \
		<>"$BATS_TEST_TMPDIR/held" 3>&- &
	runtime=$!
	until grep -qs '"spec"' /run/twinbox/stages.json; do sleep 0.02; done
	build/bin/cbox exec stages -- /bin/sh -c "$entered" >"$BATS_TEST_TMPDIR/cbox" 2>&1
	[ "$(wc -l <"$BATS_TEST_TMPDIR/cbox")" -gt 60 ]
	for via in all=go all=c cgroup={c,go},namespaces=c,identity={c,go},mounts={c,go},privileges={c,go}; do
		echo "$via"
		build/bin/gobox-bridge exec --via "$via" stages -- /bin/sh -c "$entered" 2>&1 |
			diff "$BATS_TEST_TMPDIR/cbox" -
	done
	kill -KILL "$(pgrep -P "$runtime" -x cat)"
	wait "$runtime" || [ $? = 137 ]
}

@test "exec: nobody in the container can trace the one that joins, whatever he may in his user namespace" {
	python3 -c 'import json, sys
s = json.load(open(sys.argv[1]))
names = [n for n in open("c/capabilities.c").read().split("\"") if n.startswith("CAP_")]
bounding = dict(line.split(":\t") for line in open("/proc/self/status"))["CapBnd"]
every = [n for i, n in enumerate(names) if int(bounding, 16) >> i & 1]
s["process"].update(user={"uid": 0, "gid": 0}, noNewPrivileges=False)
s["process"]["capabilities"].update(bounding=every, permitted=every, effective=every)
s["root"]["path"] = sys.argv[3]
json.dump(s, open(sys.argv[2], "w"))' "$SPEC" "$BATS_TEST_TMPDIR/every.json" "$PWD/build/rootfs"
	run --separate-stderr build/bin/compare run --spec "$BATS_TEST_TMPDIR/every.json" --columns bridge
	grep -E 'still joining +refused$' <<<"$output"
	[ "$(grep -cE 'still joining +refused$' <<<"$output")" = 2 ]
	[[ ${lines[-1]} == *' facts, 0 mismatches' ]]
}
