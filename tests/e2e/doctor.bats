#!/usr/bin/env bats
# doctor: a line a check, below a failing one its cure; the same from both, in either language.

load helper

setup() {
	ledger >"$BATS_TEST_TMPDIR/before"
	unset LC_ALL LC_MESSAGES LANG
}

# said VARIABLE=VALUE...: what $box says; its status is the machine's affair.
said() { env "$@" "$box" doctor || true; }

same_words() {
	said LANG="$1" >"$BATS_TEST_TMPDIR/said.${box##*/}"
	same 11 "$(grep -cE '^(ok|fail)  ' "$BATS_TEST_TMPDIR/said.${box##*/}")"
	same "$(grep -c '^fail' "$BATS_TEST_TMPDIR/said.${box##*/}" || true)" \
		"$(grep -c "^      $2: ." "$BATS_TEST_TMPDIR/said.${box##*/}" || true)"
}
@test "both say the same, and each failing line has its cure" {
	both same_words C cure
	diff "$BATS_TEST_TMPDIR/said.${CBOX##*/}" "$BATS_TEST_TMPDIR/said.${GOBOX##*/}"
	both same_words ja_JP.UTF-8 直し方
	diff "$BATS_TEST_TMPDIR/said.${CBOX##*/}" "$BATS_TEST_TMPDIR/said.${GOBOX##*/}"
	grep -q カーネル "$BATS_TEST_TMPDIR/said.${CBOX##*/}"
}

tools() {
	said PATH=/nowhere | grep -A1 -F 'fail  tools: ip missing, strace missing' |
		grep -qF 'cure: sudo apt-get install iproute2 strace'
}
@test "tools that are not in PATH" { both tools; }

go_version() {
	local go=$BATS_TEST_TMPDIR/go
	mkdir -p "$go/bin"
	printf '#!/bin/sh\n' >"$go/bin/go"
	chmod +x "$go/bin/go"
	echo go1.99.1 >"$go/VERSION"
	said PATH="$go/bin" | grep -qxF "ok    Go: go1.99.1 ($go/bin/go)"
	echo go1.21.9 >"$go/VERSION"
	expect 1 grep -F "$go" <(said PATH="$go/bin")
	rm -r "$go"
}
@test "the Go is one that is new enough" { both go_version; }

stale() {
	hold left -- /bin/cat
	kill -KILL "$runtime_pid"
	expect 137 let_go
	said | grep -A1 '^fail  stale containers: left$' | grep -q 'cure: cbox gc, or gobox gc'
	"$box" gc
	said | grep -qx 'ok    stale containers: none'
}
@test "what a killed runtime left" { both stale; }

ordinary() {
	cp "$box" "$BATS_TEST_TMPDIR/box"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/box"
	expect 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$BATS_TEST_TMPDIR/box" doctor
	grep -A1 -x 'fail  root: user 65534' <<<"$out" | grep -qF 'cure: run it with sudo'
	grep -qx 'a container with limits cannot run here' <<<"$out"
	rm "$BATS_TEST_TMPDIR/box"
}
@test "without root no container with limits can run: 1" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" 2>/dev/null || true
	both ordinary
}
