#!/usr/bin/env bats
# Limits that bite, and cgroup files that hold what the spec says.

load ../helper

# limited RESOURCES: the plain spec with these resources is $spec.
limited() {
	spec=$BATS_TEST_TMPDIR/limited.json
	sed -e "s|\"resources\": {}|\"resources\": { $1 }|" \
		-e "s|\"path\": \"[^\"]*\"|\"path\": \"$top/$ROOTFS\"|" \
		"$SPECS/plain.json" >"$spec"
	grep -q 'resources": { "' "$spec"
}

# in_cgroup FILE [KEY]: a file of the held container's cgroup, or one line of it.
in_cgroup() {
	local path
	path=/sys/fs/cgroup$(sed 's/^0:://' "/proc/$pid/cgroup")/$1
	if [ $# = 1 ]; then cat "$path"; else awk -v key="$2" '$1 == key { print $2 }' "$path"; fi
}

at_least() { [ "$(in_cgroup "$1" "$2")" -ge "$3" ]; }

memory() {
	expect 137 run_box --spec "$spec" -- /bin/dd if=/dev/zero of=/dev/null bs=64M count=1
	hold memory --spec "$spec" -- /bin/sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; cat'
	await at_least memory.events oom_kill 1
	same 16777216 "$(in_cgroup memory.max)"
	same 0 "$(in_cgroup memory.swap.max)"
	expect 0 let_go
	# Within the limit nothing is killed.
	expect 0 run_box --spec "$spec" -- /bin/dd if=/dev/zero of=/dev/null bs=4M count=4
}
@test "over the memory limit the command is killed: 137" {
	limited '"memory": { "limit": 16777216, "swap": 16777216 }'
	both memory
}

# Too small for the child itself. How far it comes is the kernel's affair: killed before execve(2)
# it is the runtime's failure and told, in execve(2) it is a killed command's.
tiny() {
	local got=0
	run_box --spec "$spec" -- /bin/true 2>"$BATS_TEST_TMPDIR/err" || got=$?
	[ "$got" = 137 ] || {
		same 125 "$got"
		cat "$BATS_TEST_TMPDIR/err"
		grep -q "^${box##*/}: ..*" "$BATS_TEST_TMPDIR/err"
	}
}
@test "a memory limit in which nothing can start leaves nothing" {
	limited '"memory": { "limit": 65536, "swap": 65536 }'
	both tiny
}

pids() {
	hold pids --spec "$spec" -- \
		/bin/sh -c '(sleep 1000 & sleep 1000 & sleep 1000 & sleep 1000 & sleep 1000); cat'
	await at_least pids.events max 1
	same 4 "$(in_cgroup pids.max)"
	[ "$(in_cgroup pids.current)" -le 4 ]
	expect 0 let_go
}
@test "over the pids limit fork fails" {
	limited '"pids": { "limit": 4 }'
	both pids
}

one_process() {
	local got=0
	expect 0 run_box --spec "$spec" -- /bin/cat /etc/hostname
	same "$(<"$ROOTFS/etc/hostname")" "$out"
	run_box --spec "$spec" -- /bin/sh -c 'cat /etc/hostname; echo here' >"$BATS_TEST_TMPDIR/out" 2>&1 || got=$?
	[ "$got" != 0 ]
	grep -q "can't fork" "$BATS_TEST_TMPDIR/out"
}
@test "a pids limit of 1 is enough for a command that does not fork" {
	limited '"pids": { "limit": 1 }'
	both one_process
}

# The kernel strips blanks and reads 0x2 and 010; Go's own threads must fit whatever the words are.
written_otherwise() {
	local value
	for value in ' 1' '2 ' 0x2 +1 01; do
		limited "\"unified\": { \"pids.max\": \"$value\" }"
		expect 0 run_box --spec "$spec" -- /bin/cat /sys/fs/cgroup/pids.max
		same "$((value))" "$out"
	done
	for value in 0b1 1_0 -1; do
		limited "\"unified\": { \"pids.max\": \"$value\" }"
		expect 125 run_box --spec "$spec" -- /bin/true
		same "${box##*/}: cgroup: writing $value to pids.max: Invalid argument (EINVAL)" "$err"
	done
	limited '"unified": { "pids.max": "0" }'
	expect 125 run_box --spec "$spec" -- /bin/true
	same "${box##*/}: namespaces: creating the container's process: Resource temporarily unavailable (EAGAIN)" \
		"$err"
}
@test "a small pids limit is one in whatever form the kernel reads" {
	both written_otherwise
	bridged written_otherwise
}

cpu() {
	local used before after
	hold cpu --spec "$spec" -- /bin/sh -c 'while :; do :; done & cat'
	same '20000 100000' "$(in_cgroup cpu.max)"
	await at_least cpu.stat nr_throttled 2
	before=$(in_cgroup cpu.stat usage_usec)
	used=$(date +%s%N)
	sleep 2
	after=$(in_cgroup cpu.stat usage_usec)
	used=$(((after - before) * 100000 / ($(date +%s%N) - used)))
	echo "$used % of a processor"
	[ "$used" -ge 10 ]
	[ "$used" -le 30 ]
	let_go || true
}
@test "a busy loop gets its quota of the processor" {
	limited '"cpu": { "quota": 20000, "period": 100000 }'
	both cpu
}

as_in_full() {
	hold files --spec shared/specs/full.json -- /bin/cat
	same 0::/twinbox/full "$(<"/proc/$pid/cgroup")"
	same 52428800 "$(in_cgroup memory.max)"
	same 0 "$(in_cgroup memory.swap.max)"
	same 4194304 "$(in_cgroup memory.low)"
	same '20000 100000' "$(in_cgroup cpu.max)"
	same 20 "$(in_cgroup cpu.weight)"
	same 64 "$(in_cgroup pids.max)"
	expect 0 let_go
}
@test "the cgroup's files hold what shared/specs/full.json says" { both as_in_full; }

unified() {
	hold unified --spec "$spec" -- /bin/cat
	same 33554432 "$(in_cgroup memory.high)"
	same 50 "$(in_cgroup cpu.weight)"
	same max "$(in_cgroup pids.max)"
	expect 0 let_go
}
@test "unified: files of cgroup v2 by their names" {
	limited '"unified": { "memory.high": "33554432", "cpu.weight": "50", "pids.max": "max" }'
	both unified
}

no_such() {
	expect 125 run_box --spec "$spec" -- /bin/true
	same "${box##*/}: cgroup: writing 1 to memory.nothing: No such file or directory (ENOENT)" \
		"${err%%$'\n'*}"
}
@test "a file that is not there is told" {
	limited '"unified": { "memory.nothing": "1" }'
	both no_such
}

# In a user namespace nobody may raise a hard limit; the runtime, which may, has done it before.
raised() {
	local exec
	exec_by "$other"
	hold raised --spec "$spec" -- /bin/cat
	same '1500 5000' "$(awk '/^Max open files/ { print $4, $5 }' "/proc/$pid/limits")"
	expect 0 "${exec[@]}" raised -- /bin/sh -c 'ulimit -Sn; ulimit -Hn'
	same $'1500\n5000' "$out"
	expect 0 let_go
}
@test "a limit above the runtime's own, in a user namespace" {
	spec=$BATS_TEST_TMPDIR/above.json
	sed -e 's/"noNewPrivileges"/"rlimits": [{ "type": "RLIMIT_NOFILE", "soft": 1500, "hard": 5000 }], &/' \
		-e "s|\"path\": \"[^\"]*rootfs\"|\"path\": \"$top/$ROOTFS\"|" shared/specs/rootless.json >"$spec"
	grep -q NOFILE "$spec"
	ulimit -Sn 1000
	ulimit -Hn 2000
	prlimit --nofile=1000:5000 true || skip "root has no CAP_SYS_RESOURCE here"
	both raised
	bridged raised
}

# exec: what enters is born in the container's cgroup, below one that the container has made there.
entered_every() {
	local spec exec
	exec_by "$other"
	for spec in shared/specs/*.json; do
		echo "$spec"
		hold entered --spec "$spec" -- /bin/cat
		expect 42 "${exec[@]}" entered -- /bin/sh -c 'exit 42'
		expect 42 "$box" exec entered -- /bin/sh -c 'exit 42'
		expect 0 let_go
	done
}
@test "exec enters every example spec" { both entered_every; }
# Go's runtime starts in the container there, and its threads would not fit into the limits.
bridged() { GOBOX=build/bin/gobox-bridge VIA=all=c both "$@"; }
@test "exec of the bridge enters every example spec" { bridged entered_every; }

entered_counts() {
	local entering cgroup exec
	exec_by "$other"
	hold counted --spec "$spec" -- /bin/cat
	same 1 "$(in_cgroup pids.current)"
	cgroup=/sys/fs/cgroup$(sed 's/^0:://' "/proc/$pid/cgroup")
	"${exec[@]}" counted -- /bin/sleep 1000 3>&- {held}>&- &
	entering=$!
	await pgrep -P "$entering" -x sleep
	same 2 "$(in_cgroup pids.current)"
	same "$(<"/proc/$pid/cgroup")" "$(<"/proc/$(pgrep -P "$entering" -x sleep)/cgroup")"
	expect 125 "${exec[@]}" counted -- /bin/true
	same "${other##*/}: namespaces: creating the container's process: Resource temporarily unavailable (EAGAIN)
hint: pids.max of the container's cgroup may be reached" "$err"
	kill -TERM "$entering"
	wait "$entering" || true
	expect 137 "${exec[@]}" counted -- /bin/dd if=/dev/zero of=/dev/null bs=64M count=1
	[ "$(in_cgroup memory.events oom_kill)" -ge 1 ]
	# As an init system does it: everybody in a leaf, then controllers for the leaves.
	mkdir "$cgroup/leaf"
	echo "$pid" >"$cgroup/leaf/cgroup.procs"
	echo +pids >"$cgroup/cgroup.subtree_control"
	expect 0 "${exec[@]}" counted -- /bin/true
	expect 0 let_go
}
@test "exec counts in the container's limits" {
	limited '"pids": { "limit": 2 }, "memory": { "limit": 16777216, "swap": 16777216 }'
	both entered_counts
	bridged entered_counts
}

# The options of the machine's cgroup2, which a mount from the initial cgroup namespace could take.
hierarchy() { findmnt -n -o FS-OPTIONS /sys/fs/cgroup; }
shares_cgroups() {
	expect 0 run_box --spec "$spec" -- /bin/grep -c ' - cgroup2 ' /proc/self/mountinfo
	same 1 "$out"
	same "$options" "$(hierarchy)"
}
@test "a container in the machine's cgroup namespace leaves the hierarchy's options as they are" {
	local before
	before=$(hierarchy)
	mount -o remount,nsdelegate,memory_recursiveprot,memory_localevents /sys/fs/cgroup
	options=$(hierarchy)
	# In another than the first one (PROC_CGROUP_INIT_INO) the kernel changes nothing for anybody.
	if [ "$(readlink /proc/self/ns/cgroup)" = 'cgroup:[4026531835]' ]; then
		same "rw,nsdelegate,memory_localevents,memory_recursiveprot" "$options"
	fi
	spec=$BATS_TEST_TMPDIR/shared.json
	sed -e '/"uts"/s/, { "type": "cgroup" }//' -e "s|\"path\": \"[^\"]*\"|\"path\": \"$top/$ROOTFS\"|" \
		"$SPECS/plain.json" >"$spec"
	run grep -q '"type": "cgroup" }' "$spec"
	[ "$status" = 1 ]
	both shares_cgroups
	# With the source: else mount(8) adds the options that there are.
	mount -o "remount,$before" cgroup2 /sys/fs/cgroup
}
