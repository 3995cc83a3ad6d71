#!/usr/bin/env bats
# What the commands print: on a full disk, on nothing, and the same from both.

load helper

# Each command that prints and changes nothing; doctor's status is the machine's affair.
printing=('--help' '--version' 'run --help' 'check --help' 'exec --help' 'init --help'
	'list --help' 'gc --help' 'doctor --help' "check $SPECS/plain.json"
	'check shared/specs/full.json' 'list' 'list --json' 'gc' 'gc --dry-run')

full_disk() {
	local words
	for words in "${printing[@]}" doctor; do
		# shellcheck disable=SC2086 # words, parted by spaces
		expect 125 to_full $words
		same "${box##*/}: writing the output: No space left on device (ENOSPC)" "$err"
	done
}
to_full() { "$box" "$@" >/dev/full; }
@test "output that cannot be written is a failure" { both full_disk; }

# What is opened next must not get the number of a stream.
no_stdout() {
	local words
	for words in "${printing[@]}"; do
		# shellcheck disable=SC2086
		expect 0 closed $words
		same "" "$err"
	done
	hold kept -- /bin/cat
	expect 0 closed list
	expect 0 closed gc
	grep -q '"name": "kept"' /run/twinbox/kept.json
	expect 0 let_go
}
closed() { "$box" "$@" <&- >&-; }
@test "closed streams are nobody's file" { both no_stdout; }

@test "both print the same, but for the name" {
	local words
	for words in "${printing[@]}"; do
		# shellcheck disable=SC2086
		"$CBOX" $words | sed "s/\b${CBOX##*/}\b/BOX/g" >"$BATS_TEST_TMPDIR/one"
		# shellcheck disable=SC2086
		"$GOBOX" $words | sed "/^  --via /d; s/\b${GOBOX##*/}\b/BOX/g" |
			diff --ignore-blank-lines "$BATS_TEST_TMPDIR/one" -
	done
	[ -s "$BATS_TEST_TMPDIR/one" ]
}
