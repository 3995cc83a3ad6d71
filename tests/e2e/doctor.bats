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
	same 12 "$(grep -cE '^(ok|fail)  ' "$BATS_TEST_TMPDIR/said.${box##*/}")"
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
	box=$(realpath "$box") said -C "$go/bin" PATH=. | grep -qxF "ok    Go: go1.99.1 (./go)"
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

# An ordinary user, whom only the lab can help, in a directory and with a PATH that a test fills.
ordinary() {
	ground=$(mktemp -d "$BATS_TEST_TMPDIR/ground.XXXXXX")
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" "$ground" 2>/dev/null || true
	mkdir -p "$ground"/{infra/lab,path,build/lab/{qemu,kernel}}
	cp "$box" "$ground/box"
	printf '#!/bin/sh\n' | tee "$ground/infra/lab/lab" >"$ground/path/apt-get"
	touch "$ground/build/lab/"{qemu/run,kernel/vmlinuz,initrd}
	chmod 755 "$ground"/{box,infra/lab/lab,path/apt-get}
}

# asks STATUS LAB LAST [VARIABLE=VALUE...]: its status, its line on the lab, its last line.
asks() {
	local status=$1 lab=$2 last=$3
	shift 3
	expect "$status" env -C "$ground" PATH="$ground/path" "$@" \
		/usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups ./box doctor
	grep -A1 -xE '(ok|fail)  +root.*' <<<"$out" | tail -n 1 | grep -q 'sudo'
	same "$lab" "$(grep -E '^(ok|fail)  +lab: ' <<<"$out")"
	same "$last" "$(tail -n 1 <<<"$out")"
}

lab_only() {
	local last='lab: containers with limits run in the lab; make compare and make lab boot it'
	ordinary
	asks 0 'ok    lab: build/lab' "$last"
	asks 0 'ok    lab: build/lab' 'lab: 制限付きのコンテナを、lab で動かせます。make compare と make lab が起動します' \
		LANG=ja_JP.UTF-8
	rm "$ground/build/lab/kernel/vmlinuz"
	asks 0 'ok    lab: no build/lab/kernel/vmlinuz yet, apt-get fetches it' "$last"
}
@test "where only the lab can run it: 0, and what fails here stays visible" { both lab_only; }

nowhere() {
	local last='nowhere: no container with limits can run; the cures are above'
	ordinary
	rm "$ground/build/lab/initrd" "$ground/path/apt-get"
	asks 1 'fail  lab: no build/lab/initrd yet, apt-get is missing and cannot fetch it' "$last"
	grep -A1 '^fail  lab' <<<"$out" | grep -qF 'cure: in the directory of twinbox'
	asks 1 'fail  lab: build/lab/initrd がまだありません。apt-get もないので取得できません' \
		'nowhere: 制限付きのコンテナを動かせる場所がありません。直し方は上にあります' LANG=ja_JP.UTF-8
	rm "$ground/infra/lab/lab" # an installed one knows this machine only
	asks 1 "fail  lab: no infra/lab/lab here: not the directory of twinbox's sources" "$last"
}
@test "where nothing can run it: 1" { both nowhere; }
