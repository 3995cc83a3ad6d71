#!/usr/bin/env bats
# process.terminal in a real terminal (tmux): job control, Ctrl-C, window size, and the caller's
# settings as they were after any end.

load helper

teardown() {
	# A test that failed half-way left its terminal open.
	tmux -L "${socket:-none}" kill-server 2>/dev/null || true
	unchanged
}

screen() { tmux -L "$socket" capture-pane -p -t box; }
type_in() { tmux -L "$socket" send-keys -t box "$@"; }
shows() { screen | grep -qE -- "$1"; }

# shows_last PATTERN: the last line that is not empty.
shows_last() { screen | sed '/^ *$/d' | tail -n 1 | grep -qE -- "$1"; }

# outer_shell: a terminal with a shell in it, at its prompt.
outer_shell() {
	socket=twinbox-$$-$RANDOM
	tmux -L "$socket" -f /dev/null new-session -d -s box -x 90 -y 30 \
		"env PS1='outer> ' HISTFILE= bash --norc --noprofile" 3>&-
	await shows_last 'outer>'
	type_in "settings=\$(stty -g)" Enter
}

open_terminal() {
	outer_shell
	type_in "clear; $box run --rootfs $ROOTFS --spec $SPECS/plain.json --name tty; echo ended \$?" Enter
	await shows_last '^/ # *$'
}

close_terminal() {
	type_in 'clear; [ "$(stty -g)" = "$settings" ] && echo as before' Enter
	await shows '^as before'
	tmux -L "$socket" kill-server
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
	type_in 'clear; sleep 1000' Enter
	await pgrep -fx 'sleep 1000'
	type_in C-c
	await shows_last '^/ # *$'
	type_in 'echo was $?' Enter
	await shows '^was 130'
	type_in 'clear; sleep 1000' Enter
	await pgrep -fx 'sleep 1000'
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
