#!/usr/bin/env bats
# `run`, from the command line's side: streams, exit status, files, signals.

load helper

status_of() { expect "$1" run_box -- /bin/sh -c "$2"; }

exit_status() {
	status_of 0 'exit 0'
	status_of 7 'exit 7'
	status_of 255 'exit 255'
	hold killed -- /bin/cat
	kill -KILL "$pid"
	expect 137 let_go
}
@test "exit status is the command's own" { both exit_status; }

not_found() {
	expect 127 run_box -- /bin/nope
	same "${box##*/}: exec: executing /bin/nope: No such file or directory (ENOENT)" "${err%%$'\n'*}"
	expect 127 run_box -- nope
	expect 126 run_box -- /etc/passwd
	same "${box##*/}: exec: executing /etc/passwd: Permission denied (EACCES)" "${err%%$'\n'*}"
	expect 126 run_box -- /etc
}
@test "127 not found, 126 cannot be executed" { both not_found; }

streams() {
	local bytes
	bytes=$(head -c 200000 /dev/urandom | tee "$BATS_TEST_TMPDIR/bytes" | sha256sum)
	same "$bytes" "$(run_box -- /bin/cat <"$BATS_TEST_TMPDIR/bytes" | sha256sum)"
	expect 0 run_box -- /bin/sh -c 'echo to-out; echo to-err >&2'
	same to-out "$out"
	same to-err "$err"
}
@test "streams pass as they are where there is no terminal" { both streams; }

closed_streams() {
	expect 0 run_box -- /bin/sh -c 'ls -l /proc/self/fd | grep -c /dev/null' <&- 
	[ "$out" -ge 1 ]
	run_box -- /bin/true <&- >&- 2>&-
}
@test "closed standard streams become /dev/null, never a descriptor of the runtime" { both closed_streams; }

inside() {
	expect 0 run_box -- /bin/sh -c 'echo $$; hostname; pwd; id -u; tail -n 1 /proc/self/cgroup; env | sort; umask'
	same "1
box
/
0
0::/
HOME=/root
PATH=/usr/sbin:/usr/bin:/sbin:/bin
TERM=xterm
0022" "$(grep -v -e '^SHLVL=' -e '^PWD=' <<<"$out")"
}
@test "the command sees its own pid, host name, cgroup and environment" { both inside; }

descriptors() {
	expect 0 run_box -- /bin/ls /proc/self/fd 7</etc/hostname 9</ 11>/dev/null
	same "0 1 2 3" "$(tr '\n' ' ' <<<"$out" | sed 's/ $//')"
}
@test "no descriptor of the caller gets in (3 is the ls's own)" { both descriptors; }

signals() {
	local want
	for want in TERM:143 INT:130 HUP:129 USR1:138; do
		# The trap is set when the shell has made its child; `wait` is what a trap interrupts.
		hold sig -- /bin/sh -c "trap 'exit ${want#*:}' ${want%:*}; sleep 1000 & wait"
		await pgrep -P "$pid" >/dev/null
		kill -s "${want%:*}" "$runtime_pid"
		expect "${want#*:}" let_go
	done
}
@test "signals go on to the command" { both signals; }

pid_file() {
	hold pf -- /bin/cat
	same "$(<"/proc/$pid/comm")" cat
	same 1 "$(awk '/^NSpid/ { print $NF }' "/proc/$pid/status")"
	let_go
	[ ! -e "$BATS_TEST_TMPDIR/pf.pid" ]
	echo 1 >"$BATS_TEST_TMPDIR/taken"
	expect 125 run_box --pid-file "$BATS_TEST_TMPDIR/taken" -- /bin/true
	same "${box##*/}: creating pid file $BATS_TEST_TMPDIR/taken: File exists (EEXIST)" "$err"
	same 1 "$(<"$BATS_TEST_TMPDIR/taken")"
	rm "$BATS_TEST_TMPDIR/taken"
}
@test "--pid-file names the first process and goes with it" { both pid_file; }

events() {
	rm -f "$BATS_TEST_TMPDIR/events"
	expect 0 run_box --events "$BATS_TEST_TMPDIR/events" -- /bin/true
	sed 's/{"time":[0-9]*,//; s/,"facts".*//' "$BATS_TEST_TMPDIR/events" >"$BATS_TEST_TMPDIR/events.${box##*/}"
	# The clock is one for both processes, so the lines are in the order of time.
	sed 's/{"time":\([0-9]*\),.*/\1/' "$BATS_TEST_TMPDIR/events" | sort -n -c
	same 26 "$(wc -l <"$BATS_TEST_TMPDIR/events")"
}
@test "--events tells every stage's begin and end, the same from both" {
	both events
	diff "$BATS_TEST_TMPDIR/events.${CBOX##*/}" "$BATS_TEST_TMPDIR/events.${GOBOX##*/}"
}

verbose() {
	expect 0 run_box -v --name told -- /bin/true
	sed 's/[0-9][0-9]* us/N us/; s/\/proc\/[0-9]*/\/proc\/PID/; s/pid [0-9]*/pid N/' <<<"$err" \
		>"$BATS_TEST_TMPDIR/told.${box##*/}"
	grep -q 'clone3' "$BATS_TEST_TMPDIR/told.${box##*/}"
	grep -q 'pivot_root' "$BATS_TEST_TMPDIR/told.${box##*/}"
}
@test "-v tells the same calls in the same words" {
	both verbose
	diff "$BATS_TEST_TMPDIR/told.${CBOX##*/}" "$BATS_TEST_TMPDIR/told.${GOBOX##*/}"
}

no_pivot() {
	expect 0 run_box --no-pivot -- /bin/sh -c 'ls / | head -1; cat /proc/mounts | wc -l; ls -a /..  | wc -l; ls -a / | wc -l'
	same bin "${out%%$'\n'*}"
	same "$(sed -n 3p <<<"$out")" "$(sed -n 4p <<<"$out")"
}
@test "--no-pivot: the same root without pivot_root" { both no_pivot; }

refused() {
	expect 125 run_box --rootfs /nonexistent -- /bin/true
	same "${box##*/}: option --rootfs is given twice" "${err%%$'\n'*}"
	expect 125 "$box" run --spec "$SPECS/plain.json" --rootfs /nonexistent -- /bin/true
	same "${box##*/}: rootfs /nonexistent: No such file or directory (ENOENT)" "${err%%$'\n'*}"
	expect 125 "$box" run --spec "$SPECS/plain.json" --rootfs / -- /bin/true
	expect 125 "$box" run --spec "$SPECS/plain.json" --rootfs "$SPECS/plain.json" -- /bin/true
	same "${box##*/}: rootfs $SPECS/plain.json: Not a directory (ENOTDIR)" "${err%%$'\n'*}"
	expect 125 run_box --name ../up -- /bin/true
	expect 125 run_box --name cgroup.procs -- /bin/true
	same "${box##*/}: cgroup: creating cgroup /twinbox/cgroup.procs: File exists (EEXIST)
hint: that is one of the kernel's files; choose another --name or linux.cgroupsPath" "$err"
}
@test "what cannot work is refused before anything is made" { both refused; }

# within DIRECTORY ARG...: `run` there. To a shell the working directory is the link that it was entered
# through, and $PWD says so to whoever believes it.
within() {
	local program=$PWD/$box via=()
	[[ $box != /* ]] || program=$box
	[ -z "$VIA" ] || [ "$box" != "$GOBOX" ] || via=(--via "$VIA")
	(cd "$1" && export PWD && exec "$program" run "${via[@]}" "${@:2}")
}

linked_cwd() {
	local spec=$top/$SPECS/plain.json in=$BATS_TEST_TMPDIR
	expect 0 within "$in/link" --spec "$spec" --rootfs ../rootfs -- /bin/cat /which
	same right "$out"
	expect 0 within "$in/link" --spec "$spec" --rootfs .././deep/../rootfs/ -- /bin/cat /which
	same right "$out"
	expect 0 within "$in/link" --spec ../config.json -- /bin/cat /which
	same right "$out"
	expect 0 within "$in/link/rootfs" --spec "$spec" --rootfs . -- /bin/cat /which
	same right "$out"
	expect 125 within "$in/link" --spec "$spec" --rootfs ../wrong -- /bin/true
	same "${box##*/}: rootfs ../wrong: No such file or directory (ENOENT)" "${err%%$'\n'*}"
	expect 125 within "$in/top" --spec "$spec" --rootfs . -- /bin/true
	same "${box##*/}: rootfs .: the host's own root cannot be a rootfs" "$err"
	expect 125 within "$in/top" --spec "$spec" --rootfs .. -- /bin/true
	same "${box##*/}: rootfs ..: the host's own root cannot be a rootfs" "$err"
}
@test "a relative rootfs is the kernel's, whatever link the working directory was entered through" {
	mkdir -p "$BATS_TEST_TMPDIR/real/deep" "$BATS_TEST_TMPDIR/rootfs" "$BATS_TEST_TMPDIR/wrong"
	cp -a "$ROOTFS" "$BATS_TEST_TMPDIR/real/rootfs"
	echo right >"$BATS_TEST_TMPDIR/real/rootfs/which"
	ln -s real/deep "$BATS_TEST_TMPDIR/link"
	ln -s ../rootfs "$BATS_TEST_TMPDIR/real/deep/rootfs"
	ln -s / "$BATS_TEST_TMPDIR/top"
	sed 's|"path": "[^"]*"|"path": "rootfs"|' "$SPECS/plain.json" >"$BATS_TEST_TMPDIR/real/config.json"
	both linked_cwd
}

lazy_reader() {
	# head goes away after one line; the runtime must clean up all the same.
	run_box -- /bin/sh -c 'yes | head -n 100000' | head -n 1 >/dev/null
}
@test "a reader that goes away leaves nothing behind" { both lazy_reader; }

# A zombie has ended too; who reaps it is the machine's affair.
ended() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

runtime_killed() {
	hold orphan -- /bin/cat
	kill -KILL "$runtime_pid"
	expect 137 let_go
	await ended "$pid"
	[ -e /run/twinbox/orphan.json ]
	expect 0 "$other" list
	grep -q '^orphan .* stale' <<<"$out"
	expect 0 "$other" gc
	[ ! -e /run/twinbox/orphan.json ]
}
@test "a killed runtime takes its container along; the other runtime's gc removes the rest" {
	both runtime_killed
}

rerun_after_kill() {
	hold again -- /bin/cat
	kill -KILL "$runtime_pid"
	expect 137 let_go
	await ended "$pid"
	"$other" run --rootfs "$ROOTFS" --spec "$SPECS/plain.json" --name again -- /bin/true
}
@test "the next run of a name collects what a killed runtime left" { both rerun_after_kill; }

taken() {
	hold one -- /bin/cat
	expect 125 "$other" run --rootfs "$ROOTFS" --spec "$SPECS/plain.json" --name one -- /bin/true
	same File "$(grep -o -m1 'File exists (EEXIST)' <<<"$err" | cut -d' ' -f1)"
	expect 0 "$other" list
	grep -q "^one .*$pid.* running" <<<"$out"
	expect 0 "$other" gc
	[ -e "/proc/$pid" ]
	let_go
}
@test "a name in use is refused, listed, and untouched by gc" { both taken; }

# glibc's own two signals can be inherited as ignored, too: a process started them so.
all_signals() {
	expect 0 "${ignoring[@]}" "$box" run --rootfs "$ROOTFS" --spec "$SPECS/plain.json" -- \
		/bin/grep SigIgn /proc/self/status
	same 0000000000000000 "${out##*$'\t'}"
}
@test "no signal is ignored from the start, whatever the caller ignores" {
	local ignoring=(python3 -c 'if True:
		import ctypes, os, signal, sys
		signal.signal(signal.SIGHUP, signal.SIG_IGN)
		ignore = (ctypes.c_uint64 * 4)(1, 0x4000000, 0, 0)
		number = {"x86_64": 13, "aarch64": 134}[os.uname().machine]
		for s in (32, 33):
			assert ctypes.CDLL(None).syscall(number, s, ignore, None, 8) == 0
		os.execvp(sys.argv[1], sys.argv[1:])')
	both all_signals
}

# The first look finds no mount point, and by the time it is made it is there: another container on
# this rootfs was faster.
made_meanwhile() {
	local mounts=('') cwd=(/raced/cwd / /) i
	mounts[1]='{ "destination": "/raced/dir", "type": "tmpfs", "source": "tmpfs" }'
	mounts[2]="{ \"destination\": \"/raced/file\", \"type\": \"bind\", \"source\": \"$top/VERSION\", \"options\": [\"bind\"] }"
	rm -rf "$BATS_TEST_TMPDIR/rootfs"
	cp -a "$ROOTFS" "$BATS_TEST_TMPDIR/rootfs"
	mkdir -p "$BATS_TEST_TMPDIR/rootfs/raced/dir" "$BATS_TEST_TMPDIR/rootfs/raced/cwd"
	touch "$BATS_TEST_TMPDIR/rootfs/raced/file"
	for i in 0 1 2; do
		cat >"$BATS_TEST_TMPDIR/raced.json" <<-END
			{ "ociVersion": "1.0.2", "root": { "path": "rootfs" },
			  "process": { "args": ["/bin/sh"], "cwd": "${cwd[i]}" }, "mounts": [ ${mounts[i]} ],
			  "linux": { "namespaces": [ { "type": "mount" } ] } }
		END
		# Leaks cannot be looked for in what is traced.
		expect 0 env ASAN_OPTIONS=detect_leaks=0:exitcode=99 \
			strace -f -qq -o "$BATS_TEST_TMPDIR/raced" -e trace=openat2 \
			-e inject=openat2:error=ENOENT:when=1 "$box" run --spec "$BATS_TEST_TMPDIR/raced.json" -- /bin/true
		grep -q 'raced.*INJECTED' "$BATS_TEST_TMPDIR/raced"
	done
}
@test "a mount point or cwd that another container makes at the same time" { both made_meanwhile; }

# user_spec UID [NAMESPACE MAPS]: the plain one with a command of that user.
user_spec() {
	sed "s/\"terminal\": true,/\"user\": { \"uid\": $1, \"gid\": $1 },/
		s/\"namespaces\": \[/&${2:-}/; s/\"resources\": {}/&${3:-}/; s|../../../build|$top/build|" \
		"$SPECS/plain.json" >"$BATS_TEST_TMPDIR/who.json"
}

# The pipes of this test are root's; each stream is opened by its name.
opens_streams() {
	local all='cat /dev/stdin; echo out >/dev/stdout; echo err >/dev/stderr' exec name
	user_spec 1234
	same $'in\nout\nerr' "$(echo in | run_box --spec "$BATS_TEST_TMPDIR/who.json" -- /bin/sh -c "$all" 2>&1 | cat)"
	hold user --spec "$BATS_TEST_TMPDIR/who.json" -- /bin/cat
	exec_by "$other"
	same $'in\nout\nerr' "$(echo in | "${exec[@]}" user -- /bin/sh -c "$all" 2>&1 | cat)"
	expect 0 let_go
	# What has a name stays whose it was.
	for name in file null fifo; do
		run_box --spec "$BATS_TEST_TMPDIR/who.json" -- /bin/true <>"$BATS_TEST_TMPDIR/$name" 1<>"$BATS_TEST_TMPDIR/$name"
		same "$name 0" "$name $(stat -c %u "$BATS_TEST_TMPDIR/$name")"
	done
	# Root of a user namespace may not give away what is not its own.
	user_spec 1234 '{ "type": "user" },' \
		"$(printf ', "%sMappings": [{ "containerID": 0, "hostID": 100000, "size": 65536 }]' uid gid)"
	same 1234 "$(run_box --spec "$BATS_TEST_TMPDIR/who.json" -- /bin/id -u | cat)"
}
@test "a command that is not root can open its streams by name" {
	mknod -m 666 "$BATS_TEST_TMPDIR/null" c 1 3
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	touch "$BATS_TEST_TMPDIR/file"
	both opens_streams
}

# What is made for the container does not depend on the caller's umask; what is the caller's does.
narrow_umask() {
	local mask=$1 exec
	user_spec 1234
	umask "$mask"
	hold masked --spec "$BATS_TEST_TMPDIR/who.json" -- /bin/sh -c 'ls /sys/fs/cgroup >/dev/null && umask && exec cat'
	umask 022
	same "755 755" "$(stat -c %a /sys/fs/cgroup/twinbox /sys/fs/cgroup/twinbox/masked | xargs)"
	same 600 "$(stat -c %a /run/twinbox/masked.json)"
	same "$(printf %o $((0644 & ~mask)))" "$(stat -c %a "$BATS_TEST_TMPDIR/masked.pid")"
	exec_by "$other"
	umask "$mask"
	same 0022 "$("${exec[@]}" masked -- /bin/sh -c umask)"
	umask 022
	expect 0 let_go
	same 0022 "$(<"$BATS_TEST_TMPDIR/masked.out")"
}
@test "the caller's umask is the pid file's, not the container's" {
	both narrow_umask 077
	both narrow_umask 0
}

# Go takes memory as it goes and ends without it; a limit that leaves none is for the command alone.
little_memory() {
	local spec exec more
	exec_by "$box"
	for spec in "$BATS_TEST_TMPDIR"/RLIMIT_*.json; do
		for more in 1 2 3 4; do
			echo "${spec##*/}, $more"
			expect 7 run_box --spec "$spec" -- sh -c 'exit 7'
			expect 7 run_box --spec "$spec" -v --events /dev/null -- sh -c 'exit 7'
			expect 127 run_box --spec "$spec" -- nosuch
			same "${box##*/}: exec: executing nosuch: No such file or directory (ENOENT)" \
				"${err%%$'\n'*}"
		done
		hold little --spec "$spec" -- cat
		expect 7 "${exec[@]}" little -- sh -c 'exit 7'
		expect 127 "${exec[@]}" little -- nosuch
		let_go
	done
}
@test "RLIMIT_AS and RLIMIT_DATA limit the command, not the way to it" {
	python3 - "$SPECS/plain.json" "$top/$ROOTFS" "$BATS_TEST_TMPDIR" <<-'END'
		import json, sys
		spec = json.load(open(sys.argv[1]))
		spec["root"]["path"] = sys.argv[2]
		directories = [f"/opt/{i}/bin" for i in range(40)] + ["/usr/bin", "/bin"]
		spec["process"]["env"] = ["PATH=" + ":".join(directories), "BIG=" + "x" * 100000]
		for limit, mib in ("RLIMIT_AS", 256), ("RLIMIT_AS", 16), ("RLIMIT_DATA", 4):
		    spec["process"]["rlimits"] = [{"type": limit, "soft": mib << 20, "hard": mib << 20}]
		    json.dump(spec, open(f"{sys.argv[3]}/{limit}_{mib}.json", "w"))
	END
	both little_memory
}
