# A real terminal (tmux) with a shell in it, for the tests of `run` and `exec`; after helper.bash.

teardown() {
	# A test that failed half-way left its terminal open.
	tmux -L "${socket:-none}" kill-server 2>/dev/null || true
	unchanged
}

# Its sockets are the test's own: a directory in /tmp would stay.
tmux() { TMUX_TMPDIR=$BATS_TEST_TMPDIR command tmux "$@"; }
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

close_terminal() {
	type_in 'clear; [ "$(stty -g)" = "$settings" ] && echo as before' Enter
	await shows '^as before'
	tmux -L "$socket" kill-server
}
