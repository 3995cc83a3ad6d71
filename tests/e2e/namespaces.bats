#!/usr/bin/env bats
# Namespaces: made new, left alone, joined by path; user namespaces with their maps.

load helper

# joined_spec TYPE PATH [MORE]: the least spec that joins one namespace. A joined mount namespace
# comes with its own mounts; any other case gets a new one with /proc.
joined_spec() {
	local mounts='' namespaces="{ \"type\": \"$1\", \"path\": \"$2\" }${3:+, $3}"
	[ "$1" = mount ] || {
		mounts='"mounts": [{ "destination": "/proc", "type": "proc", "source": "proc" }],'
		namespaces+=', { "type": "mount" }'
	}
	cat >"$BATS_TEST_TMPDIR/joined.json" <<-END
		{ "ociVersion": "1.0.2", "root": { "path": "$top/build/rootfs" }, $mounts
		  "process": { "args": ["/bin/sh"] }, "linux": { "namespaces": [ $namespaces ] } }
	END
}

# The namespace of each type of the process that $pid names.
joins() {
	local type proc more target
	hold target --spec "$BATS_TEST_TMPDIR/all.json" -- /bin/cat
	target=$pid
	for type in cgroup:cgroup ipc:ipc network:net pid:pid time:time uts:uts mount:mnt; do
		proc=${type#*:} type=${type%:*} more=''
		# /proc/self in the joined mounts is that pid namespace's.
		[ "$type" != mount ] || more="{ \"type\": \"pid\", \"path\": \"/proc/$target/ns/pid\" }"
		joined_spec "$type" "/proc/$target/ns/$proc" "$more"
		expect 0 "$box" run --spec "$BATS_TEST_TMPDIR/joined.json" --name "join-$type" -- \
			/bin/readlink "/proc/self/ns/$proc"
		same "$(readlink "/proc/$target/ns/$proc")" "$out"
	done
	expect 0 let_go
}
@test "each namespace can be joined by path" {
	sed 's/{ "type": "uts" },/{ "type": "uts" }, { "type": "time" },/' \
		"$SPECS/plain.json" >"$BATS_TEST_TMPDIR/all.json"
	grep -q '"time"' "$BATS_TEST_TMPDIR/all.json"
	both joins
}

user_spec() {
	cat >"$BATS_TEST_TMPDIR/user.json" <<-END
		{ "ociVersion": "1.0.2", "root": { "path": "$top/build/rootfs" },
		  "process": { "args": ["/bin/sh"], "env": ["PATH=/bin:/usr/bin"] },
		  "mounts": [ { "destination": "/proc", "type": "proc", "source": "proc" },
		    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"] },
		    { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue" },
		    { "destination": "/tmp", "type": "tmpfs", "source": "tmpfs" } ],
		  "linux": { "namespaces": [ { "type": "user" }, { "type": "pid" }, { "type": "mount" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" } ],
		    "uidMappings": [ { "containerID": 0, "hostID": $1, "size": $2 } ],
		    "gidMappings": [ { "containerID": 0, "hostID": $1, "size": $2 } ] } }
	END
}

mapped() {
	expect 0 "$box" run --spec "$BATS_TEST_TMPDIR/user.json" -- \
		/bin/sh -c 'id -u; id -g; echo $(cat /proc/self/uid_map); echo x >/dev/null; touch /tmp/a; stat -c %u:%g /tmp/a /dev/mqueue'
	same "0
0
0 100000 65536
0:0
0:0" "$out"
}
@test "root with a user namespace: ids are mapped, mounts belong to it" {
	user_spec 100000 65536
	both mapped
}

# Whoever makes the devices is 0 outside and nobody inside.
without_root() {
	expect 125 "$box" run --spec "$BATS_TEST_TMPDIR/nobody.json" -- /bin/true
	same "${box##*/}: mounts: making device /dev/null: Value too large for defined data type (EOVERFLOW)
hint: map id 0 as well: linux.uidMappings, linux.gidMappings" "$err"
}
@test "a user namespace that does not map id 0 is told" {
	user_spec 100000 65536
	sed 's/"containerID": 0/"containerID": 1/; s/"args"/"user": { "uid": 1, "gid": 1 }, &/' \
		"$BATS_TEST_TMPDIR/user.json" >"$BATS_TEST_TMPDIR/nobody.json"
	both without_root
}

behind() {
	expect 125 "$box" run --spec "$BATS_TEST_TMPDIR/user.json" --rootfs "$BATS_TEST_TMPDIR/closed/root"
	same "${box##*/}: mounts: opening rootfs $BATS_TEST_TMPDIR/closed/root: Permission denied (EACCES)
hint: root of the container's user namespace is nobody special here: each directory on the way needs x for others" "$err"
}
@test "a rootfs behind a directory that the user namespace may not enter is told" {
	user_spec 100000 65536
	mkdir -m 700 "$BATS_TEST_TMPDIR/closed" && mkdir "$BATS_TEST_TMPDIR/closed/root"
	both behind
}

joins_user() {
	hold target --spec "$BATS_TEST_TMPDIR/user.json" -- /bin/cat
	local target=$pid
	sed "s|{ \"type\": \"user\" }|{ \"type\": \"user\", \"path\": \"/proc/$target/ns/user\" }|; /Mappings/d; s|\"uts\" } \],|\"uts\" } ] } }|" \
		"$BATS_TEST_TMPDIR/user.json" >"$BATS_TEST_TMPDIR/joined.json"
	expect 0 "$box" run --spec "$BATS_TEST_TMPDIR/joined.json" -- \
		/bin/sh -c 'readlink /proc/self/ns/user; id -u; stat -c %u:%g /dev/mqueue'
	same "$(readlink "/proc/$target/ns/user")
0
0:0" "$out"
	expect 0 let_go
}
@test "a user namespace can be joined, by Go as well" {
	user_spec 100000 65536
	both joins_user
}

ordinary() {
	mkdir -p "$BATS_TEST_TMPDIR/runtime"
	chown 4321:4321 "$BATS_TEST_TMPDIR/runtime"
	chmod 700 "$BATS_TEST_TMPDIR/runtime"
	expect 0 setpriv --reuid 4321 --regid 4321 --clear-groups \
		env XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/runtime" \
		"$BATS_TEST_TMPDIR/${box##*/}" run --spec "$BATS_TEST_TMPDIR/user.json" \
		--rootfs "$BATS_TEST_TMPDIR/rootfs" -- /bin/sh -c 'id -u; ps | wc -l'
	same 0 "${out%%$'\n'*}"
	same "" "$(ls "$BATS_TEST_TMPDIR/runtime/twinbox")"
}
@test "an ordinary user runs a container in a user namespace" {
	user_spec 4321 1
	cp -a "$ROOTFS" "$BATS_TEST_TMPDIR/rootfs"
	cp "$CBOX" "$GOBOX" "$BATS_TEST_TMPDIR/"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	both ordinary
}

only_pid() {
	cat >"$BATS_TEST_TMPDIR/pid.json" <<-END
		{ "ociVersion": "1.0.2", "root": { "path": "$top/build/rootfs" },
		  "process": { "args": ["/bin/sh"] }, "linux": { "namespaces": [ { "type": "pid" } ] } }
	END
	expect 0 "$box" run --spec "$BATS_TEST_TMPDIR/pid.json" -- /bin/sh -c 'echo $$; ls / | head -1'
	same "1
bin" "$out"
}
@test "pid namespace alone: chroot, nothing mounted" { both only_pid; }

bad_path() {
	joined_spec uts /nonexistent
	expect 125 "$box" run --spec "$BATS_TEST_TMPDIR/joined.json" -- /bin/true
	same "${box##*/}: namespaces: opening uts namespace /nonexistent: No such file or directory (ENOENT)" \
		"${err%%$'\n'*}"
	joined_spec uts /proc/self/ns/ipc
	expect 125 "$box" run --spec "$BATS_TEST_TMPDIR/joined.json" -- /bin/true
	same "${box##*/}: namespaces: joining uts namespace /proc/self/ns/ipc: Invalid argument (EINVAL)" \
		"${err%%$'\n'*}"
	local path
	for path in "$BATS_TEST_TMPDIR/fifo" "$top/VERSION"; do
		joined_spec uts "$path"
		expect 125 timeout --signal=KILL 20 "$box" run --spec "$BATS_TEST_TMPDIR/joined.json" -- /bin/true
		same "${box##*/}: namespaces: joining uts namespace $path: Invalid argument (EINVAL)" "$err"
	done
}
# The third is not tried after the second has failed, and no process is made.
told_to_there() {
	joined_spec ipc /proc/self/ns/ipc \
		"{ \"type\": \"uts\", \"path\": \"$top/VERSION\" }, { \"type\": \"pid\", \"path\": \"/proc/self/ns/pid\" }"
	expect 125 run_box --spec "$BATS_TEST_TMPDIR/joined.json" -v -- /bin/true
	same "namespaces:   setns(/proc/self/ns/ipc, CLONE_NEWIPC)" "$(grep 'ns/ipc' <<<"$err")"
	same "" "$(grep -E 'clone3|setsid' <<<"$err")"
	grep -E '^namespaces: ' <<<"$err" >"$BATS_TEST_TMPDIR/told.${box##*/}"
}
@test "-v tells the namespaces that were tried, and no more" {
	both told_to_there
	diff "$BATS_TEST_TMPDIR/told.${CBOX##*/}" "$BATS_TEST_TMPDIR/told.${GOBOX##*/}"
}

@test "a path that is no such namespace is told, and nothing is left" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	both bad_path
}

# Something keeps its file: a descriptor here, else a bind mount (unshare(1), --pid=FILE).
dead_pid() {
	joined_spec pid "/proc/$$/fd/$kept"
	expect 125 "$box" run --spec "$BATS_TEST_TMPDIR/joined.json" -- /bin/true
	same "${box##*/}: namespaces: creating the container's process: Cannot allocate memory (ENOMEM)
hint: the first process of the joined pid namespace may have ended: no other can be made there then" "$err"
}
@test "a pid namespace whose first process has ended is told" {
	local kept file=$BATS_TEST_TMPDIR/dead
	touch "$file"
	unshare --pid="$file" --fork true
	exec {kept}<"$file"
	umount --lazy "$file"
	both dead_pid
}
