#!/usr/bin/env bats
# `compare trace` of specs that need no limits.

bats_require_minimum_version 1.5.0
load helper

setup() {
	load_trace
}

# same SPEC: both make the same changes, and every other difference has its reason.
same() {
	run --separate-stderr build/bin/compare trace --spec "$1"
	echo "$stderr"
	of 'unexplained'
	[ "$status" = 0 ]
	[ "$(of 't["summary"]["unexplained"], t["summary"]["different_stages"], t["partial"]')" = '(0, 0, {})' ]
}

@test "01-pid: the same changes, every difference has its reason" {
	same shared/specs/01-pid.json
}

@test "02-mount: the same changes, every difference has its reason" {
	same shared/specs/02-mount.json
	[ "$(of 'all(stages[s]["rows"] for s in ("start", "prepare", "namespaces", "release",
		"child.start", "child.hostname", "child.mounts", "child.privileges", "child.exec", "wait",
		"cleanup", "end"))')" = True ]
	[ "$(of '[r["calls"] for r in stages["child.hostname"]["rows"] if r["changes"]]')" = \
		"[{'cbox': 'sethostname(\"step2\", 5)', 'gobox': 'sethostname(\"step2\", 5)'}]" ]
	# The traces themselves stay.
	grep -q 'execve("' build/compare/trace/cbox.strace
	grep -q 'twinbox-child' build/compare/trace/gobox.strace
}

@test "03-net: the same changes, every difference has its reason" {
	same shared/specs/03-net.json
}

@test "rootless: the same changes, every difference has its reason" {
	same shared/specs/rootless.json
}

@test "time: the same changes, every difference has its reason" {
	same shared/specs/time.json
}

@test "another user: the same changes, every difference has its reason" {
	sed "s/\"uid\": 0, \"gid\": 0/\"uid\": 1234, \"gid\": 1234/; s|\"path\": \"[^\"]*rootfs\"|\"path\": \"$PWD/build/rootfs\"|" \
		shared/specs/01-pid.json >"$BATS_TEST_TMPDIR/user.json"
	same "$BATS_TEST_TMPDIR/user.json"
	# The streams of a trace are pipes.
	[ "$(of 'calls("child.privileges", "gobox").count("fchown(<pipe>, 1234, -1)")')" = 3 ]
}

@test "a veth pair: netlink messages by type and attribute, on both sides" {
	python3 - "$BATS_TEST_TMPDIR/veth.json" <<-'EOF'
		import json, os, sys
		spec = json.load(open("shared/specs/05-veth.json"))
		for name in "resources", "cgroupsPath":
		    del spec["linux"][name]
		spec["linux"]["namespaces"] = [n for n in spec["linux"]["namespaces"] if n["type"] != "cgroup"]
		spec["mounts"] = [m for m in spec["mounts"] if m["type"] != "cgroup"]
		spec["root"]["path"] = os.path.abspath("build/rootfs")
		json.dump(spec, open(sys.argv[1], "w"))
	EOF
	same "$BATS_TEST_TMPDIR/veth.json"
	[ "$(of 'calls("network", "cbox") == calls("network", "gobox")')" = True ]
	[ "$(of '[c.split()[1] for c in calls("network", "gobox")]')" = \
		"['RTM_NEWLINK', 'RTM_NEWADDR', 'RTM_NEWLINK']" ]
	[ "$(of 'calls("network", "gobox")[0]' | grep -c 'IFLA_INFO_KIND "veth".*VETH_INFO_PEER.*IFLA_NET_NS_PID CHILD')" = 1 ]
	[ "$(of '[c.split()[1] for c in calls("child.network", "cbox")]')" = \
		"['RTM_NEWLINK', 'RTM_NEWADDR', 'RTM_NEWLINK', 'RTM_NEWROUTE']" ]
}

@test "a place whose name strace escapes, or that has a meaning in its lines" {
	local odd=$BATS_TEST_TMPDIR/'é "(<, >-'
	other_programs
	mkdir -p "$odd/build" "$odd/shared/specs" "$odd/tmp"
	cp -r "$bin" "$odd/build/bin"
	python3 - "$odd/shared/specs/odd.json" <<-'EOF'
		import json, os, sys
		spec = json.load(open("shared/specs/02-mount.json"))
		spec["root"]["path"] = os.path.abspath("build/rootfs")
		json.dump(spec, open(sys.argv[1], "w"))
	EOF
	same "$odd/shared/specs/odd.json"
	# The whole project, and where the files of a run are.
	TMPDIR=$odd/tmp run --separate-stderr "$odd/build/bin/compare" trace \
		--spec "$odd/shared/specs/odd.json" --rootfs build/rootfs
	echo "$stderr"
	load_trace ../.. "$odd"
	of 'unexplained'
	[ "$status" = 0 ]
	[ "$(of 'calls("start", "gobox")[0]' | grep -c '^execve("$RUNTIME", .* "$PROJECT/shared/specs/odd.json", .*"$RUN/pid"')" = 1 ]
	[ "$(of 'len(stages["prepare"]["rows"]) > 10')" = True ]
}

@test "--stage shows one stage, in both its halves; --format json the same" {
	run --separate-stderr build/bin/compare trace --spec shared/specs/02-mount.json --stage mounts
	[ "$status" = 0 ]
	[[ $output == *'* pivot_root(".", ".")'*'= pivot_root(".", ".")'* ]]
	[[ $output != *sethostname* ]]
	run --separate-stderr build/bin/compare trace --spec shared/specs/02-mount.json \
		--stage privileges --format json
	[ "$status" = 0 ]
	[ "$(python3 -c 'import json, sys
print([s["id"] for s in json.load(sys.stdin)["stages"]])' <<<"$output")" = \
		"['privileges', 'child.privileges']" ]
}

@test "a stage, a column or a format that there is not" {
	run build/bin/compare trace --stage dance
	[ "$status" = 2 ]
	[[ $output == 'compare: no stage is called "dance"'*'hint: stages are start, prepare, cgroup,'* ]]
	run build/bin/compare trace --columns cbox,crun --spec shared/specs/02-mount.json
	[ "$status" = 2 ]
	[[ $output == *'column crun: it writes no --events'* ]]
	run build/bin/compare trace --format html
	[ "$status" = 2 ]
}

@test "Japanese" {
	LC_ALL=ja_JP.UTF-8 run --separate-stderr build/bin/compare trace \
		--spec shared/specs/01-pid.json --stage namespaces
	[ "$status" = 0 ]
	[[ $output == *'名前空間 (namespaces, 親)'*'Go は子にメモリーを貸し'* ]]
}

@test "a reason that is taken away fails, and the call is named" {
	python3 - "$BATS_TEST_TMPDIR/reasons.json" <<-'EOF'
		import json, sys
		reasons = json.load(open("shared/syscalls.json"))
		json.dump([r for r in reasons if "twinbox" not in str(r) and "proc/self/exe" not in str(r)],
		          open(sys.argv[1], "w"))
	EOF
	TWINBOX_SYSCALLS=$BATS_TEST_TMPDIR/reasons.json run --separate-stderr build/bin/compare trace \
		--spec shared/specs/02-mount.json
	[ "$status" = 1 ]
	[[ $output == *'no reason in shared/syscalls.json'* ]]
	[ "$(of '[r["calls"] for r in unexplained if r["changes"]]')" = \
		"[{'gobox': 'execve(\"/proc/self/exe\", [\"twinbox-child\"], [])'}]" ]
	[ "$(of 'stages["child.start"]["same_changes"]')" = False ]
}

@test "every reason is needed: each one taken away fails where it was used" {
	build/bin/compare trace --spec shared/specs/02-mount.json >/dev/null
	for i in $(python3 -c 'import json
t = json.load(open("build/compare/trace.json"))
used = {r["reason"]["en"] for s in t["stages"] for r in s["rows"] if "reason" in r}
for i, r in enumerate(json.load(open("shared/syscalls.json"))):
    if r["reason"]["en"] in used and not r.get("sometimes"):
        print(i)'); do
		python3 - "$i" "$BATS_TEST_TMPDIR/reasons.json" <<-'EOF'
			import json, sys
			reasons = json.load(open("shared/syscalls.json"))
			gone = reasons[int(sys.argv[1])]["reason"]
			json.dump([r for r in reasons if r["reason"] != gone], open(sys.argv[2], "w"))
		EOF
		TWINBOX_SYSCALLS=$BATS_TEST_TMPDIR/reasons.json run build/bin/compare trace \
			--spec shared/specs/02-mount.json
		echo "without entry $i: $status"
		[ "$status" = 1 ]
	done
}

@test "a call that changes state too much, in one runtime only" {
	mutant 'do no_huge_pages\n'
	run "$bin/compare" trace --spec shared/specs/02-mount.json
	[ "$status" = 1 ]
	[ "$(of '[(r["stage"], r["calls"]) for r in unexplained if r["changes"]]')" = \
		"[('child.exec', {'cbox': 'prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)'})]" ]
	[ "$(of '[s for s in stages if not stages[s]["same_changes"]]')" = "['child.exec']" ]
}

@test "a call that changes state and is left out, in one runtime only" {
	mutant 'leave_out sethostname\n'
	run "$bin/compare" trace --spec shared/specs/02-mount.json
	[ "$status" = 1 ]
	[ "$(of '[(r["stage"], r["calls"]) for r in unexplained if r["changes"]]')" = \
		"[('child.hostname', {'gobox': 'sethostname(\"step2\", 5)'})]" ]
}

# doctored SED: compare trace, where strace saw gobox do something else.
doctored() {
	local real
	real=$(command -v strace)
	cp "$real" "$BATS_TEST_TMPDIR/strace"
	cat >"$BATS_TEST_TMPDIR/doctor" <<-EOF
		#!/bin/bash
		"$BATS_TEST_TMPDIR/strace" "\$@"
		status=\$?
		while [ \$# -gt 0 ]; do
			[ "\$1" != -o ] || file=\$2
			[[ \$1 != */gobox ]] || sed -i '$1' "\$file"
			shift
		done
		exit \$status
	EOF
	chmod +x "$BATS_TEST_TMPDIR/doctor"
	run --separate-stderr unshare --mount sh -c 'mount --bind "$0" "$1" &&
		build/bin/compare trace --spec shared/specs/02-mount.json' "$BATS_TEST_TMPDIR/doctor" "$real"
	of 'unexplained'
}

@test "two calls share a reason only where nothing but what it declares differs" {
	doctored ''
	[ "$status" = 0 ]
	doctored 's/CLONE_NEWUTS|//'
	[ "$status" = 1 ]
	[ "$(of '[(r["stage"], list(r["calls"])) for r in unexplained]')" = \
		"[('namespaces', ['cbox']), ('namespaces', ['gobox'])]" ]
	doctored 's/MS_REC|MS_PRIVATE/MS_REC|MS_SLAVE/'
	[ "$status" = 1 ]
	[ "$(of '[r["calls"] for r in unexplained]')" = "[{'cbox': 'mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL)', \
'gobox': 'mount(\"\", \"/\", ADDR, MS_REC|MS_SLAVE, NULL)'}]" ]
	doctored '/unlinkat(/s,/pid",/pid.other",'
	[ "$status" = 1 ]
	# On arm64 glibc's unlink is unlinkat, too, and they stand side by side.
	[ "$(of 'sorted(c for r in unexplained for c in r["calls"].items())' | sed 's/unlinkat(AT_FDCWD, \(.*pid"\), 0)/unlink(\1)/')" = \
		"[('cbox', 'unlink(\"\$RUN/pid\")'), ('gobox', 'unlinkat(AT_FDCWD, \"\$RUN/pid.other\", 0)')]" ]
}

@test "a runtime that fails half-way: the trace is partial, kept and not judged" {
	python3 - "$BATS_TEST_TMPDIR/bad.json" <<-'EOF'
		import json, os, sys
		spec = json.load(open("shared/specs/02-mount.json"))
		spec["root"]["path"] = os.path.abspath("build/rootfs")
		spec["mounts"].append({"destination": "/x", "type": "bind", "source": "/no/such", "options": ["bind"]})
		json.dump(spec, open(sys.argv[1], "w"))
	EOF
	run --separate-stderr build/bin/compare trace --spec "$BATS_TEST_TMPDIR/bad.json"
	[ "$status" = 2 ]
	[[ $output == *'PARTIAL: cbox: ended with 125 in stage child.mounts: cbox: mounts: '*'/no/such'* ]]
	[[ $output == *'PARTIAL: gobox: ended with 125 in stage child.mounts: gobox: mounts: '* ]]
	[[ $output == *'partial: not judged'* ]]
	[[ $stderr == *'the trace is partial'*"hint: what strace wrote is in"* ]]
	[ "$(of 'sorted(t["partial"])')" = "['cbox', 'gobox']" ]
	[ "$(of 'len(stages["child.hostname"]["rows"]) > 0')" = True ]
}

@test "a runtime that is killed half-way: what there is stays" {
	mutant 'then kill -KILL $PPID\n'
	run --separate-stderr "$bin/compare" trace --spec shared/specs/02-mount.json
	echo "$stderr"
	[ "$status" = 2 ]
	[[ $output == *'PARTIAL: cbox: killed by SIGKILL in stage child.exec'* ]]
	[ "$(of 'list(t["partial"])')" = "['cbox']" ]
	grep -q '+++ killed by SIGKILL +++' build/compare/trace/cbox.strace
}

@test "no strace" {
	run unshare --mount sh -c 'mount --bind /dev/null "$(command -v strace)" &&
		build/bin/compare trace --spec shared/specs/02-mount.json'
	[ "$status" = 2 ]
	[ "$output" = 'compare: strace is not installed
hint: `make trace` installs it, or: apt-get install strace' ]
}

@test "ptrace is not allowed" {
	run tests/trace/without_ptrace build/bin/compare trace --spec shared/specs/02-mount.json
	[ "$status" = 2 ]
	[[ $output == 'compare: strace cannot trace here; it said: '*'Operation not permitted'* ]]
	[[ $output == *"hint: "*ptrace* ]]
}

@test "nothing is left behind" {
	before=$(ls /run/twinbox; ls /sys/class/net; cat /sys/fs/cgroup/cgroup.subtree_control)
	mkdir "$BATS_TEST_TMPDIR/tmp"
	TMPDIR=$BATS_TEST_TMPDIR/tmp build/bin/compare trace --spec shared/specs/02-mount.json >/dev/null
	[ "$(ls /run/twinbox; ls /sys/class/net; cat /sys/fs/cgroup/cgroup.subtree_control)" = "$before" ]
	[ -z "$(ls "$BATS_TEST_TMPDIR/tmp")" ]
}
