#!/usr/bin/env bats
# `exec`, from the command line's side: a second process in a container that runs. Each test enters
# with both runtimes, and the container is the other one's every second time.

load helper

# both_ways FUNCTION: with each of $box, into a container of its own and of the other one.
both_ways() {
	both own "$1"
	both others "$1"
}
own() {
	local enterer=$box exec
	exec_by "$enterer"
	"$1"
}
others() {
	local enterer=$other exec
	exec_by "$enterer"
	echo "entered by ${exec[*]}:"
	"$1"
}
# hold_in ARG...: the container, $box's. enter ARG...: `exec` into it, by $enterer.
hold_in() { hold in "$@"; }
# Not for the background: there $! has to be the runtime itself.
enter() { "${exec[@]}" in "$@"; }
who() { echo "${enterer##*/}"; }

# edit_spec FROM TO PYTHON: FROM with the changes that PYTHON makes to s, and with our rootfs.
edit_spec() {
	python3 -c 'import json, sys
s = json.load(open(sys.argv[1]))
s["root"]["path"] = sys.argv[3]
exec(sys.argv[4])
json.dump(s, open(sys.argv[2], "w"))' "$1" "$2" "$top/$ROOTFS" "$3"
}

status_of() { expect "$1" enter -- /bin/sh -c "$2"; }

exit_status() {
	hold_in -- /bin/cat
	status_of 0 'exit 0'
	status_of 7 'exit 7'
	status_of 255 'exit 255'
	status_of 137 'kill -KILL $$'
	status_of 143 'kill -TERM $$'
	expect 127 enter -- /bin/nope
	same "$(who): exec: executing /bin/nope: No such file or directory (ENOENT)" "${err%%$'\n'*}"
	expect 127 enter -- nope
	expect 126 enter -- /etc/passwd
	same "$(who): exec: executing /etc/passwd: Permission denied (EACCES)" "${err%%$'\n'*}"
	expect 126 enter -- /etc
	expect 0 let_go
}
@test "exit status is the command's own; 127 not found, 126 cannot be executed" { both_ways exit_status; }

streams() {
	local bytes
	hold_in -- /bin/cat
	bytes=$(head -c 200000 /dev/urandom | tee "$BATS_TEST_TMPDIR/bytes" | sha256sum)
	same "$bytes" "$(enter -- /bin/cat <"$BATS_TEST_TMPDIR/bytes" | sha256sum)"
	expect 0 enter -- /bin/sh -c 'echo to-out; echo to-err >&2'
	same to-out "$out"
	same to-err "$err"
	expect 0 enter </dev/null
	same shell "$(echo 'echo shell' | enter)"
	enter -- /bin/true <&- >&- 2>&-
	expect 0 let_go
}
@test "streams pass as they are; without a command it is a shell" { both_ways streams; }

# What a process is, in lines that are the same for two processes of one container.
# shellcheck disable=SC2016 # for the container's shell
facts='for f in cgroup ipc mnt net pid pid_for_children time user uts; do
		echo "$f $(readlink /proc/self/ns/$f)"; done
	grep -E "^(Uid|Gid|Groups|NoNewPrivs|Seccomp|Cap...|Sig(Blk|Ign|Cgt)|Umask):" /proc/self/status
	cat /proc/self/limits /proc/self/oom_score_adj /proc/self/mountinfo /proc/self/uid_map /proc/self/gid_map
	grep 0:: /proc/self/cgroup
	pwd; hostname; env | grep -v -e ^SHLVL= -e ^PWD= | sort; ls -di /'

# The first process tells what it is once it is asked to, and then what entered does.
same_process() {
	hold_in "$@" -- /bin/sh -c "read -r line; $facts; echo told; cat"
	echo "go on" >&"$held"
	await grep -q '^told$' "$BATS_TEST_TMPDIR/in.out"
	grep -v '^told$' "$BATS_TEST_TMPDIR/in.out" >"$BATS_TEST_TMPDIR/first"
	expect 0 enter -- /bin/sh -c "$facts"
	diff "$BATS_TEST_TMPDIR/first" <(echo "$out")
	[ "$(wc -l <"$BATS_TEST_TMPDIR/first")" -gt 40 ]
	expect 0 let_go
}
plain_process() { same_process; }
@test "the second process is as the first: namespaces, ids, capabilities, limits, mounts, cgroup" {
	both_ways plain_process
}

rich_process() { same_process --spec "$BATS_TEST_TMPDIR/rich.json"; }
@test "so it is with a user, groups, capabilities, limits and a directory of the spec's" {
	edit_spec "$SPECS/plain.json" "$BATS_TEST_TMPDIR/rich.json" '
caps = ["CAP_KILL", "CAP_CHOWN"]
s["process"].update(cwd="/usr/bin", user={"uid": 1000, "gid": 100, "additionalGids": [5, 7]},
    capabilities={"bounding": caps + ["CAP_NET_RAW"], "permitted": caps, "effective": caps[:1],
        "inheritable": caps, "ambient": caps[:1]},
    rlimits=[{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}],
    noNewPrivileges=True, oomScoreAdj=321, env=["PATH=/bin:/usr/bin", "WHO=me", "EMPTY="])'
	both_ways rich_process
}

user_process() { same_process --spec "$BATS_TEST_TMPDIR/user.json"; }
@test "so it is in a user namespace" {
	edit_spec shared/specs/rootless.json "$BATS_TEST_TMPDIR/user.json" '
s["linux"]["uidMappings"] = s["linux"]["gidMappings"] = [
    {"containerID": 0, "hostID": 100000, "size": 65536}]
s["process"]["terminal"] = False'
	both_ways user_process
}

every_spec() {
	local spec
	for spec in shared/specs/*.json; do
		# Limits need their controllers: the suite `limits` has those.
		grep -q '"resources"' "$spec" && continue
		echo "$spec"
		hold_in --spec "$spec" -- /bin/cat
		status_of 42 'exit 42'
		same "$(namespaces_of "$pid")" "$(namespaces_of_entered)"
		expect 0 let_go
		specs=$((specs + 1))
	done
}
namespaces_of() { readlink "/proc/$1/ns/"{cgroup,ipc,mnt,net,pid,time,user,uts}; }
# From outside: without a mount namespace there is no /proc in it.
namespaces_of_entered() {
	local entered
	mkfifo "$BATS_TEST_TMPDIR/wait"
	"${exec[@]}" in -- /bin/cat <"$BATS_TEST_TMPDIR/wait" 3>&- &
	exec {waits}>"$BATS_TEST_TMPDIR/wait"
	# By its name: for a moment the one that joins is a child, too.
	await pgrep -P $! -x cat >/dev/null
	entered=$(pgrep -P $! -x cat)
	namespaces_of "$entered"
	exec {waits}>&-
	wait $!
	rm "$BATS_TEST_TMPDIR/wait"
}
@test "every example spec that needs no limits can be entered" {
	local specs=0
	both_ways every_spec
	same 20 "$specs"
}

# As an ordinary user, in a container of that user's.
rootless() {
	local run=$BATS_TEST_TMPDIR/user user
	mkdir -p "$run"
	chown 1000:1000 "$run"
	mkfifo "$run/in"
	user=(setpriv --reuid 1000 --regid 1000 --clear-groups env "XDG_RUNTIME_DIR=$run")
	"${user[@]}" "$box" run --rootfs "$ROOTFS" --spec shared/specs/rootless.json --name mine \
		-- /bin/cat <>"$run/in" 3>&- &
	await grep -qs '"spec"' "$run/twinbox/mine.json"
	expect 3 "${user[@]}" "${exec[@]}" mine -- /bin/sh -c 'id -u; readlink /proc/self/ns/net; exit 3' </dev/null
	same "0 $(readlink "/proc/$(pgrep -P $! -x cat)/ns/net")" "${out/$'\n'/ }"
	# A container is its user's own.
	expect 125 "${exec[@]}" mine -- /bin/true
	kill -KILL "$(pgrep -P $! -x cat)"
	wait $! || true
	same '' "$(find "$run/twinbox" -mindepth 1)"
	rm -r "$run"
}
@test "an ordinary user enters a container of that user's" {
	chmod 711 "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "${BATS_TEST_TMPDIR%/*/*}"
	both_ways rootless
}

signals() {
	local want status entering
	hold_in -- /bin/cat
	for want in TERM:15 INT:2 HUP:1 USR1:10 QUIT:3; do
		rm -f "$BATS_TEST_TMPDIR/got"
		"${exec[@]}" in -- /bin/sh -c "trap 'exit 9' ${want%:*}; echo ready; /bin/sleep 1000 & wait" \
			>"$BATS_TEST_TMPDIR/got" 3>&- &
		entering=$!
		await grep -q ready "$BATS_TEST_TMPDIR/got"
		await pgrep -P "$(pgrep -P "$entering" -x sh)" -x sleep >/dev/null
		kill -s "${want%:*}" "$entering"
		status=0
		wait "$entering" || status=$?
		same 9 "$status"
		"${exec[@]}" in -- /bin/sleep 1000 3>&- {held}>&- &
		entering=$!
		await pgrep -P "$entering" -x sleep
		kill -s "${want%:*}" "$entering"
		status=0
		wait "$entering" || status=$?
		same $((128 + ${want#*:})) "$status"
	done
	expect 0 let_go
}
@test "signals go on to the command" { both_ways signals; }

exec_killed() {
	local entering entered
	hold_in -- /bin/cat
	"${exec[@]}" in -- /bin/sleep 1000 3>&- {held}>&- &
	entering=$!
	await pgrep -P "$entering" -x sleep
	entered=$(pgrep -P "$entering" -x sleep)
	kill -KILL "$entering"
	wait "$entering" || true
	await ended "$entered"
	expect 0 enter -- /bin/true
	expect 0 let_go
}
ended() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
@test "a killed exec takes its command along, and only that" { both_ways exec_killed; }

container_ends() {
	local entering status=0
	hold_in -- /bin/cat
	"${exec[@]}" in -- /bin/sleep 1000 3>&- {held}>&- &
	entering=$!
	await pgrep -P "$entering" -x sleep
	expect 0 let_go
	wait "$entering" || status=$?
	same 137 "$status"
}
@test "a container that ends takes what entered along: 137" { both_ways container_ends; }

# At any moment of it: a status of its own, or the one sentence.
ends_meanwhile() {
	local i entering status
	for ((i = 0; i < 12; i++)); do
		hold_in -- /bin/cat
		"${exec[@]}" in -- /bin/sleep 1000 2>"$BATS_TEST_TMPDIR/said" 3>&- {held}>&- &
		entering=$!
		sleep "$(printf '0.%04d' $((i * 8)))"
		expect 0 let_go
		status=0
		wait "$entering" || status=$?
		[ "$status" = 137 ] && continue
		same 125 "$status"
		grep -qE ": (container in has ended|there is no container in)$" "$BATS_TEST_TMPDIR/said" || {
			cat "$BATS_TEST_TMPDIR/said"
			return 1
		}
	done
}
@test "a container that ends while it is entered is told as that" { both_ways ends_meanwhile; }

# From the first moment on: before the command runs there is nothing to enter, and it is waited for.
starting() {
	local i status runtime
	for ((i = 0; i < 8; i++)); do
		mkfifo "$BATS_TEST_TMPDIR/in.in"
		(exec_box --name in -- /bin/cat <>"$BATS_TEST_TMPDIR/in.in" 3>&-) &
		runtime=$!
		await test -e /run/twinbox/in.json
		# The rootfs is the container's: the host's own root has no such file.
		expect 0 enter -- /bin/sh -c 'cat /etc/hostname; readlink /proc/1/exe'
		same "$(<"$ROOTFS/etc/hostname") /bin/busybox" "$(tr '\n' ' ' <<<"$out" | sed 's/ $//')"
		kill -KILL "$(pgrep -P "$runtime" -x cat)"
		status=0
		wait "$runtime" || status=$?
		same 137 "$status"
		rm "$BATS_TEST_TMPDIR/in.in"
	done
}
@test "a container that is just starting is entered when it runs, never before" { both_ways starting; }

refused() {
	expect 125 enter -- /bin/true
	same "$(who): there is no container in
hint: \`$(who) list\` shows the containers of this user" "$err"
	hold_in -- /bin/cat
	kill -KILL "$runtime_pid"
	expect 137 let_go
	await ended "$pid"
	expect 125 enter -- /bin/true
	same "$(who): container in does not run any more
hint: its runtime was killed; \`$(who) gc\` removes what it left" "$err"
	expect 0 "$box" gc
	expect 125 "$box" exec
	expect 125 enter /bin/true
	same "$(who): unexpected argument /bin/true
hint: a command goes after --: $(who) exec in -- /bin/true" "$err"
}
@test "a container that is not there, or not any more, is refused with what to do" { both_ways refused; }

# What the container was started from may change or go: it is entered as it was started.
spec_gone() {
	sed "s|\"path\": \"[^\"]*\"|\"path\": \"$top/$ROOTFS\"|" "$SPECS/plain.json" >"$BATS_TEST_TMPDIR/gone.json"
	hold_in --spec "$BATS_TEST_TMPDIR/gone.json" -- /bin/cat
	mv "$BATS_TEST_TMPDIR/gone.json" "$BATS_TEST_TMPDIR/kept.json"
	expect 0 enter -- /bin/hostname
	same box "$out"
	tail -c "$(stat -c %s "$BATS_TEST_TMPDIR/kept.json")" /run/twinbox/in.json |
		cmp "$BATS_TEST_TMPDIR/kept.json"
	same 600 "$(stat -c %a /run/twinbox/in.json)"
	expect 0 let_go
	[ ! -e /run/twinbox/in.json ]
}
@test "the spec is kept with the state, whatever becomes of its file" { both_ways spec_gone; }

not_kept() {
	(
		ulimit -S -f 1
		hold_in -- /bin/cat
		expect 125 enter -- /bin/true
		same "$(who): container in was started without its spec kept" "${err%%$'\n'*}"
		expect 0 let_go
	)
}
@test "a spec that could not be kept ends no container, and is told" { both_ways not_kept; }

descriptors() {
	hold_in -- /bin/cat
	expect 0 enter -- /bin/ls /proc/self/fd 7</etc/hostname 9</ 11>/dev/null
	same "0 1 2 3" "$(tr '\n' ' ' <<<"$out" | sed 's/ $//')"
	# Not while it looks for its directory either: a link to a descriptor leads nowhere.
	expect 0 let_go
	hold_in --spec "$BATS_TEST_TMPDIR/cwd.json" -- /bin/cat
	nsenter -t "$pid" -m rmdir /tmp/work
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		nsenter -t "$pid" -m ln -sfn "/proc/self/fd/$fd" /tmp/work
		expect 125 enter -- /bin/pwd 7</etc 9</
		[[ "$err" == *"mounts: entering the working directory /tmp/work: "* ]]
	done
	# The streams are the caller's own; a directory among them is no way out.
	nsenter -t "$pid" -m ln -sfn /proc/self/fd/0 /tmp/work
	expect 125 enter -- /bin/pwd </
	same "$(who): mounts: the working directory /tmp/work is outside the rootfs" "$err"
	expect 0 let_go
}
@test "no descriptor of the host is open in it, and none can be walked through" {
	edit_spec "$SPECS/plain.json" "$BATS_TEST_TMPDIR/cwd.json" 's["process"]["cwd"] = "/tmp/work"'
	both_ways descriptors
}

# The program file of who enters, asked for by its own name: a sealed copy, never the file.
self_exe() {
	hold_in -- /bin/cat
	status=0
	enter -- /proc/self/exe --version >"$BATS_TEST_TMPDIR/version" 2>&1 || status=$?
	echo "status $status: $(<"$BATS_TEST_TMPDIR/version")"
	local entering
	"${exec[@]}" in -- /bin/sleep 1000 3>&- {held}>&- &
	entering=$!
	await pgrep -P "$entering" -x sleep
	same "/memfd:$(who) (deleted)" "$(readlink "/proc/$entering/exe")"
	same "$(who)" "$(<"/proc/$entering/comm")"
	# Who is root may open it; nobody may write to it.
	python3 -c 'import os, sys; os.pwrite(os.open(sys.argv[1], os.O_RDWR), b"#!/bin/evil", 0)' \
		"/proc/$entering/exe" 2>"$BATS_TEST_TMPDIR/said" && return 1
	grep -qE 'PermissionError|Text file busy' "$BATS_TEST_TMPDIR/said"
	kill -TERM "$entering"
	wait "$entering" || true
	cmp "$enterer" "$BATS_TEST_TMPDIR/runtime"
	expect 0 let_go
}
self_exe_kept() {
	cp "$enterer" "$BATS_TEST_TMPDIR/runtime"
	self_exe
}
@test "what the container can reach of the runtime is a sealed copy" { both_ways self_exe_kept; }
