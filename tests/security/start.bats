#!/usr/bin/env bats
# A container that is there already, and another process that comes into its pid namespace.

load helper

# The watcher has the same user and capabilities as the command that comes: nothing else keeps it out.
watch() {
	rm -f "$spoiled/tmp/"*
	change 'take("/tmp"); s["root"]["readonly"] = False'
	"$other" run --spec "$spec" --rootfs "$spoiled" --name watcher --pid-file "$BATS_TEST_TMPDIR/pid" -- \
		/attack watch /tmp >"$BATS_TEST_TMPDIR/seen" 2>&1 </dev/null 3>&- &
	watcher=$!
	await test -s "$BATS_TEST_TMPDIR/pid" || {
		cat "$BATS_TEST_TMPDIR/seen"
		return 1
	}
	pid=$(<"$BATS_TEST_TMPDIR/pid")
}

# watched: it ends; what it has seen.
watched() {
	touch "$spoiled/tmp/stop"
	wait "$watcher"
	same "looked often, saw 0 done" "$(<"$BATS_TEST_TMPDIR/seen")"
}

# CVE-2016-9962: what is open in the runtime's process is the host's. It is held at its last line of
# -v, when it has given up everything but that, until it has been looked into some hundred times.
starting() {
	watch
	change 's["linux"]["namespaces"] = [n for n in s["linux"]["namespaces"] if n["type"] != "pid"]
s["linux"]["namespaces"].append({"type": "pid", "path": "/proc/'"$pid"'/ns/pid"})
s["linux"]["cgroupsPath"] = "/twinbox/second"'
	python3 - "$spoiled/tmp/looked" "$box" run --spec "$spec" --rootfs "$spoiled" --name held -v -- /bin/true <<-'END'
		import fcntl, os, signal, subprocess, sys, time
		looked, words = sys.argv[1], sys.argv[2:]
		F_SETPIPE_SZ = 1031
		signal.alarm(60)
		whole = subprocess.run(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
		room = whole.stderr.index(b"exec:   execve(")
		log, full = os.pipe()
		size = fcntl.fcntl(full, F_SETPIPE_SZ, 8192)
		assert room < size
		os.write(full, b"x" * (size - room))
		runtime = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=full)
		for _ in range(2):  # the second time they are looks at this runtime alone
		    if os.path.exists(looked):
		        os.remove(looked)
		    while not os.path.exists(looked):
		        assert runtime.poll() is None, "the runtime ended"
		        time.sleep(0.01)
		os.close(full)
		with open(log, "rb") as rest:
		    rest.read()
		assert runtime.wait() == 0
	END
	watched
}
@test "nobody looks into a process that starts in a joined pid namespace" { tried starting; }

entering() {
	watch
	local i
	for ((i = 0; i < 20; i++)); do
		expect 0 "$box" exec watcher -- /bin/true
		expect 0 build/bin/gobox-bridge exec --via all=c watcher -- /bin/true
	done
	watched
}
@test "nobody looks into a process that enters" { tried entering; }
