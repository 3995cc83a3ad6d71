#!/usr/bin/env bats
# Signals at moments that are not the ordinary ones: while starting, from a write of the runtime's
# own, and with what the caller had them set to.

load helper

# Without a pid namespace: the first process has no protection from signals that it does not handle.
bare_spec() {
	sed 's/{ "type": "pid" }, //' "$SPECS/plain.json" >"$BATS_TEST_TMPDIR/bare.json"
	cmp -s "$SPECS/plain.json" "$BATS_TEST_TMPDIR/bare.json" && return 1
	sed -i "s|\"path\": \"[^\"]*\"|\"path\": \"$top/$ROOTFS\"|" "$BATS_TEST_TMPDIR/bare.json"
}

# The whole process group is signalled, as by Ctrl-C: that the child gets none of it is a part.
while_starting() {
	local i delay got
	for ((i = 0; i < 50; i++)); do
		printf -v delay '0.%04d' $((i * 5))
		"$box" run --spec "$SPECS/plain.json" --rootfs "$ROOTFS" -- /bin/true \
			</dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- &
		sleep "$delay"
		kill -TERM -- "-$!" 2>/dev/null || true
		got=0
		wait $! || got=$?
		# Before it has made anything the runtime is ended by it; then the command is asked, and
		# a first process of a pid namespace that does not handle it goes on.
		[ "$got" = 0 ] || [ "$got" = 143 ] || {
			echo "after $delay s: status $got"
			cat "$BATS_TEST_TMPDIR/err"
			return 1
		}
	done
}
@test "SIGTERM at any moment of the start leaves nothing" {
	set -m # a process group for each job
	both while_starting
}

reader_gone() {
	local want=$1 reader
	shift
	rm -f "$BATS_TEST_TMPDIR/fifo"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	head -n 1 "$BATS_TEST_TMPDIR/fifo" >/dev/null 3>&- &
	reader=$!
	expect "$want" run_box --spec "$BATS_TEST_TMPDIR/bare.json" \
		--events "$BATS_TEST_TMPDIR/fifo" "$@"
	wait "$reader"
}
events_reader() {
	reader_gone 0 -- /bin/true
	reader_gone 127 -- /bin/nope
	same "${box##*/}: exec: executing /bin/nope: No such file or directory (ENOENT)" "${err%%$'\n'*}"
}
@test "a reader of --events that goes away changes nothing for the command" {
	bare_spec
	both events_reader
}

# -v on a pipe that nobody reads, to the line before execve(2).
verbose_reader() {
	rm -f "$BATS_TEST_TMPDIR/got"
	{
		run_box --spec "$BATS_TEST_TMPDIR/bare.json" -v -- /bin/sh -c 'exit 9' 2>&1 >/dev/null ||
			echo $? >"$BATS_TEST_TMPDIR/got"
	} | head -n 1 >/dev/null
	same 9 "$(<"$BATS_TEST_TMPDIR/got")"
}
@test "a reader of -v that goes away changes nothing for the command" {
	bare_spec
	both verbose_reader
}

# The command is gone by then, and with it all that was made.
message_unread() {
	local pipe
	exec {pipe}> >(:)
	wait $!
	expect 141 with_errors_to "$pipe" -- /bin/nope
	exec {pipe}>&-
}
with_errors_to() {
	env --default-signal=PIPE "$box" run --spec "$SPECS/plain.json" --rootfs "$ROOTFS" "${@:2}" 2>&"$1"
}
@test "an error that nobody reads ends the runtime as it ends any program" { both message_unread; }

file_size() {
	head -c 2000 /dev/zero >"$BATS_TEST_TMPDIR/events"
	# The runtime's own limit, and one that the container gets.
	expect 3 limited "$BATS_TEST_TMPDIR/bare.json"
	expect 3 run_box --spec "$BATS_TEST_TMPDIR/small.json" --events "$BATS_TEST_TMPDIR/events" -- \
		/bin/sh -c 'exit 3'
	expect 127 run_box --spec "$BATS_TEST_TMPDIR/small.json" \
		--events "$BATS_TEST_TMPDIR/events" -- /bin/nope
}
limited() (
	ulimit -f 1
	exec_box --spec "$1" --events "$BATS_TEST_TMPDIR/events" -- /bin/sh -c 'exit 3'
)
@test "RLIMIT_FSIZE makes --events shorter, not the run" {
	bare_spec
	sed 's/"noNewPrivileges"/"rlimits": [{ "type": "RLIMIT_FSIZE", "soft": 0, "hard": 0 }], &/' \
		"$BATS_TEST_TMPDIR/bare.json" >"$BATS_TEST_TMPDIR/small.json"
	grep -q FSIZE "$BATS_TEST_TMPDIR/small.json"
	both file_size
}

ignored_child() {
	expect 5 env --ignore-signal=CHLD "$box" run --spec "$SPECS/plain.json" --rootfs "$ROOTFS" -- \
		/bin/sh -c 'exit 5'
}
@test "a caller that ignores SIGCHLD still gets the exit status" { both ignored_child; }

# The command has its signals as a new session has them, whatever the caller ignores or blocks.
as_new() {
	expect 0 env --ignore-signal=TERM,INT,PIPE,USR1 --block-signal=USR2,ALRM \
		"$box" run --spec "$SPECS/plain.json" --rootfs "$ROOTFS" -- \
		/bin/grep -E '^Sig(Blk|Ign|Cgt|Pnd):|^ShdPnd' /proc/self/status
	same "SigPnd:	0000000000000000
ShdPnd:	0000000000000000
SigBlk:	0000000000000000
SigIgn:	0000000000000000
SigCgt:	0000000000000000" "$out"
}
@test "the command begins with every signal at its default" { both as_new; }

# Waiting for the words of a spec, with nothing made.
ended_by() {
	local fifo=$BATS_TEST_TMPDIR/spec signal reader writer got
	ulimit -c 0
	mkfifo "$fifo"
	for signal in QUIT USR1 USR2 ALRM IO PWR TERM; do
		env --default-signal "$box" check "$fifo" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
		reader=$!
		exec {writer}>"$fifo"
		kill -s "$signal" "$reader"
		exec {writer}>&-
		got=0
		wait "$reader" || got=$?
		same "$signal: $((128 + $(kill -l "$signal")))" "$signal: $got"
		same '' "$(<"$BATS_TEST_TMPDIR/said")"
	done
	rm "$fifo"
}
@test "a signal ends the other commands, without a word" { both ended_by; }

# As ulimit -t raises the first, long into a container's life.
own_limits() {
	local signal
	hold limits -- /bin/cat
	for signal in XCPU VTALRM PROF XFSZ PIPE; do
		kill -s "$signal" "$runtime_pid"
	done
	expect 0 let_go
}
@test "what the runtime's own limits raise does not end it" { both own_limits; }

under_nohup() {
	trap '' HUP
	hold deaf -- /bin/sh -c "trap 'exit 129' HUP; cat"
	trap - HUP
	kill -HUP "$runtime_pid"
	# A signal that comes after it and is handed on tells that this one was not.
	sleep 0.2
	kill -0 "$runtime_pid"
	expect 0 let_go
}
@test "under nohup a hang-up is not handed on" { both under_nohup; }
