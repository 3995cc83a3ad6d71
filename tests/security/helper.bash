# For the attacks: a rootfs of the test's own that it may spoil, a directory of the host's that
# nobody may touch, and a spec that everything but the attack is right in. After ../e2e/helper.bash.

load ../e2e/helper

ATTACK=build/security/attack

# The spec is shared/specs/full.json without limits, with the attack program bound in.
setup() {
	host=$BATS_TEST_TMPDIR/host
	spec=$BATS_TEST_TMPDIR/spec.json
	mkdir -p "$host/sub"
	echo untouched >"$host/file"
	ledger >"$BATS_TEST_TMPDIR/before"
}

# tried FUNCTION: by both, each on a rootfs as it is in the beginning.
tried() { both afresh "$1"; }
afresh() {
	new_rootfs
	change ''
	"$1"
}
new_rootfs() {
	spoiled=$BATS_TEST_TMPDIR/rootfs
	rm -rf "$spoiled"
	cp -a "$ROOTFS" "$spoiled"
}

# change PYTHON: the spec s anew, with these changes.
change() {
	python3 -c 'import json, sys
s = json.load(open("shared/specs/full.json"))
s["linux"]["resources"] = {}
del s["veth"]
s["mounts"].append({"destination": "/attack", "type": "bind", "source": sys.argv[2],
                    "options": ["bind", "ro"]})
def take(destination):
    s["mounts"] = [m for m in s["mounts"] if m["destination"] != destination]
def every_capability():
    names = [n for n in open("c/capabilities.c").read().split("\"") if n.startswith("CAP_")]
    status = dict(line.split(":\t") for line in open("/proc/self/status"))
    ours = int(status["CapBnd"], 16)
    for kind in ("bounding", "effective", "permitted"):
        s["process"]["capabilities"][kind] = [
            n for i, n in enumerate(names) if ours >> i & 1 and n != "CAP_SYS_PTRACE"]
exec(sys.argv[3])
json.dump(s, open(sys.argv[1], "w"))' "$spec" "$top/$ATTACK" "$1"
}

# in_box COMMAND...: runs it in a container on the spoiled rootfs; its status, $out, $err.
in_box() {
	status=0
	"$box" run --spec "$spec" --rootfs "$spoiled" --name attacked -- "$@" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
	out=$(<"$BATS_TEST_TMPDIR/out")
	err=$(<"$BATS_TEST_TMPDIR/err")
}

# refused WORDS: the runtime said that, in one line with at most a hint, and ran nothing.
refused() {
	same 125 "$status" || {
		echo "$out$err"
		return 1
	}
	[[ "$err" == *"$1"* ]] || same "$1" "$err"
}

# says WORDS: the command ran and that is its whole output.
says() {
	same "0 $1" "$status $out$err"
}

# host_is_untouched: what the links of the rootfs lead to.
host_is_untouched() {
	same "file sub" "$(cd "$host" && echo *)"
	same "" "$(ls -A "$host/sub")"
	same untouched "$(<"$host/file")"
}
