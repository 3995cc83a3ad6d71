#!/usr/bin/env bats
# `compare map`: every field and flag has its entry, both programs of each really run, and the pages
# are what they show.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
}

# of EXPRESSION: what the python expression says of the map m, by entry e[ID], and of the list d.
of() {
	python3 -c 'import json, re, sys, pathlib
m = json.load(open(sys.argv[1]))
d = json.load(open("shared/sysprocattr.json"))
e = {entry["id"]: entry for entry in m["entries"]}
print(eval(f"({sys.argv[2]})"))' "${result:-build/compare/map.json}" "$1"
}

# A tree with compare and the programs, to be changed.
other_tree() {
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/build/bin" "$tree/shared"
	cp build/bin/compare "$tree/build/bin"
	cp -r build/sysprocattr "$tree/build"
	cp -r shared/sysprocattr "$tree/shared"
	result=$tree/build/compare/map.json
}

@test "all entries: both programs run, no fact differs, every one-sided call has its reason" {
	run --separate-stderr build/bin/compare map
	echo "$output $stderr"
	[ "$status" = 0 ]
	[ "$(of 'm["summary"]["entries"] == len(d["entries"]), m["summary"]["mismatches"],
		m["summary"]["unexplained"], m["summary"]["stale"]')" = '(True, 0, 0, [])' ]
	[ "$(of 'm["summary"]["newer"]')" = 0 ]
	[ "$(of '[i for i in e if e[i]["kind"] != "nothing" and not (e[i]["effect"]
		and e[i]["rows"] and e[i]["facts"]["equal"] == len(d["facts"]))]')" = '[]' ]
	# What was run is what lies there as a file.
	[ "$(of '[i for i in e for s in ("go", "c") if e[i]["source"][s] !=
		pathlib.Path(f"shared/sysprocattr/{i}.{s}").read_text()]')" = '[]' ]
}

@test "every field of the Go in use has an entry, every entry a field" {
	run build/sysprocattr/fields
	[ "$status" = 0 ]
	python3 - "$(<build/sysprocattr/go/version)" $output <<-'EOF'
		import json, sys
		version, fields = sys.argv[1], set(sys.argv[2:])
		number = lambda v: [int(n) for n in v.removeprefix("go").split(".")[:2]] + [0]
		entries = [e for e in json.load(open("shared/sysprocattr.json"))["entries"] if e["kind"] == "field"]
		mapped = {e["field"] for e in entries if number(e["since"])[:2] <= number(version)[:2]}
		assert len(fields) >= 20, fields
		assert not fields - mapped, f"no entry: {fields - mapped}"
		assert not mapped - fields, f"no such field in {version}: {mapped - fields}"
	EOF
}

@test "each CLONE_NEW* flag of the kernel has an entry in Cloneflags and in Unshareflags" {
	flags=$(grep -oE 'CLONE_NEW[A-Z]+' /usr/include/linux/sched.h | sort -u)
	[ "$(wc -l <<<"$flags")" = 8 ]
	for field in Cloneflags Unshareflags; do
		diff <(echo "$flags") <(python3 -c 'import json, sys
for e in json.load(open("shared/sysprocattr.json"))["entries"]:
    if e.get("flag") and e["field"] == sys.argv[1]:
        print(e["flag"])' "$field" | sort)
	done
}

@test "the quoted lines stand in the source of the Go in use" {
	root=$("$(infra/setup/find-go)" env GOROOT)
	python3 - "$root" "$(<build/sysprocattr/go/version)" <<-'EOF'
		import json, pathlib, sys
		root, minor = pathlib.Path(sys.argv[1]), int(sys.argv[2].split(".")[1])
		seen = 0
		for entry in json.load(open("shared/sysprocattr.json"))["entries"]:
		    for source in (entry.get("trap") or {}).get("sources", ()):
		        if "file" not in source or int(source.get("from", "go1.0").split(".")[1]) > minor:
		            continue
		        path = root / source["file"]
		        # Distributions leave out tests and api/.
		        if not path.exists() and (path.name.endswith("_test.go") or path.parent.name == "api"):
		            continue
		        assert source["text"] in path.read_text(), (entry["id"], source)
		        seen += 1
		assert seen > 15, seen
	EOF
}

@test "the order: every field that has a call in the child has its step" {
	build/bin/compare map >/dev/null
	[ "$(of 'sorted({f for s in m["order"] for f in s["fields"]} ^
		{x["field"] for x in d["entries"] if x["kind"] == "field"})')" = '[]' ]
	# As syscall/exec_linux.go has it.
	[ "$(of '[e[i]["place"] for i in ("Cloneflags", "AmbientCaps", "UidMappings", "Setsid", "Setpgid",
		"Unshareflags", "Chroot", "Credential", "Pdeathsig", "Noctty", "Setctty", "Ptrace")]' |
		python3 -c 'p = eval(input()); print(p == sorted(set(p)))')" = True ]
}

@test "two C programs that are swapped fail, each by name" {
	other_tree
	mv "$tree/build/sysprocattr/c/Setsid" "$tree/swap"
	mv "$tree/build/sysprocattr/c/Setpgid" "$tree/build/sysprocattr/c/Setsid"
	mv "$tree/swap" "$tree/build/sysprocattr/c/Setpgid"
	run --separate-stderr "$tree/build/bin/compare" map
	[ "$status" = 1 ]
	[ "$(of '[i for i in e if not e[i]["match"]]')" = "['Setsid', 'Setpgid']" ]
	[[ $output == *'Setsid ✗'* ]]
	[ "$(of '[(r["go"], r["c"]) for r in e["Setsid"]["rows"] if r["kind"] == "only" and not r["reason"]]')" = \
		"[('setsid()', None), (None, 'setpgid(0, 0)')]" ]
}

@test "every entry's C program is needed: with the one that sets nothing, all that take no argument fail" {
	other_tree
	ids=$(python3 -c 'import json
for e in json.load(open("shared/sysprocattr.json"))["entries"]:
    if e["kind"] != "nothing" and not e.get("arguments"):
        print(e["id"])')
	for id in $ids; do
		cp build/sysprocattr/c/Nothing "$tree/build/sysprocattr/c/$id"
	done
	run --separate-stderr "$tree/build/bin/compare" map
	[ "$status" = 1 ]
	diff <(sort <<<"$ids") <(of '"\n".join(i for i in e if not e[i]["match"])' | sort)
}

@test "an entry newer than the Go in use is marked, not dropped" {
	other_tree
	echo go1.21.0 >"$tree/build/sysprocattr/go/version"
	rm "$tree/build/sysprocattr/go/PidFD"
	run --separate-stderr "$tree/build/bin/compare" map
	[ "$status" = 0 ]
	[ "$(of '[i for i in e if e[i]["newer"]], m["summary"]["newer"]')" = "(['PidFD'], 1)" ]
	[[ $output == *'newer than the Go in use: not run'* ]]
}

@test "a field, a flag, an entry alone; one that there is not; Japanese" {
	run build/bin/compare map --field CLONE_NEWUTS
	[ "$status" = 0 ]
	[[ $output == *'Cloneflags-NEWUTS '*'Unshareflags-NEWUTS '*'3 entries, 0 mismatches' ]]
	run build/bin/compare map --field Dance
	[ "$status" = 2 ]
	[ "$output" = 'compare: no field, flag or entry of the map: Dance' ]
	run build/bin/compare map --field Setsid --language ja
	[[ $output == *'親と同じ -> 自分のもの'* ]]
}

@test "no strace, no ptrace, a program that is not there, a program that does nothing" {
	run unshare --mount sh -c 'mount --bind /dev/null "$(command -v strace)" &&
		build/bin/compare map --field Setsid'
	[ "$status" = 2 ]
	[ "$output" = 'compare: strace is not installed
hint: `make trace` installs it, or: apt-get install strace' ]
	run tests/trace/without_ptrace build/bin/compare map --field Setsid
	[ "$status" = 2 ]
	[[ $output == 'compare: strace cannot trace here; it said: '*'Operation not permitted'*'hint: '* ]]
	other_tree
	rm "$tree/build/sysprocattr/c/Setsid"
	run "$tree/build/bin/compare" map --field Setsid
	[ "$status" = 2 ]
	[[ $output == *'/c/Setsid of Setsid: executing '*': No such file or directory'* ]]
	cp /bin/true "$tree/build/sysprocattr/c/Setsid"
	run "$tree/build/bin/compare" map --field Setsid
	[ "$status" = 2 ]
	[[ $output == *'/c/Setsid of Setsid: no child'* ]]
}

@test "the pages are up to date, but for what is volatile" {
	run infra/sysprocattr_pages check
	echo "$output"
	[ "$status" = 0 ]
}

@test "nothing is left behind" {
	before=$(ls -d /sys/fs/cgroup/twinbox-map* /tmp/twinbox-map* 2>/dev/null || :)
	build/bin/compare map --field UseCgroupFD >/dev/null
	[ "$(ls -d /sys/fs/cgroup/twinbox-map* /tmp/twinbox-map* 2>/dev/null || :)" = "$before" ]
}
