#!/usr/bin/env bats
# `exec` in a real terminal (tmux): one of the container's own, as `run` has it.

load helper
load terminal

# Each runtime enters a container of the other one.
open_terminal() {
	local holder=$other exec
	exec_by "$box"
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$holder" run --rootfs "$ROOTFS" --spec "${spec:-$SPECS/plain.json}" --name tty -- /bin/cat \
		<>"$BATS_TEST_TMPDIR/in" 3>&- &
	runtime_pid=$!
	await grep -qs '"spec"' /run/twinbox/tty.json
	outer_shell
	type_in "clear; ${exec[*]} tty; echo ended \$?" Enter
	await shows_last '^/ # *$'
}

let_container_go() {
	local status=0
	kill -KILL "$(pgrep -P "$runtime_pid" -x cat)"
	wait "$runtime_pid" || status=$?
	runtime_pid=
	same 137 "$status"
	rm "$BATS_TEST_TMPDIR/in"
}

a_tty() {
	open_terminal
	# The first process has none: this is the container's first.
	type_in 'clear; tty; stty size; ls -l /proc/self/fd/0' Enter
	await shows '^/dev/pts/0'
	await shows '^30 90'
	tmux -L "$socket" resize-window -t box -x 101 -y 33
	type_in 'clear; stty size' Enter
	await shows '^33 101'
	type_in 'exit 5' Enter
	await shows '^ended 5'
	close_terminal
	let_container_go
}
@test "a terminal of the container's own that follows the window" { both a_tty; }

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
	let_container_go
}
@test "Ctrl-C and Ctrl-Z reach the command, not the runtime" { both job_control; }

container_ends() {
	open_terminal
	let_container_go
	await shows 'ended 137'
	close_terminal
}
@test "the terminal is restored when the container ends" { both container_ends; }

failing() {
	local exec
	exec_by "$box"
	open_terminal
	type_in 'exit' Enter
	await shows '^ended 0'
	type_in "clear; ${exec[*]} tty -- /bin/nope; echo ended \$?" Enter
	await shows '^ended 127'
	await shows 'exec: executing /bin/nope'
	close_terminal
	let_container_go
}
@test "the terminal is restored when the command cannot start" { both failing; }

# A shell that is not the first process of its namespace ends by the hang-up itself.
window_closed() {
	local window runtime exec
	exec_by "$box"
	mkfifo "$BATS_TEST_TMPDIR/typing" "$BATS_TEST_TMPDIR/in"
	"$other" run --rootfs "$ROOTFS" --spec "$SPECS/plain.json" --name tty -- /bin/cat \
		<>"$BATS_TEST_TMPDIR/in" 3>&- &
	runtime_pid=$!
	await grep -qs '"spec"' /run/twinbox/tty.json
	tests/e2e/on_terminal "${exec[@]}" tty -- /bin/sh -c 'echo waiting; read -r line' \
		<>"$BATS_TEST_TMPDIR/typing" >"$BATS_TEST_TMPDIR/got" 3>&- &
	await grep -q waiting "$BATS_TEST_TMPDIR/got"
	window=$!
	runtime=$(pgrep -P "$window")
	kill -KILL "$window"
	await ended "$runtime"
	rm "$BATS_TEST_TMPDIR/typing" "$BATS_TEST_TMPDIR/got"
	let_container_go
}
ended() { ! kill -0 "$1"; }
@test "a window that is closed hangs up the command's terminal" { both window_closed; }

# Without a mount namespace, or without a devpts, it is one of the host's: no name in the container,
# but a terminal.
no_devpts() {
	local spec
	for spec in shared/specs/01-pid.json "$BATS_TEST_TMPDIR/bare.json"; do
		open_terminal
		type_in 'clear; stty size; [ -t 0 ] && echo a terminal' Enter
		await shows '^30 90'
		await shows '^a terminal'
		type_in 'exit 6' Enter
		await shows '^ended 6'
		close_terminal
		let_container_go
	done
}
@test "a container without a devpts gets a terminal all the same" {
	python3 -c 'import json, sys
s = json.load(open(sys.argv[1]))
s["root"]["path"] = sys.argv[3]
s["mounts"] = [m for m in s["mounts"] if not m["destination"].startswith("/dev")]
json.dump(s, open(sys.argv[2], "w"))' "$SPECS/plain.json" "$BATS_TEST_TMPDIR/bare.json" "$top/$ROOTFS"
	both no_devpts
}

# The container's /dev/pts in the place of which its root has put something else: no terminal of the
# host's, no file of the container's taken for one.
replaced() {
	local exec
	exec_by "$box"
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$other" run --rootfs "$ROOTFS" --spec "$SPECS/plain.json" --name tty -- /bin/cat \
		<>"$BATS_TEST_TMPDIR/in" 3>&- &
	runtime_pid=$!
	await grep -qs '"spec"' /run/twinbox/tty.json
	nsenter -t "$(pgrep -P "$runtime_pid" -x cat)" -m sh -c '
		umount /dev/pts && rmdir /dev/pts && ln -s /tmp/pts /dev/pts && mkdir /tmp/pts && mkfifo /tmp/pts/ptmx'
	timeout 20 tests/e2e/on_terminal "${exec[@]}" tty -- /bin/sh -c 'tty; [ -t 0 ] && echo a terminal' \
		</dev/null >"$BATS_TEST_TMPDIR/got"
	grep -q '^a terminal' "$BATS_TEST_TMPDIR/got"
	grep -q '^not a tty' "$BATS_TEST_TMPDIR/got"
	let_container_go
}
@test "a /dev/pts that the container has replaced is not followed" { both replaced; }
