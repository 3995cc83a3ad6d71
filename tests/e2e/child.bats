#!/usr/bin/env bats
# The child on its way to execve(2): what it holds, and gobox's second self.

load helper

# Stops the child in the middle of its stages: it writes -v into a pipe that has room only as far as
# pivot_root(2). A run before it tells how much room that is.
held_on_its_way() {
	python3 - "$box" "$SPECS/plain.json" "$ROOTFS" <<-'END'
		import ctypes, fcntl, os, re, signal, subprocess, sys, time
		box, spec, rootfs = sys.argv[1:]
		F_SETPIPE_SZ, PR_SET_CHILD_SUBREAPER = 1031, 36
		words = [box, "run", "--spec", spec, "--rootfs", rootfs, "--name", "half", "-v", "--", "/bin/true"]
		signal.alarm(30)
		ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

		whole = subprocess.run(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
		room = whole.stderr.index(b"mounts:   pivot_root")
		log, full = os.pipe()
		# One page: a line that does not fit into it any more waits.
		os.write(full, b"x" * (fcntl.fcntl(full, F_SETPIPE_SZ, 4096) - room))
		# Of this process's own descriptors it gets the three streams and no other.
		runtime = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=full)
		children = f"/proc/{runtime.pid}/task/{runtime.pid}/children"
		while True:
		    pid = open(children).read().strip()
		    if pid and "pipe_write" in open(f"/proc/{pid}/wchan").read():
		        break
		    assert runtime.poll() is None, "the runtime ended"
		    time.sleep(0.01)

		def held(number):
		    return os.readlink(f"/proc/{pid}/fd/{number}")
		numbers = sorted(map(int, os.listdir(f"/proc/{pid}/fd")))
		print(*(f"{n}:{held(n)}" for n in numbers))
		kinds = [re.sub(r"[0-9]+", "N", held(n)) for n in numbers if n > 2 and held(n) != held(2)]
		# Neither the lock on the state file nor the cgroup: they are the parent's. The rest are
		# detached mounts on their way, each of which is its own root.
		assert sorted(k for k in kinds if k != "/") == ["pipe:[N]", "socket:[N]"], kinds

		runtime.kill()
		runtime.wait()
		_, status = os.waitpid(int(pid), 0)
		assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
		subprocess.run([box, "gc"], check=True)
	END
}
@test "the child does not hold what is the parent's, and dies with it" { both held_on_its_way; }

# by_hand NAME WORD...: runs gobox under another name.
by_hand() { (exec -a "$1" "$GOBOX" "${@:2}"); }

@test "gobox under its second self's name says so and does not wait" {
	local words="twinbox-child: this name is for the runtime's own second self
hint: gobox --help lists the commands"
	for descriptor in '3>&-' '3</dev/null' '3</dev/zero' '3<"$BATS_TEST_TMPDIR/fifo"'; do
		echo "$descriptor"
		[ -e "$BATS_TEST_TMPDIR/fifo" ] || mkfifo "$BATS_TEST_TMPDIR/fifo"
		exec {held}<>"$BATS_TEST_TMPDIR/fifo"
		eval "expect 125 timeout 5 bash -c 'exec -a twinbox-child \"\$0\"' \"\$GOBOX\" $descriptor"
		exec {held}>&-
		same "$words" "$err"
	done
	# A socket of somebody else's.
	expect 125 python3 -c 'import os, socket, sys
a, b = socket.socketpair()
if os.fork() == 0:
    os.dup2(a.fileno(), 3)
    os.setsid()
    os.execv(sys.argv[1], ["twinbox-child"]) if os.fork() == 0 else os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))' "$GOBOX"
	same "$words" "$err"
}

@test "so does gobox-bridge under the name of one that joins before Go" {
	expect 125 timeout 5 bash -c 'exec -a twinbox-joins build/bin/gobox-bridge' 3</dev/null
	same "twinbox-joins: this name is for the runtime's own second self" "${err%%$'\n'*}"
	expect 125 timeout 5 bash -c 'exec -a twinbox-joins "$0" nonsense' build/bin/gobox-bridge
	same "gobox-bridge: unknown command nonsense" "${err%%$'\n'*}"
}

@test "any other name and any word is gobox itself" {
	expect 125 by_hand twinbox-child nonsense
	same "${GOBOX##*/}: unknown command nonsense" "${err%%$'\n'*}"
	expect 0 by_hand other --version
	same "${GOBOX##*/} $(<VERSION)" "$out"
}
