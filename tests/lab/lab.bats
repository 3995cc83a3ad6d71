#!/usr/bin/env bats
# The throw-away machine itself: what is in it, what comes out of it, and that
# it says so when it fails.

# Boots by KVM are decided once, not in the middle of a measurement.
setup_file() {
	infra/lab/lab run -- true
}

# A word on the machine's command line tells its process from others'.
setup() {
	word=lab.test=$BATS_TEST_NUMBER.$$.$RANDOM
	export LAB_APPEND=$word TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
}

# No machine and no temporary file stays, whatever the test was about.
teardown() {
	local left
	tmux -L "$word" kill-server 2>/dev/null || true
	for _ in $(seq 20); do
		left=$(pgrep -f "$word"; find "$TMPDIR" -mindepth 1)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	echo "left: $left"
	return 1
}

# lab COMMAND...: sets out, err and status.
lab() {
	status=0
	infra/lab/lab run "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	out=$(<"$BATS_TEST_TMPDIR/out")
	err=$(<"$BATS_TEST_TMPDIR/err")
	echo "status $status"
	echo "$out"
	echo "$err"
}

@test "a run leaves no directory behind" {
	lab -- sh -c "exit 0 # $word"
	[ "$status" = 0 ]
	! grep -sl "$word" build/lab/run.*/job
}

@test "root, all controllers, the same directory, and a private machine" {
	lab -- sh -c 'id -u; cat /sys/fs/cgroup/cgroup.controllers; pwd; hostname
		ip -br link show lo; infra/lab/place'
	[ "$status" = 0 ]
	[ "$(sed -n 1p "$BATS_TEST_TMPDIR/out")" = 0 ]
	for controller in cpuset cpu io memory pids; do
		sed -n 2p "$BATS_TEST_TMPDIR/out" | grep -qw "$controller"
	done
	[ "$(sed -n 3p "$BATS_TEST_TMPDIR/out")" = "$PWD" ]
	[ "$(sed -n 4p "$BATS_TEST_TMPDIR/out")" = twinbox-lab ]
	sed -n 5p "$BATS_TEST_TMPDIR/out" | grep -q UP
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = native ]
}

@test "the two streams stay apart and whole" {
	lab -- sh -c 'seq 50000; seq 50001 60000 >&2'
	[ "$status" = 0 ]
	cmp "$BATS_TEST_TMPDIR/out" <(seq 50000)
	cmp "$BATS_TEST_TMPDIR/err" <(seq 50001 60000)
}

@test "an exit status of 7 comes through, and words with blanks" {
	lab -- sh -c 'printf "%s|" "$@"; exit 7' sh 'a  b' "it's" '$x' ''
	[ "$status" = 7 ]
	[ "$out" = "a  b|it's|\$x||" ]
}

@test "a command ended by a signal is 128 and the signal's number" {
	lab -- sh -c 'kill -TERM $$'
	[ "$status" = 143 ]
}

@test "a command that is not there is 127" {
	lab -- no-such-command
	[ "$status" = 127 ]
}

@test "build/ is the host's, everything else is thrown away" {
	local name=lab-test.$$
	lab -- sh -c "echo kept >build/$name; touch /$name tests/$name"
	[ "$status" = 0 ]
	[ "$(<"build/$name")" = kept ]
	rm "build/$name"
	[ ! -e "/$name" ]
	[ ! -e "tests/$name" ]
}

@test "a command that takes too long is ended with 124" {
	lab --timeout 2 -- sleep 1000
	[ "$status" = 124 ]
	[[ $err == *"no end within 2 seconds: sleep 1000"* ]]
}

@test "a machine without its first program is a failed boot" {
	export LAB_APPEND="$word rdinit=/nothing-there" LAB_BOOT_TRIES=1
	lab -- true
	[ "$status" = 125 ]
	[[ $err == *'lab: the machine did not boot'* ]]
	[[ $err == *panic* ]]
}

@test "a machine that hangs is a failed boot" {
	export LAB_BOOT_SECONDS=1 LAB_BOOT_TRIES=2
	lab -- true
	[ "$status" = 125 ]
	[[ $err == *'did not boot within 1 seconds; trying again'* ]]
	[[ $err == *"did not boot within 1 seconds; the console's last lines"* ]]
}

@test "a machine that breaks down under the command is not a passed test" {
	lab -- sh -c 'echo c >/proc/sysrq-trigger'
	[ "$status" = 125 ]
	[[ $err == *'broke down before the command had ended'* ]]
	[[ $err == *sysrq* || $err == *'Kernel Offset'* ]]
}

@test "a machine that hangs under the command is not waited for" {
	export LAB_SILENT_SECONDS=12
	lab -- sh -c 'echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger'
	[ "$status" = 125 ]
	[[ $err == *'no sign of life for 12 seconds'* ]]
	lab -- sleep 15
	[ "$status" = 0 ]
}

@test "two machines at the same time" {
	infra/lab/lab run -- sh -c 'echo first' >"$BATS_TEST_TMPDIR/first" 3>&- &
	lab -- sh -c 'echo second'
	wait $!
	[ "$(<"$BATS_TEST_TMPDIR/first")" = first ]
	[ "$out" = second ]
}

@test "a killed script takes its machine with it, and the next run tidies up" {
	setsid infra/lab/lab run -- sleep 1000 "$word" >/dev/null 2>&1 3>&- &
	script=$!
	for _ in $(seq 100); do
		machine=$(pgrep -P "$script" -f qemu || true)
		[ -z "$machine" ] || break
		sleep 0.1
	done
	[ -n "$machine" ]
	kill -KILL "$script"
	for _ in $(seq 50); do
		[ -e "/proc/$machine" ] || break
		sleep 0.1
	done
	[ ! -e "/proc/$machine" ]
	# Its directory stays until the next run, which may be one of another suite beside this.
	lab -- true
	[ "$status" = 0 ]
	! grep -sl "$word" build/lab/run.*/job
}

@test "a terminal: the shell has job control and the terminal's size" {
	screen() { tmux -L "$word" capture-pane -p -t 0; }
	# shows PATTERN [COMMAND...]: waits until a line on the screen, or what COMMAND makes of the
	# screen, has it.
	shows() {
		local pattern=$1
		shift
		for _ in $(seq 300); do
			screen 2>/dev/null | grep . | "${@:-cat}" | grep -q "$pattern" && return
			sleep 0.1
		done
		screen
		return 1
	}
	# type_line TEXT: at the prompt, since what is typed before can get lost.
	type_line() {
		shows '# *$' tail -n 1
		tmux -L "$word" send-keys -t 0 "$1" Enter
	}
	tmux -L "$word" -f /dev/null new-session -d -x 97 -y 31 infra/lab/lab shell 3>&-
	type_line 'stty size'
	shows '^31 97'
	type_line "sh -c 'echo awake; exec sleep 1000'"
	shows '^awake'
	tmux -L "$word" send-keys -t 0 C-z
	shows 'Stopped.*sleep 1000'
	type_line 'kill -9 %1; exit; exit'
	for _ in $(seq 400); do
		tmux -L "$word" has-session 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

@test "a shell without a terminal is refused" {
	run infra/lab/lab shell </dev/null
	[ "$status" = 125 ]
	[[ $output == *'needs a terminal'* ]]
}

@test "a processor without a lab is told" {
	printf '#!/bin/sh\necho riscv64\n' >"$BATS_TEST_TMPDIR/uname"
	chmod +x "$BATS_TEST_TMPDIR/uname"
	PATH=$BATS_TEST_TMPDIR:$PATH run infra/lab/fetch
	[ "$status" = 1 ]
	[ "$output" = 'lab: no lab for riscv64; x86_64 and aarch64 have one' ]
}
