# shellcheck shell=bash
# What the suites of `compare trace` share.

# load_trace [PROJECT [OTHER]]: the tests are in the PROJECT's directory, results in that of the OTHER.
load_trace() {
	cd "$BATS_TEST_DIRNAME/${1:-../..}" || return
	result=${2:-.}/build/compare/trace.json
}

# of EXPRESSION: what the python expression says of the trace `t` that was made last.
of() {
	python3 -c 'import json, sys
t = json.load(open(sys.argv[1]))
stages = {s["id"]: s for s in t["stages"]}
rows = [dict(r, stage=s["id"]) for s in t["stages"] for r in s["rows"]]
unexplained = [r for r in rows if r["kind"] != "same" and "reason" not in r]
calls = lambda stage, column: [r["calls"][column] for r in stages[stage]["rows"]
                               if column in r["calls"] and r["changes"]]
print(eval(sys.argv[2]))' "$result" "$1"
}

# A directory with compare and other programs for its columns beside it.
other_programs() {
	bin=$BATS_TEST_TMPDIR/bin
	mkdir -p "$bin"
	cp build/bin/compare build/bin/cbox build/bin/gobox "$bin"
}

# The mutant as cbox; $1: its file "mutation".
mutant() {
	other_programs
	cp build/mutant/bin/cbox "$bin/cbox"
	printf '%b' "$1" >"$bin/mutation"
}
