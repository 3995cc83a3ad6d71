#!/usr/bin/env bats
# A machine on which something does not work: full, read-only, frozen.

load helper

# full DIRECTORY: what is written there finds no room. emptied ends that.
full() {
	mount -t tmpfs -o size=4k,mode=700 full "$1"
	head -c 4096 /dev/zero >"$1/filler"
}
emptied() { umount "$1"; }

# No room for the state: refused before anything is made.
state_full() {
	full /run/twinbox
	local got=0
	expect 125 run_box --name crowded -- /bin/true || got=1
	emptied /run/twinbox
	[ "$got" = 0 ]
	[[ "$err" == "${box##*/}: "*"No space left on device (ENOSPC)"* ]] || same ENOSPC "$err"
	same 1 "$(grep -vc ^hint: <<<"$err")"
}
@test "no room for the state file: refused, with nothing made" { both state_full; }

# No room for the pid file or the events.
files_full() {
	local room=$BATS_TEST_TMPDIR/room got=0
	mkdir -p "$room"
	full "$room"
	expect 125 run_box --name crowded --pid-file "$room/pid" -- /bin/true || got=1
	[[ "$err" == "${box##*/}: "*"$room/pid: No space left on device (ENOSPC)"* ]] || got=1
	[ ! -e "$room/pid" ] || got=1
	emptied "$room"
	[ "$got" = 0 ] || same ENOSPC "$err"
}
@test "no room for the pid file: told, and the container is ended" { both files_full; }

# The cgroup tree of this mount namespace alone.
cgroups_read_only() {
	mount -o bind,remount,ro /sys/fs/cgroup
	local got=0
	expect 125 run_box --name fixed -- /bin/true || got=1
	mount -o bind,remount,rw /sys/fs/cgroup
	[ "$got" = 0 ]
	[[ "$err" == "${box##*/}: cgroup: "*"Read-only file system (EROFS)"* ]] || same EROFS "$err"
}
@test "a read-only cgroup tree: refused, with nothing left" { both cgroups_read_only; }

# gc cannot remove the cgroup and says so; the state stays for the gc that can.
read_only_at_the_end() {
	hold fixed -- /bin/cat
	mount -o bind,remount,ro /sys/fs/cgroup
	local got=0
	expect 125 let_go || got=1
	expect 125 "$other" gc || got=1
	mount -o bind,remount,rw /sys/fs/cgroup
	[ "$got" = 0 ]
	[ -e /run/twinbox/fixed.json ]
	expect 0 "$other" gc
	same "fixed: removed cgroup, state file" "$out"
}
@test "a cgroup tree that becomes read-only: told, and gc removes the rest when it can" {
	both read_only_at_the_end
}

is_frozen() { grep -qx 'frozen 1' "$1/cgroup.events"; }
has_processes() { [ "$(find "$1" -name cgroup.procs -exec cat {} + | wc -l)" = "$2" ]; }
# The child is there, and its parent waits for it: a thread in poll(2) or ppoll(2), or still in the
# clone3(2) of Go, which comes back with the child's execve(2) (CLONE_VFORK).
waits_with() { has_processes "$1" "$2" && grep -qE '^(7|271|73|435) ' "/proc/$3/task/"*/syscall; }
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

frozen() {
	local group=/sys/fs/cgroup/twinbox/ice
	hold ice -- /bin/cat
	echo 1 >"$group/cgroup.freeze"
	await is_frozen "$group"
	kill -KILL "$runtime_pid"
	expect 137 let_go
	await gone "$pid"
	expect 0 "$other" gc
	[ ! -e "$group" ]
}
@test "a frozen container ends with its runtime, and gc removes its cgroup" { both frozen; }

# Born into a frozen cgroup the first process does not begin, and its runtime waits for it; cbox has
# told it to go on by then.
begin_frozen() {
	parent=/sys/fs/cgroup/twinbox
	mkdir "$parent"
	echo 1 >"$parent/cgroup.freeze"
	exec_default --name ice -- /bin/echo ran </dev/null >"$BATS_TEST_TMPDIR/ice" 2>"$BATS_TEST_TMPDIR/ice.err" 3>&- &
	await waits_with "$parent" 1 "$!"
}
# What a shell begins in the background ignores SIGINT.
exec_default() {
	local via=()
	[ -z "$VIA" ] || [ "$box" != "$GOBOX" ] || via=(--via "$VIA")
	exec env --default-signal=INT "$box" run "${via[@]}" --rootfs "$ROOTFS" --spec "$SPECS/plain.json" "$@"
}

# Killed meanwhile, the runtime leaves a process that holds nothing back.
born_frozen() {
	local parent
	begin_frozen
	kill -KILL "$!"
	wait "$!" 2>/dev/null || same 137 "$?"
	expect 0 "$other" gc
	[[ "$out" == "ice: removed "*"cgroup, state file" ]] || same cgroup "$out"
	[ ! -e "$parent" ]
}
@test "a container born frozen whose runtime is killed is removed by gc while it is frozen" {
	both born_frozen
}

# Whatever the runtime had sent to it: nobody would look after the command.
thawed_alone() {
	local parent
	begin_frozen
	kill -KILL "$!"
	wait "$!" 2>/dev/null || same 137 "$?"
	echo 0 >"$parent/cgroup.freeze"
	await grep -qx 'populated 0' "$parent/cgroup.events"
	same "" "$(<"$BATS_TEST_TMPDIR/ice")"
	expect 0 run_by "$other" --name ice -- /bin/echo again
	same again "$out"
	[ ! -e "$parent" ]
}
run_by() {
	local box=$1
	run_box "${@:2}"
}
@test "a container born frozen whose runtime is killed does not run when it thaws; run takes its name" {
	both thawed_alone
}

ended_while_frozen() {
	local parent signal=$1 status=$2 got=0
	begin_frozen
	kill -"$signal" "$!"
	wait "$!" || got=$?
	same "$status" "$got"
	same "SIG$signal came before the command ran" "$(sed 's/.*: //' "$BATS_TEST_TMPDIR/ice.err")"
	[ ! -e "$parent" ]
}
@test "SIGTERM, SIGINT and SIGHUP end a runtime that waits for a frozen container" {
	both ended_while_frozen TERM 143
	both ended_while_frozen HUP 129
	both ended_while_frozen INT 130
}

# The signal comes before the first process is there, too early to end that one. Some kernels end who
# is born into a cgroup that was ended before, but not where as much has happened to the caller's own,
# as here for Go's own handler, which ends that cgroup.
signal_at_birth() {
	local parent=/sys/fs/cgroup/twinbox once=/sys/fs/cgroup/once report=$BATS_TEST_TMPDIR/report site
	traced
	same "exit 0" "$(sed -n 's/^end\t//p' "$report")"
	# The last pipe2(2) before the clone3(2) with CLONE_INTO_CGROUP.
	site=$(awk -F'\t' -v OFS='\t' '$2 == "runtime" && $4 == "pipe2" { last = $2 OFS $4 OFS $5 OFS $6 }
		$2 == "runtime" && $4 == "clone3" && $5 ~ /^0x2/ { print last; exit }' "$report")
	mkdir "$parent" "$once"
	echo 1 >"$parent/cgroup.freeze"
	echo 1 >"$once/cgroup.kill"
	(
		[ "$box" = "$CBOX" ] || [ -n "$VIA" ] || echo "$BASHPID" >"$once/cgroup.procs"
		traced --at "$site" --do signal=runtime:15
	)
	rmdir "$once"
	same "exit 143" "$(sed -n 's/^end\t//p' "$report")"
	same "SIGTERM came before the command ran" "$(sed 's/.*: //' "$BATS_TEST_TMPDIR/ice.err")"
	[ ! -e "$parent" ]
}
# traced WORDS: a run under tests/fault/inject.c. Below a tracer LeakSanitizer cannot look for leaks.
traced() {
	local via=()
	[ -z "$VIA" ] || [ "$box" != "$GOBOX" ] || via=(--via "$VIA")
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 \
		build/fault/inject --report "$report" "$@" -- "$box" run "${via[@]}" --rootfs "$ROOTFS" \
		--spec "$SPECS/plain.json" --name ice -- /bin/echo ran \
		</dev/null >"$BATS_TEST_TMPDIR/ice" 2>"$BATS_TEST_TMPDIR/ice.err" 3>&-
}
@test "a signal just before the first process is born frozen ends the runtime too" {
	both signal_at_birth
}

# The same of a command that comes into a container which is frozen already.
enter_frozen() {
	local group=/sys/fs/cgroup/twinbox/ice signal entering got exec=()
	hold ice -- /bin/cat
	echo 1 >"$group/cgroup.freeze"
	await is_frozen "$group"
	exec_by "$box"
	for signal in TERM KILL; do
		"${exec[@]}" ice -- /bin/echo ran </dev/null >"$BATS_TEST_TMPDIR/in" 2>"$BATS_TEST_TMPDIR/in.err" 3>&- &
		entering=$! got=0
		await waits_with "$group" 2 "$entering"
		kill -"$signal" "$entering"
		wait "$entering" 2>/dev/null || got=$?
		same "$((128 + $(kill -l "$signal")))" "$got"
	done
	echo 0 >"$group/cgroup.freeze"
	await has_processes "$group" 1
	same "" "$(<"$BATS_TEST_TMPDIR/in")"
	let_go
}
@test "exec into a frozen container can be ended, and once killed does not run when it thaws" {
	both enter_frozen
}

# A container that a killed runtime left, and its state file changed by PYTHON: s is the object.
left_with() {
	hold bad -- /bin/cat
	kill -KILL "$runtime_pid"
	expect 137 let_go
	cp -p /run/twinbox/bad.json "$BATS_TEST_TMPDIR/good.json"
	python3 tests/lib/state.py /run/twinbox/bad.json "$1"
}
# refused WORDS: gc says that, nothing is removed; with the file as it was all is.
gc_refuses() {
	expect 125 "$box" gc
	[[ "$err" == "${box##*/}: "*"$1"* ]] || same "$1" "$err"
	[ -e /sys/fs/cgroup/twinbox/bad ]
	rm /run/twinbox/bad.json
	cp -p "$BATS_TEST_TMPDIR/good.json" /run/twinbox/bad.json
	expect 0 "$other" gc
	[ ! -e /sys/fs/cgroup/twinbox/bad ]
}
bad_files() {
	local file=/run/twinbox/bad.json
	left_with 's["version"] += 1'
	gc_refuses 'is not known'
	left_with 's["cgroup"] = "/../" + s["cgroup"]'
	gc_refuses 'is not what a runtime has written'
	left_with ''
	truncate -s 20 "$file"
	gc_refuses "$file"
	left_with ''
	chmod 666 "$file"
	gc_refuses 'is not safe to use'
	left_with ''
	chown 65534 "$file"
	gc_refuses 'is not safe to use'
	left_with ''
	mv "$file" "$BATS_TEST_TMPDIR/elsewhere"
	ln -s "$BATS_TEST_TMPDIR/elsewhere" "$file"
	gc_refuses 'ELOOP'
}
@test "a state file that is not a runtime's: told, and nothing is removed" { both bad_files; }

# The numbers of processes come back.
of_somebody_else() {
	local sleeper
	sleep 100 3>&- &
	sleeper=$!
	left_with "s['pid'], s['startTime'] = $sleeper, 1"
	expect 0 "$box" gc
	[[ "$out" != *process* ]] || same "no process" "$out"
	kill "$sleeper"
	wait "$sleeper" || same 143 "$?"
}
@test "gc leaves what is somebody else's: a process that has the number now" { both of_somebody_else; }

# A chroot(2) into a directory that is no mount: the kernel makes nothing private there. What the hint
# says is then done.
in_chroot() {
	local make_mount=$1
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --propagation private sh -ec '
		tree=$1 make_mount=$2
		shift 2
		mkdir "$tree"
		[ "$make_mount" = no ] || mount --bind "$tree" "$tree"
		for directory in /*; do
			[ -d "$directory" ] && [ ! -L "$directory" ] || continue
			mkdir "$tree$directory"
			mount --rbind "$directory" "$tree$directory"
		done
		for link in bin sbin lib lib64; do
			[ ! -L "/$link" ] || cp -a "/$link" "$tree/$link"
		done
		exec chroot "$tree" "$@"' in_chroot "$BATS_TEST_TMPDIR/tree" "$make_mount" \
		"$(realpath "$box")" run --rootfs "$PWD/$ROOTFS" --spec "$PWD/$SPECS/plain.json" -- /bin/echo in
}
chroot_tells() {
	expect 125 in_chroot no
	same "${box##*/}: mounts: making the mount namespace private: Invalid argument (EINVAL)
hint: / is not a mount here, as in a chroot; before the chroot: mount --bind DIR DIR" "$err"
	find "$BATS_TEST_TMPDIR/tree" -xdev -delete
	expect 0 in_chroot yes
	same in "$out"
	find "$BATS_TEST_TMPDIR/tree" -xdev -delete
}
@test "in a chroot that is no mount the hint says what to do, and that helps" { both chroot_tells; }
