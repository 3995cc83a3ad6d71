#!/usr/bin/env bats
# run -v, for reading along: why, the call, the result, the time; in colours on a terminal alone; in
# the reader's language, as the hints are.

load helper

setup() {
	ledger >"$BATS_TEST_TMPDIR/before"
	unset LC_ALL LC_MESSAGES LANG NO_COLOR
	export TERM=xterm
}

# told: what -v says, but for times and pids.
told() {
	run_box -v --name told -- /bin/true 2>&1 >/dev/null |
		sed -E 's/, [0-9]+ us$//; s/(pid[ =]|proc\/)[0-9]+/\1N/'
}

reads_along() {
	run_box -v --name told -- /bin/true 2>"$BATS_TEST_TMPDIR/lines"
	# Each stage begins with why and ends with its result; what it made and its time stand there.
	same 13 "$(grep -cE '^[a-z]+: (ok|ok, [0-9]+ us|ok \([^()]+\), [0-9]+ us)$' "$BATS_TEST_TMPDIR/lines")"
	same 13 "$(grep -vE ': (ok|  )' "$BATS_TEST_TMPDIR/lines" | grep -cE '^[a-z]+: [a-z].{10,}[a-z]$')"
	grep -qE '^namespaces: ok \(pid [0-9]+\), [0-9]+ us$' "$BATS_TEST_TMPDIR/lines"
	grep -qE '^exec: becomes the command$' "$BATS_TEST_TMPDIR/lines"
	expect 1 grep -n ': begin$' "$BATS_TEST_TMPDIR/lines"
	expect 1 grep $'\e' "$BATS_TEST_TMPDIR/lines"
}
@test "each stage is told with why, its calls, its result and its time" { both reads_along; }

@test "Japanese where the locale is, from both the same; the calls stay" {
	local box=$CBOX
	LANG=ja_JP.UTF-8 told >"$BATS_TEST_TMPDIR/ja"
	box=$GOBOX
	LANG=ja_JP.UTF-8 told | diff "$BATS_TEST_TMPDIR/ja" -
	told >"$BATS_TEST_TMPDIR/en"
	same 13 "$(grep -c ': 完了' "$BATS_TEST_TMPDIR/ja")"
	expect 1 grep -E ': (ok|begin)' "$BATS_TEST_TMPDIR/ja"
	diff <(grep ':   ' "$BATS_TEST_TMPDIR/en") <(grep ':   ' "$BATS_TEST_TMPDIR/ja")
	LC_ALL=C LANG=ja_JP.UTF-8 told | diff "$BATS_TEST_TMPDIR/en" -
}

# on_screen VARIABLE=VALUE...: what a terminal is shown.
on_screen() {
	env "$@" tests/e2e/on_terminal "$box" run --rootfs "$ROOTFS" --spec "$SPECS/plain.json" -v -- /bin/true </dev/null
}

coloured() {
	on_screen TERM=xterm >"$BATS_TEST_TMPDIR/shown"
	# Both processes tell in colours: cgroup is the parent's, mounts the child's.
	grep -q $'^\e\\[36mcgroup\e\\[0m: \e\\[32mok\e\\[0m' "$BATS_TEST_TMPDIR/shown"
	grep -q $'^\e\\[36mmounts\e\\[0m:   pivot_root' "$BATS_TEST_TMPDIR/shown"
	local setting
	for setting in NO_COLOR=1 TERM=dumb TERM=; do
		on_screen "$setting" >"$BATS_TEST_TMPDIR/shown"
		grep -q 'mounts:   pivot_root' "$BATS_TEST_TMPDIR/shown"
		expect 1 grep $'\e' "$BATS_TEST_TMPDIR/shown"
	done
	on_screen TERM=xterm NO_COLOR= | grep -q $'\e'
}
@test "colours on a terminal, and never with NO_COLOR" { both coloured; }

# A spec's words do what they like to a terminal: colour it, clear it, end the line.
spec_words() {
	local events=$BATS_TEST_TMPDIR/events
	expect 0 run_box --spec "$spec" -v --events "$events" -- /bin/true
	grep -qF 'mounts:   move_mount("/dev/a\x1b[31mb\xc2\x9bc\x0ad"' <<<"$err"
	printf '%s\n' "$err" >>"$events"
	expect 127 run_box --spec "$spec" --events "$events" -- $'/bin/\x7f\xc2\x9b'
	grep -qF '/bin/\u007f\u009b' "$events"
	expect 1 env LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$events"
	rm "$events"
}
@test "control characters of a spec are shown, not sent to the terminal" {
	spec=$BATS_TEST_TMPDIR/words.json
	sed '/"destination": "\/sys", /i { "destination": "/dev/a\\u001b[31mb\\u009bc\\nd", "type": "tmpfs", "source": "t" },' \
		"$SPECS/plain.json" >"$spec"
	grep -q u009b "$spec"
	both spec_words
}

# From both processes of run and from exec's: the second self of gobox begins without an environment.
japanese_hints() {
	export LANG=ja_JP.UTF-8
	local words='hint: コマンドはホストではなく rootfs の中で探します。'
	expect 127 run_box --name told -- /nowhere
	same 2 "$(wc -l <<<"$err")"
	grep -q "^${box##*/}: exec: .*: No such file or directory (ENOENT)$" <<<"$err"
	grep -q "^$words" <<<"$err"
	expect 125 "$box" run --rootfs /nowhere --spec "$SPECS/plain.json" -- /bin/true
	grep -q '^hint: make rootfs は build/rootfs に、' <<<"$err"
	hold told -- /bin/cat
	exec_by "$box"
	expect 127 "${exec[@]}" told -- /nowhere
	grep -q "^$words" <<<"$err"
	expect 0 let_go
	unset LANG
}
@test "hints are Japanese where the locale is, the error's first line never" { both japanese_hints; }
