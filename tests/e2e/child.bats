#!/usr/bin/env bats
# The child on its way to execve(2): what it holds, and gobox's second self.

load helper

# Stops the child in the middle of its stages: it writes -v into a pipe that is full.
held_on_its_way() {
	python3 - "$box" "$SPECS/plain.json" "$ROOTFS" <<-'END'
		import fcntl, os, signal, subprocess, sys, time
		box, spec, rootfs = sys.argv[1:]
		F_SETPIPE_SZ = 1031
		log, full = os.pipe()
		fcntl.fcntl(full, F_SETPIPE_SZ, 4096)
		os.write(full, b"x" * 3200)  # what is left is enough for the parent
		runtime = subprocess.Popen([box, "run", "--spec", spec, "--rootfs", rootfs, "--name", "half",
		                            "-v", "--", "/bin/true"], stdin=subprocess.DEVNULL, stderr=full)
		os.close(full)
		children = f"/proc/{runtime.pid}/task/{runtime.pid}/children"
		deadline = time.monotonic() + 10
		while True:
		    assert time.monotonic() < deadline, "the child was not seen"
		    pid = open(children).read().strip()
		    if pid and "pipe_write" in open(f"/proc/{pid}/wchan").read():
		        break
		    time.sleep(0.01)
		names = [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")]
		print(pid, *sorted(names))
		# Neither the lock on the state file nor the cgroup: they are the parent's.
		assert not [n for n in names if "/twinbox" in n], names
		assert len(names) <= 8 + 4, names  # the streams, sync, error, log; the rootfs on its way
		os.kill(runtime.pid, signal.SIGKILL)
		runtime.wait()
		subprocess.run([box, "gc"], check=True)
		assert not os.path.exists(f"/proc/{pid}")
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

@test "any other name and any word is gobox itself" {
	expect 125 by_hand twinbox-child nonsense
	same "gobox: unknown command nonsense" "${err%%$'\n'*}"
	expect 0 by_hand other --version
	same "gobox $(cat VERSION)" "$out"
}
