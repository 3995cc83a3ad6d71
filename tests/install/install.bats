# make install, the manual pages, completion, the tarball: what people get who do not build in the
# tree every day. The Debian package on a bare system is in clean/.

bats_require_minimum_version 1.5.0

programs='cbox gobox gobox-bridge'

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	dest=$BATS_TEST_TMPDIR/dest
	# An outer make's flags are not for ours.
	unset MAKEFLAGS MAKELEVEL
}

put() { make -s install PREFIX=/opt/box LOCALSTATEDIR="$BATS_TEST_TMPDIR/var" DESTDIR="$dest"; }

# Files and links below a directory, one a line.
things() { (cd "$1" && find . ! -type d | LC_ALL=C sort); }

@test "make install puts every file below DESTDIR, and make uninstall takes exactly them" {
	put
	[ -x "$dest/opt/box/bin/cbox" ]
	[ -x "$dest/opt/box/bin/gobox" ]
	[ -s "$dest/opt/box/share/man/man1/gobox.1" ]
	[ "$(stat -c %a "$dest/opt/box/share/man/man5/twinbox-spec.5")" = 644 ]
	things "$dest" | grep -v '^\./opt/box/' && return 1
	echo mine >"$dest/opt/box/share/twinbox/specs/mine.json"
	echo mine >"$dest/opt/box/bin/other"
	make -s uninstall PREFIX=/opt/box DESTDIR="$dest"
	[ "$(things "$dest")" = $'./opt/box/bin/other\n./opt/box/share/twinbox/specs/mine.json' ]
	rm "$dest/opt/box/share/twinbox/specs/mine.json"
	put && make -s uninstall PREFIX=/opt/box DESTDIR="$dest"
	[ ! -e "$dest/opt/box/share/twinbox" ]
}

@test "make install under another umask and twice is the same" {
	put
	before=$(cd "$dest" && find . -printf '%m %p %l\n' | LC_ALL=C sort)
	(umask 077 && put)
	[ "$(cd "$dest" && find . -printf '%m %p %l\n' | LC_ALL=C sort)" = "$before" ]
}

@test "a relative PREFIX is refused and nothing is put" {
	run ! make -s install PREFIX=opt DESTDIR="$dest"
	[[ $output == *'PREFIX must be an absolute path, not opt'* ]]
	[ ! -e "$dest" ]
}

@test "an installed program finds the spec that was installed with it, wherever the tree stands" {
	put
	mkdir "$BATS_TEST_TMPDIR/empty" && cd "$BATS_TEST_TMPDIR/empty"
	for program in $programs; do
		run -125 "$dest/opt/box/bin/$program" run
		[ "${lines[0]}" = "$program: rootfs $BATS_TEST_TMPDIR/var/lib/twinbox/rootfs: No such file or directory (ENOENT)" ]
	done
	"$dest/opt/box/bin/cbox" check "$dest/opt/box/share/twinbox/specs/full.json" | grep -q "$BATS_TEST_TMPDIR/var"
}

@test "twinbox-rootfs makes a root by its own files" {
	put
	cd "$BATS_TEST_TMPDIR" && "$dest/opt/box/bin/twinbox-rootfs" tree/rootfs
	[ -x tree/rootfs/bin/busybox ] && [ -s tree/rootfs/var/www/index.html ]
}

@test "one version: the programs, the pages, the package, the changelogs" {
	version=$(<VERSION)
	for program in $programs; do
		[ "$("build/bin/$program" --version)" = "$program $version" ]
		grep -qx ".Os twinbox $version" "build/package/man/$program.1"
	done
	[ "$(dpkg-parsechangelog -S Version)" = "$version" ]
	[ "$(grep -m 1 '^## ' CHANGELOG.md | cut -d ' ' -f 2)" = "$version" ]
	[ "$(sed -n 's/^Version: //p' build/package/deb/*.changes)" = "$version" ]
}

# --- Manual pages ---

@test "mandoc has nothing to say about the pages" {
	run -0 mandoc -T lint -W warning build/package/man/*.[15] infra/package/man/twinbox-rootfs.1
	[ -z "$(grep -v 'outdated mandoc.db' <<<"$output")" ]
}

# Commands and options as a page has them: "run --spec FILE".
of_page() {
	awk '/^\.Ss Commands/ { on = 1 } /^\.Sh ENVIRONMENT/ { on = 0 }
		on && /^\.It Cm / { command = $3; print command }
		on && /^\.It Fl / { name = "-" ($3 == "Fl" ? "-" $4 : $3)
			print command, name, $NF == $(NF > 4 ? 6 : 0) ? $NF : "" }' "$1" | sed 's/ *$//'
}

# The same as the program has them.
of_help() {
	local command
	for command in $("$1" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
		echo "$command"
		"$1" "$command" --help | sed -n "s/^  \(-[a-z-]*\) \{0,1\}\([A-Z]*\)  *[a-z].*/$command \1 \2/p" | sed 's/ *$//'
	done
}

@test "a page has the commands and options that its program prints for --help" {
	for program in $programs; do
		[ "$(of_help "build/bin/$program" | wc -l)" -ge 14 ]
		diff <(of_help "build/bin/$program") <(of_page "build/package/man/$program.1")
	done
}

@test "twinbox-spec(5) has each field of the schema once" {
	fields=$(python3 -c '
import json
schema = json.load(open("shared/spec.schema.json"))
def walk(node, path):
    node = {**schema["$defs"].get(node.get("$ref", "").split("/")[-1], {}), **node}
    if node.get("type") == "array":
        return walk(node["items"], path + "[]")
    for name, child in node.get("properties", {}).items():
        print(path + "." + name if path else name)
        walk(child, path + "." + name if path else name)
walk(schema, "")')
	[ "$(wc -l <<<"$fields")" -gt 50 ]
	diff <(sort <<<"$fields") <(sed -n 's/^\.It Li //p' build/package/man/twinbox-spec.5 | sort)
}

# --- The tarball and the package ---

@test "make dist gives the same bytes again, under another umask, and out of the tarball itself" {
	make -s dist
	first=$(sha256sum <"build/twinbox-$(<VERSION).tar.gz")
	(umask 077 && make -s dist)
	[ "$(sha256sum <"build/twinbox-$(<VERSION).tar.gz")" = "$first" ]
	tar -xzf "build/twinbox-$(<VERSION).tar.gz" -C "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR/twinbox-$(<VERSION)"
	touch README.md && chmod 600 README.md
	[ ! -e .git ]
	infra/package/dist
	[ "$(sha256sum <"build/twinbox-$(<VERSION).tar.gz")" = "$first" ]
}

@test "lintian finds no error and no warning in the package" {
	# By Debian's rules, also where lintian's own would be those of another distribution.
	run -0 lintian --profile debian --allow-root --fail-on error,warning build/package/deb/*.changes
	[ -z "$output" ]
}
