#!/usr/bin/env bats
# compare: its report, its exit status, that it can fail, and that it leaves nothing.

top=$BATS_TEST_DIRNAME
while [ ! -e "$top/VERSION" ]; do top=${top%/*}; done
cd "$top" || exit 1
compare=build/bin/compare
report=build/compare/report.json

# One whole run for all the tests that only read its outcome: five columns, every behaviour.
setup_file() {
	local status=0
	export LC_ALL=C.UTF-8 WHOLE=$BATS_FILE_TMPDIR/whole
	rm -f "$report"
	ledger >"$BATS_FILE_TMPDIR/before"
	"$compare" run >"$WHOLE.out" 2>"$WHOLE.err" || status=$?
	echo "$status" >"$WHOLE.status"
	ledger >"$BATS_FILE_TMPDIR/after"
	cp "$report" "$WHOLE.json"
}

ledger() {
	awk '{ print "mount", $4, $5, $6 }' /proc/self/mountinfo
	find /sys/fs/cgroup/twinbox /sys/fs/cgroup/compare -type d 2>/dev/null | sed 's/^/cgroup /'
	ip -o link show | awk -F': ' '{ print "link", $2 }'
	find /run/twinbox /run/crun /run/runc -mindepth 1 2>/dev/null | sed 's/^/state /'
	find /tmp -maxdepth 1 -name 'twinbox-compare.*'
	find /proc/[0-9]*/exe -maxdepth 0 -printf '%l\n' 2>/dev/null |
		sed -n 's/.*\/\(cbox\|gobox\|crun\|runc\|compare\)\( (deleted)\)*$/process \1/p'
}

# expect STATUS COMMAND...: stdout in $out, stderr in $err.
expect() {
	local want=$1 got=0
	shift
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || got=$?
	out=$(<"$BATS_TEST_TMPDIR/out")
	err=$(<"$BATS_TEST_TMPDIR/err")
	[ "$got" = "$want" ] && return 0
	printf '%s\nended %s, not %s\nstdout: %s\nstderr: %s\n' "$*" "$got" "$want" "$out" "$err"
	return 1
}

# changed FILTER: the default spec with a change, as a file.
changed() {
	jq "$1" shared/specs/full.json >"$BATS_TEST_TMPDIR/spec.json"
	echo "$BATS_TEST_TMPDIR/spec.json"
}

observe() { "$compare" observe --quick --column "$1" --spec "$2" >"$3"; }

@test "cbox and gobox match in every fact, crun and runc but for declared differences" {
	cat "$WHOLE.err"
	sed -n '/^Does not match/,/^$/p' "$WHOLE.out"
	[ "$(<"$WHOLE.status")" = 0 ]
	[ "$(jq -c .columns "$WHOLE.json")" = '["cbox","gobox","bridge","crun","runc"]' ]
	[ "$(jq .summary.mismatches "$WHOLE.json")" = 0 ]
	[ "$(jq .summary.facts "$WHOLE.json")" -ge 100 ]
	# No declaration has outlived the difference it was for.
	[ ! -s "$WHOLE.err" ]
}

@test "a container of an ordinary user matches the others in the same way" {
	expect 0 "$compare" run --quick --spec shared/specs/rootless.json --columns cbox,gobox,crun,runc
	tail -n 1 <<<"$out" | grep -Ex '[0-9]{3} facts, 0 mismatches'
}

@test "a whole run leaves the machine as it was" {
	diff "$BATS_FILE_TMPDIR/before" "$BATS_FILE_TMPDIR/after"
}

@test "the last line counts" {
	tail -n 1 "$WHOLE.out" | grep -Ex "$(jq .summary.facts "$WHOLE.json") facts, 0 mismatches"
	[ "$(jq '.facts | length' "$WHOLE.json")" = "$(jq .summary.facts "$WHOLE.json")" ]
}

@test "every group is there, every fact is whole" {
	run jq -r '[.facts[].group] | unique | join(" ")' "$WHOLE.json"
	[ "$output" = 'cgroup exec identity lifecycle mounts namespace privileges process veth' ]
	run jq -r '.columns as $c | .facts[] | select((.title.ja | length) == 0 or
		(.title.en | length) == 0 or (.values | keys_unsorted) != $c or
		(.match | type) != "boolean") | .id' "$WHOLE.json"
	[ -z "$output" ]
	run jq -r '[.facts[].id] | group_by(.)[] | select(length > 1)[0]' "$WHOLE.json"
	[ -z "$output" ]
}

@test "the program's facts and shared/facts.json are the same" {
	jq -r '(.facts + .skipped)[].id' "$WHOLE.json" >"$BATS_TEST_TMPDIR/ids"
	# Every id has exactly one entry, and every entry has a fact.
	jq -rn --rawfile ids "$BATS_TEST_TMPDIR/ids" --slurpfile list shared/facts.json '
		def meets($id): if contains("*") then
			split("*") as [$a, $b] | ($id | startswith($a) and endswith($b))
			else . == $id end;
		($ids | split("\n") | map(select(. != ""))) as $ids | $list[0] as $list |
		($ids[] | . as $id | [$list[].id | select(meets($id))] |
			select(length != 1) | "not listed once: \($id)"),
		($list[].id | . as $entry | [$ids[] | . as $id | select($entry | meets($id))] |
			select(length == 0) | "nothing is read for: \($entry)")' >"$BATS_TEST_TMPDIR/wrong"
	cat "$BATS_TEST_TMPDIR/wrong"
	[ ! -s "$BATS_TEST_TMPDIR/wrong" ]
}

@test "the network answers and the limits bite" {
	run jq -r '.facts[] | select(.id | test("^veth.answers|^cgroup.bites")) |
		"\(.id): \(.values.gobox)"' "$WHOLE.json"
	[ "$output" = "cgroup.bites.memory.status: ended 137
cgroup.bites.memory.oom_kill: counted
cgroup.bites.pids.reached: exactly pids.max
cgroup.bites.pids.events: counted
cgroup.bites.cpu.throttled: rises
cgroup.bites.cpu.share: within a quarter of 20%
veth.answers.http: 200, the page of the rootfs
veth.answers.echo: every byte
veth.answers.to_host_source: the container's address
veth.answers.to_host: every byte, and back" ]
}

@test "values are what the spec asks for, not merely equal" {
	value() { jq -r --arg id "$1" '.facts[] | select(.id == $id).values.cbox' "$WHOLE.json"; }
	[ "$(value cgroup.memory.max)" = 52428800 ]
	[ "$(value cgroup.cpu.max)" = '20000 100000' ]
	[ "$(value namespace.pid.is)" = new ]
	[ "$(value namespace.pid.init)" = 1 ]
	[ "$(value namespace.uts.nodename)" = full ]
	[ "$(value veth.container.address)" = 10.200.1.2/24 ]
	[ "$(value veth.container.peer)" = 'its peer' ]
	[ "$(value mounts.root.writability)" = read-only ]
	[ "$(value process.descriptors)" = '0 1 2' ]
	[ "$(value lifecycle.missing.status)" = 127 ]
}

@test "observe and diff name exactly the fact that a changed spec changes" {
	observe cbox shared/specs/full.json "$BATS_TEST_TMPDIR/a.json"
	observe cbox shared/specs/full.json "$BATS_TEST_TMPDIR/b.json"
	expect 0 "$compare" diff "$BATS_TEST_TMPDIR/a.json" "$BATS_TEST_TMPDIR/b.json"
	[ -z "$out" ]

	observe cbox "$(changed '.process.oomScoreAdj = 101')" "$BATS_TEST_TMPDIR/b.json"
	expect 1 "$compare" diff "$BATS_TEST_TMPDIR/a.json" "$BATS_TEST_TMPDIR/b.json"
	[ "$out" = privileges.oom_score_adj ]

	observe cbox "$(changed '.hostname = "other"')" "$BATS_TEST_TMPDIR/b.json"
	expect 1 "$compare" diff "$BATS_TEST_TMPDIR/b.json" "$BATS_TEST_TMPDIR/a.json"
	[ "$out" = namespace.uts.nodename ]

	observe cbox "$(changed '.veth.mtu = 1400')" "$BATS_TEST_TMPDIR/b.json"
	expect 1 "$compare" diff "$BATS_TEST_TMPDIR/a.json" "$BATS_TEST_TMPDIR/b.json"
	[ "$out" = $'veth.host.mtu\nveth.container.mtu' ]
}

# A runtime that does it another way: the program beside compare that is called gobox is a script.
@test "a gobox that leaves one thing out makes compare end with 1 and name it" {
	local dir=$BATS_TEST_TMPDIR/house
	mkdir -p "$dir/build/bin" "$dir/shared/specs"
	cp build/bin/compare build/bin/cbox "$dir/build/bin"
	cp shared/specs/full.json "$dir/shared/specs"
	jq '.process.noNewPrivileges = false' shared/specs/full.json >"$dir/broken.json"
	cat >"$dir/build/bin/gobox" <<-EOF
		#!/bin/bash
		args=("\$@")
		for i in "\${!args[@]}"; do
			[ "\${args[i]}" != --spec ] || args[i + 1]=$dir/broken.json
		done
		exec $top/build/bin/gobox "\${args[@]}"
	EOF
	chmod +x "$dir/build/bin/gobox"
	expect 1 "$dir/build/bin/compare" run --quick --columns cbox,gobox --rootfs build/rootfs
	[ "${out##*$'\n'}" = "$(jq .summary.facts "$dir/$report") facts, 1 mismatches" ]
	[ "$(jq -r '.facts[] | select(.match | not) | "\(.id) \(.values.cbox) \(.values.gobox)"' \
		"$dir/$report")" = 'privileges.no_new_privs 1 0' ]
	[ "$(sed -n '/^Does not match/{n;n;p}' <<<"$out")" = '      privileges.no_new_privs' ]
}

@test "languages: titles change, the last line does not" {
	expect 0 env LC_ALL=ja_JP.UTF-8 "$compare" run --quick --columns cbox,gobox
	grep -q '^名前空間 (' <<<"$out"
	[[ ${out##*$'\n'} == *' facts, 0 mismatches' ]]
	! grep -q $'\033' <<<"$out"
}

@test "--format json prints the report that it wrote" {
	expect 0 "$compare" run --quick --columns cbox,gobox --format json
	diff <(jq -S . <<<"$out") <(jq -S . "$report")
}

@test "a reference that is asked for alone runs too" {
	expect 0 "$compare" run --quick --columns crun,runc
	[ "$(jq -c .columns "$report")" = '["crun","runc"]' ]
}

@test "a saved result goes nowhere else, and two of them are merged" {
	cp "$WHOLE.json" "$report"
	for name in one two; do
		expect 0 "$compare" run --quick --columns cbox,gobox --save "$BATS_TEST_TMPDIR/$name.json"
	done
	cmp "$WHOLE.json" "$report"
	expect 0 "$compare" merge "$BATS_TEST_TMPDIR/one.json" "$BATS_TEST_TMPDIR/two.json"
	tail -n 1 <<<"$out" | grep -Ex '[0-9]+ facts, 0 mismatches'
	run jq -c '.summary | [.runs, .mismatches, .different]' \
		<("$compare" merge --format json "$BATS_TEST_TMPDIR/one.json" "$BATS_TEST_TMPDIR/two.json")
	[ "$output" = '[2,0,0]' ]
	expect 2 "$compare" merge
	expect 2 "$compare" merge "$BATS_TEST_TMPDIR/one.json" "$BATS_TEST_TMPDIR/one.json"
	expect 2 "$compare" run --quick --save "$BATS_TEST_TMPDIR/no/such/directory.json"
}

@test "what cannot run ends with 2 and says why" {
	expect 2 "$compare" run --columns cbox,podman
	[ "$err" = 'compare: no column is called "podman"
hint: columns are cbox, gobox, bridge, crun, runc' ]
	expect 2 env LC_ALL=ja_JP.UTF-8 "$compare" run --columns cbox,podman
	[ "$err" = 'compare: no column is called "podman"
hint: 使える列は cbox, gobox, bridge, crun, runc です' ]
	expect 2 "$compare" run --columns cbox,cbox
	[ "$err" = 'compare: column cbox is named twice' ]
	expect 2 "$compare" run --matrix --format html
	head -n 1 <<<"$err" | grep -Fx 'compare: no such format: html'
	expect 2 "$compare" run --format xml
	expect 2 "$compare" run --nonsense
	expect 2 "$compare" run --spec /no/such/file
	[[ $err == 'compare: finding the spec /no/such/file: No such file'* ]]
	expect 2 "$compare" run --rootfs /no/such/directory
	expect 2 "$compare" observe
	expect 2 "$compare" diff one
	expect 2 "$compare" nonsense
	expect 2 "$compare"
	echo '{' >"$BATS_TEST_TMPDIR/broken.json"
	expect 2 "$compare" run --spec "$BATS_TEST_TMPDIR/broken.json"
}

@test "output that cannot be written is a failure, whatever was to be printed" {
	local saved=$BATS_TEST_TMPDIR/saved.json words
	to_full() { "$compare" "$@" >/dev/full; }
	jq '.summary.mismatches = 1' "$WHOLE.json" >"$saved"
	observe cbox shared/specs/full.json "$BATS_TEST_TMPDIR/a.json"
	jq '.facts[0].value = "other"' "$BATS_TEST_TMPDIR/a.json" >"$BATS_TEST_TMPDIR/b.json"
	for words in --help --version facts report "merge $saved" "merge --format json $saved" \
		"merge --format html $saved" "diff $BATS_TEST_TMPDIR/a.json $BATS_TEST_TMPDIR/b.json" \
		"observe --quick --column cbox" "run --quick --columns cbox,gobox" \
		"run --quick --columns cbox,gobox --format json" \
		"run --quick --columns cbox,gobox --format html" \
		"trace --spec shared/specs/01-pid.json" "trace --spec shared/specs/01-pid.json --format json"; do
		# shellcheck disable=SC2086 # words, parted by spaces
		expect 2 to_full $words
		[ "$err" = 'compare: writing the output: No space left on device (ENOSPC)' ]
	done
	# Nothing was to be printed.
	expect 0 to_full diff "$BATS_TEST_TMPDIR/a.json" "$BATS_TEST_TMPDIR/a.json"
	# The cause comes first, and alone.
	expect 2 to_full merge /no/such/file
	[[ $err == 'compare: /no/such/file:'* && $err != *ENOSPC* ]]
}

@test "a container that cannot start is no comparison: 2, with the runtime's own words" {
	expect 2 "$compare" run --quick --columns cbox,gobox --spec "$(changed '.linux.seccomp = {}')"
	[[ $err == *'column cbox: '*'linux.seccomp: not supported by this runtime'* ]]
}

@test "two at a time would get in each other's way: the second is refused" {
	expect 2 flock build/compare/lock "$compare" run --quick
	[[ $err == 'compare: another compare is running here'* ]]
}

@test "a spec without a /dev of its own runs without the references, which would spoil the rootfs" {
	local before
	before=$(ls -lAR build/rootfs/dev)
	expect 0 "$compare" run --quick --spec shared/specs/01-pid.json
	[ "$(jq -c .columns "$report")" = '["cbox","gobox","bridge"]' ]
	grep -q '^crun: not run: this spec has no mount namespace' <<<"$out"
	[ "$(ls -lAR build/rootfs/dev)" = "$before" ]
	expect 2 "$compare" run --quick --spec shared/specs/01-pid.json --columns crun
}

@test "stopped by SIGINT or SIGTERM it cleans up" {
	local signal pid before
	before=$(ledger)
	for signal in INT TERM; do
		# The shell would start a job in the background with SIGINT ignored.
		setsid env --default-signal=INT "$compare" run --columns cbox,gobox \
			>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
		pid=$!
		until [ -d /sys/fs/cgroup/twinbox/full ]; do sleep 0.01; done
		kill -"$signal" "$pid"
		wait "$pid" && return 1
		diff <(echo "$before") <(ledger)
	done
}
