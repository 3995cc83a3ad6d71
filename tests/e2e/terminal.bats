#!/usr/bin/env bats
# process.terminal in a real terminal (tmux): job control, Ctrl-C, window size, and the caller's
# settings as they were after any end.

load helper
load terminal

open_terminal() {
	outer_shell
	type_in "clear; $box run --rootfs $ROOTFS --spec $SPECS/plain.json --name tty; echo ended \$?" Enter
	await shows_last '^/ # *$'
}

a_tty() {
	open_terminal
	type_in 'clear; tty; stty size' Enter
	await shows '^/dev/pts/0'
	await shows '^30 90'
	tmux -L "$socket" resize-window -t box -x 101 -y 33
	type_in 'clear; stty size' Enter
	await shows '^33 101'
	type_in 'exit 5' Enter
	await shows '^ended 5'
	close_terminal
}
@test "a terminal of its own that follows the window" { both a_tty; }

job_control() {
	open_terminal
	type_in 'clear; /bin/sleep 1000' Enter
	await pgrep -fx '/bin/sleep 1000'
	type_in C-c
	await shows_last '^/ # *$'
	type_in 'echo was $?' Enter
	await shows '^was 130'
	type_in 'clear; /bin/sleep 1000' Enter
	await pgrep -fx '/bin/sleep 1000'
	type_in C-z
	await shows 'Stopped'
	type_in 'clear; bg; kill %1; wait; echo jobs gone' Enter
	await shows '^jobs gone'
	type_in C-d
	await shows '^ended'
	close_terminal
}
@test "Ctrl-C and Ctrl-Z reach the command, not the runtime" { both job_control; }

# From outside: the runtime told to end, and the command killed.
ended_from_outside() {
	local pid
	open_terminal
	pid=$(pgrep -f -- "^$box run .*--name tty")
	kill -TERM "$pid"
	# The shell of pid 1 ignores SIGTERM, as the kernel has it for a pid namespace's init.
	type_in 'clear; echo still here' Enter
	await shows '^still here'
	kill -KILL "$(pgrep -P "$pid")"
	await shows 'ended 137'
	close_terminal
}
@test "the terminal is restored when the command is killed" { both ended_from_outside; }

failing() {
	outer_shell
	type_in "clear; $box run --rootfs $ROOTFS --spec $SPECS/plain.json -- /bin/nope; echo ended \$?" Enter
	await shows '^ended 127'
	await shows 'exec: executing /bin/nope'
	close_terminal
}
@test "the terminal is restored when the command cannot start" { both failing; }

on_terminal=tests/e2e/on_terminal

every_line() {
	local i
	seq 1 20000 | sed 's/$/\r/' >"$BATS_TEST_TMPDIR/want"
	for ((i = 0; i < 50; i++)); do
		run_on_terminal /bin/sh -c 'seq 1 20000' </dev/null >"$BATS_TEST_TMPDIR/got"
		cmp "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/got"
	done
}
run_on_terminal() {
	"$on_terminal" "$box" run --rootfs "$ROOTFS" --spec "$SPECS/plain.json" -- "$@"
}
@test "what the command wrote last is shown, to the last line" { both every_line; }

# More than both buffers of a terminal hold, to a command that answers while it reads.
large_paste() {
	seq 1 60000 | head -c 300000 >"$BATS_TEST_TMPDIR/paste"
	timeout 20 "$on_terminal" --after ready "$box" run --rootfs "$ROOTFS" --spec "$SPECS/plain.json" -- \
		/bin/sh -c 'stty raw -echo; printf ready; head -c 300000' \
		<"$BATS_TEST_TMPDIR/paste" >"$BATS_TEST_TMPDIR/got"
	cmp "$BATS_TEST_TMPDIR/paste" <(tail -c +6 "$BATS_TEST_TMPDIR/got")
}
@test "a large paste and its echo do not stop each other" { both large_paste; }

# What comes after is more than the terminal holds, so somebody has to read on.
reopened() {
	seq 1 9000 | sed 's/$/\r/' >"$BATS_TEST_TMPDIR/want"
	timeout 20 "$on_terminal" "$box" run --rootfs "$ROOTFS" --spec "$SPECS/plain.json" -- \
		/bin/sh -c 'exec </dev/null >/dev/null 2>&1; sleep 0.2; exec >/dev/console; seq 1 9000' \
		</dev/null >"$BATS_TEST_TMPDIR/got"
	cmp "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/got"
}
@test "the terminal outlives a moment in which nobody has it open" { both reopened; }

# The shell of pid 1 is not ended by SIGHUP: that its terminal is gone it must see by reading.
window_closed() {
	local window runtime
	mkfifo "$BATS_TEST_TMPDIR/typing"
	run_on_terminal /bin/sh -c 'echo waiting; read -r line' \
		<>"$BATS_TEST_TMPDIR/typing" >"$BATS_TEST_TMPDIR/got" 3>&- &
	await grep -q waiting "$BATS_TEST_TMPDIR/got"
	window=$(pgrep -f "python3 $on_terminal")
	runtime=$(pgrep -P "$window")
	kill -KILL "$window"
	await ended "$runtime"
	rm "$BATS_TEST_TMPDIR/typing"
}
ended() { ! kill -0 "$1"; }
@test "a window that is closed hangs up the container's terminal" { both window_closed; }

output_gone() {
	timeout 20 "$on_terminal" /bin/bash -c "$box run --rootfs $ROOTFS --spec $SPECS/plain.json -- /bin/sh -c 'while echo more; do :; done' | head -n 1; echo \${PIPESTATUS[0]}" \
		</dev/null >"$BATS_TEST_TMPDIR/got"
	grep -q '^more' "$BATS_TEST_TMPDIR/got"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/got")" = 2 ]
}
@test "an output that nobody reads any more ends the terminal, too" { both output_gone; }
