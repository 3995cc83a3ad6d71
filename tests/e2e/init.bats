#!/usr/bin/env bats
# `init`, and `run` in the directory that it has written. With limits: limits/init.bats.

load helper

# in_elsewhere COMMAND...: in a directory that is not the checkout.
in_elsewhere() { (cd "$BATS_TEST_TMPDIR/elsewhere" && "$@"); }

setup() {
	ledger >"$BATS_TEST_TMPDIR/before"
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	# A program with sanitizers is not where the others are, from where it finds the schema.
	if [[ $CBOX == */san/* ]]; then
		mkdir -p "$BATS_TEST_TMPDIR/tree/build/bin"
		cp "$CBOX" "$GOBOX" "$BATS_TEST_TMPDIR/tree/build/bin"
		ln -s "$PWD/shared" "$BATS_TEST_TMPDIR/tree/shared"
		CBOX=$BATS_TEST_TMPDIR/tree/build/bin/${CBOX##*/} GOBOX=$BATS_TEST_TMPDIR/tree/build/bin/${GOBOX##*/}
	fi
	# The programs are called from there.
	[[ $CBOX == /* ]] || CBOX=$PWD/$CBOX
	[[ $GOBOX == /* ]] || GOBOX=$PWD/$GOBOX
	unset LC_ALL LC_MESSAGES LANG
}

@test "both write the same files and tell the same, in either language" {
	local language
	for language in C ja_JP.UTF-8; do
		LANG=$language in_elsewhere "$CBOX" init one >"$BATS_TEST_TMPDIR/told"
		mv "$BATS_TEST_TMPDIR/elsewhere/one" "$BATS_TEST_TMPDIR/one"
		LANG=$language in_elsewhere "$GOBOX" init one | sed "s/\b${GOBOX##*/}\b/${CBOX##*/}/" |
			diff "$BATS_TEST_TMPDIR/told" -
		diff -r "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/elsewhere/one"
		same 'README.md config.json' "$(cd "$BATS_TEST_TMPDIR/one" && echo *)"
		rm -r "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/elsewhere/one"
	done
	grep -q 次にすること "$BATS_TEST_TMPDIR/told"
}

explained() {
	local keys key
	in_elsewhere "$box" init "$1"
	keys=$(python3 -c '
import json, sys
spec = json.load(open(sys.argv[1]))
names = list(spec)
for outer in ("process", "linux"):
    names.remove(outer)
    names += [f"{outer}.{inner}" for inner in spec[outer]]
print("\n".join(names))' "$BATS_TEST_TMPDIR/elsewhere/$1/config.json")
	[ "$(wc -l <<<"$keys")" -ge 12 ]
	for key in $keys; do
		grep -qF "| \`$key\`" "$BATS_TEST_TMPDIR/elsewhere/$1/README.md" || {
			echo "not explained: $key"
			return 1
		}
	done
	rm -r "$BATS_TEST_TMPDIR/elsewhere/$1"
}
@test "each field of the spec is explained in the page" {
	LANG=C both explained en
	LANG=ja_JP.utf8 both explained ja
}

@test "the spec of init is right by the schema, and its \$schema is a file" {
	in_elsewhere "$CBOX" init .
	python3 -c '
import json, sys, jsonschema
spec = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator(json.load(open(spec["$schema"]))).validate(spec)' \
		"$BATS_TEST_TMPDIR/elsewhere/config.json"
}

# A program that was carried away alone.
alone() {
	cp "$box" "$BATS_TEST_TMPDIR/elsewhere/alone"
	in_elsewhere ./alone init new
	expect 1 grep -F -e '$schema' -e @SCHEMA@ "$BATS_TEST_TMPDIR/elsewhere/new/config.json"
	expect 0 "$box" check "$BATS_TEST_TMPDIR/elsewhere/new/config.json"
	rm -r "$BATS_TEST_TMPDIR/elsewhere/"*
}
@test "without a schema near the program there is no \$schema" { both alone; }

kept() {
	echo mine >"$BATS_TEST_TMPDIR/elsewhere/README.md"
	expect 125 in_elsewhere "$box" init
	same mine "$(<"$BATS_TEST_TMPDIR/elsewhere/README.md")"
	[ ! -e "$BATS_TEST_TMPDIR/elsewhere/config.json" ]
	expect 125 in_elsewhere "$box" init new/er
	[ ! -e "$BATS_TEST_TMPDIR/elsewhere/new" ]
}
@test "where one file is there, nothing is written" { both kept; }

full() {
	mkdir -p "$BATS_TEST_TMPDIR/small"
	mount -t tmpfs -o size=4k small "$BATS_TEST_TMPDIR/small"
	expect 125 "$box" init "$BATS_TEST_TMPDIR/small/new"
	same "${box##*/}: writing $BATS_TEST_TMPDIR/small/new/README.md: No space left on device (ENOSPC)" "$err"
	[ ! -e "$BATS_TEST_TMPDIR/small/new" ]
	umount "$BATS_TEST_TMPDIR/small"
}
@test "on a full disk nothing is left" { both full; }

over_limit() {
	local said status=0 new=$BATS_TEST_TMPDIR/new
	said=$( (ulimit -f 0 && exec "$box" init "$new") 2>&1) || status=$?
	same 125 "$status"
	same "${box##*/}: writing $new/config.json: File too large (EFBIG)" "$said"
	[ ! -e "$new" ]
	status=0
	said=$( (ulimit -f 0 && exec "$box" check "$SPECS/plain.json" >"$new") 2>&1) || status=$?
	same 125 "$status"
	same "${box##*/}: writing the output: File too large (EFBIG)" "$said"
	rm "$new"
}
@test "beyond a limit of file sizes nothing is left" { both over_limit; }

# Limits are for where there are controllers, and crun wants a terminal where the spec has one.
runs() {
	in_elsewhere "$box" init
	python3 -c '
import json, sys
spec = json.load(open(sys.argv[1]))
del spec["linux"]["resources"]
spec["process"]["terminal"] = False
json.dump(spec, open(sys.argv[1], "w"))' "$BATS_TEST_TMPDIR/elsewhere/config.json"
	ln -s "$top/$ROOTFS" "$BATS_TEST_TMPDIR/elsewhere/rootfs"
	expect 0 in_elsewhere "$box" run -- /bin/sh -c 'hostname; echo $$; ls /proc/self/ns | wc -l'
	same $'box\n1' "$(head -n 2 <<<"$out")"
	expect 0 in_elsewhere crun run of-crun </dev/null
	rm "$BATS_TEST_TMPDIR/elsewhere/"*
}
@test "run in the directory of a bundle takes its config.json and its root" { both runs; }
