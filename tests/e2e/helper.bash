# What every end-to-end file loads: the two runtimes, and a ledger of the machine that has to read
# the same before and after each test.

top=$BATS_TEST_DIRNAME
while [ ! -e "$top/VERSION" ]; do top=${top%/*}; done
cd "$top" || exit 1

CBOX=${CBOX:-build/bin/cbox}
GOBOX=${GOBOX:-build/bin/gobox}
# The stages that run in C where the second runtime is gobox-bridge: --via of run and exec.
VIA=${VIA:-}
SPECS=tests/e2e/specs
ROOTFS=build/rootfs
# For a cbox with sanitizers: what they find is on standard error, with a status of its own.
export ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1:exitcode=99

# both FUNCTION [ARG...]: calls FUNCTION once with $box and $other set to each runtime. Never in a
# condition: bash would not stop at a failing line in it.
both() {
	local box other
	for box in "$CBOX" "$GOBOX"; do
		other=$CBOX
		[ "$box" = "$GOBOX" ] || other=$GOBOX
		echo "with $box:"
		"$@"
	done
}

# What a container could leave behind, one line each; --since FILE: what has changed.
ledger() { tests/lib/ledger.py --rootfs "$ROOTFS" "$@"; }

setup() { ledger >"$BATS_TEST_TMPDIR/before"; }

teardown() { unchanged; }
# bats calls it in a condition, where bash stops at no failing line: only its status counts.
unchanged() {
	local failed=0
	ledger --since "$BATS_TEST_TMPDIR/before" || failed=1
	# What a failing test left must not fail the next one too.
	if [ -n "$(jobs -p)" ]; then
		# shellcheck disable=SC2046 # numbers
		kill -KILL $(jobs -p) 2>/dev/null || true
		"$CBOX" gc
	fi
	# A runtime in the background has nobody who looks at its end.
	! grep -rsI -D skip -E '==[0-9]+==ERROR|runtime error:|^panic:|^fatal error:' "$BATS_TEST_TMPDIR" ||
		failed=1
	return "$failed"
}

# expect STATUS COMMAND...: runs it, keeps stdout in $out and stderr in $err.
expect() {
	local want=$1 got=0
	shift
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || got=$?
	out=$(<"$BATS_TEST_TMPDIR/out")
	err=$(<"$BATS_TEST_TMPDIR/err")
	[ "$got" = "$want" ] && return 0
	printf '%s\nended %s, not %s\nstdout: %s\nstderr: %s\n' "$*" "$got" "$want" "$out" "$err"
	return 1
}

# same WANT GOT: both are equal, or both are shown.
same() {
	[ "$1" = "$2" ] && return 0
	printf 'want: %s\ngot:  %s\n' "$1" "$2"
	return 1
}

# run_box ARG...: `run` of $box with the plain spec unless another is named.
run_box() { (exec_box "$@"); }
exec_box() {
	local spec=(--spec "$SPECS/plain.json") via=()
	case " $* " in *' --spec '*) spec=() ;; esac
	[ -z "$VIA" ] || [ "$box" != "$GOBOX" ] || via=(--via "$VIA")
	exec "$box" run "${via[@]}" --rootfs "$ROOTFS" "${spec[@]}" "$@"
}

# exec_by RUNTIME: the words of its `exec`, in $exec.
exec_by() {
	exec=("$1" exec)
	[ -z "$VIA" ] || [ "$1" != "$GOBOX" ] || exec+=(--via "$VIA")
}

# hold NAME ARG...: starts a container in the background that runs until its stdin closes, and
# waits until it runs; $runtime_pid is the runtime, $pid the container. `let_go` ends it and gives
# its exit status.
hold() {
	local files=$BATS_TEST_TMPDIR/$1 name=$1
	shift
	rm -f "$files".*
	mkfifo "$files.in"
	exec_box --name "$name" --pid-file "$files.pid" "$@" \
		<"$files.in" >"$files.out" 2>"$files.err" 3>&- &
	runtime_pid=$!
	exec {held}>"$files.in"
	await test -s "$files.pid" || {
		cat "$files.err"
		return 1
	}
	pid=$(<"$files.pid")
}

let_go() {
	local ended=$runtime_pid
	runtime_pid=
	exec {held}>&-
	wait "$ended"
}

# no_link NAME: this network namespace has no link of that name. (/sys may show another one's.)
no_link() { ! ip link show dev "$1" >/dev/null 2>&1; }

# await COMMAND...: until it succeeds, ten seconds at most.
await() {
	local deadline=$((SECONDS + 10))
	until "$@" 2>/dev/null; do
		[ $SECONDS -lt $deadline ] || {
			echo "waited in vain: $*"
			return 1
		}
		sleep 0.02
	done
}
