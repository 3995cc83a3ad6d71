#!/usr/bin/env bats
# What checks the pages, on small pages that are right, and on the same with one thing wrong each:
# every mistake must be told, with its place.

setup() {
	fixtures=tests/docs/fixtures
	page=$BATS_TEST_TMPDIR/page.md
	workshop=$BATS_TEST_TMPDIR/workshop
}

# typed [SED-SCRIPT]: the good page, changed so, is typed in an empty directory. What is wrong and
# waited for is so after 5 seconds already.
typed() {
	sed "${1:-}" $fixtures/good.md >"$page"
	[ $# = 0 ] || ! cmp -s "$page" $fixtures/good.md
	rm -rf "$workshop" && mkdir "$workshop"
	run tests/docs/run-pages ${1:+--limit 5} --directory "$workshop" "$page"
	echo "$output"
}

# told TEXT [LINE]: the output has the text, of that line of the page.
told() {
	grep -qF -- "${2:+$page:$2: }$1" <<<"$output"
	grep -q '^not ok' <<<"$output"
}

@test "a page that is right: every block is run but the one that says why not" {
	typed
	[ "$(grep -c '^ok' <<<"$output")" = 4 ]
	[ "$(grep -c "^not ok" <<<"$output")" = 0 ]
	grep -q '^# .*: 13 of 14 blocks run, 6 outputs compared' <<<"$output"
	grep -q ':39: not run: nothing is pulled here$' <<<"$output"
}

@test "the same blocks in other words are typed once; with one letter changed, or by --each, again" {
	local other=$BATS_TEST_TMPDIR/other.md again
	two() {
		rm -rf "$workshop" && mkdir "$workshop"
		run tests/docs/run-pages --limit 5 --directory "$workshop" "$@" $fixtures/good.md "$other"
		echo "$output"
	}
	sed 's/^The shell keeps.*/Words./; s/nothing is pulled/nichts/' $fixtures/good.md >"$other"
	two
	grep -q "^ok 5 - $other: its 14 blocks are those of $fixtures/good.md, run above" <<<"$output"
	two --each
	grep -q "^# $other: .* of 14 blocks run" <<<"$output"
	for again in 's/^seq 20$/seq  20/' 's/^hello$/hallo/' 's/^<!-- block: fails -->//' 's/^### STEP 3/### STEP 4/'; do
		sed "$again" $fixtures/good.md >"$other"
		two
		grep -q "^# $other: .* of 14 blocks run" <<<"$output"
	done
}

@test "a command that fails" {
	typed 's/^cat file$/cat no-such-file/'
	told 'ended with status 1: cat no-such-file' 17
	told 'No such file or directory'
}

@test "a command that shows something else" {
	typed 's/^cat file$/tac file/; s/^pwd.*/pwd/'
	told 'the output is another than on the page' 25
}

@test "another output on the page" {
	typed 's/^waiting$/waited/'
	told 'the output is another than on the page' 105
	told '-waited'
	told '+waiting'
}

@test "what is declared volatile is the only thing that may differ" {
	typed 's/^twinbox 123$/twinbax 123/'
	told '-twinbax'
}

@test "a line too much and a line too little are another output" {
	typed '/^	one twinbox$/d'
	told '+        one twinbox'
	typed 's/^hello$/hello\nhello/'
	told 'the output is another than on the page'
}

@test "a command that was to fail and does not" {
	typed 's/^grep two file$/grep one file/'
	told 'should fail, and did not: grep one file' 33
}

@test "a command that hangs is ended, with its line" {
	typed 's/^mkdir made/sleep 1000; mkdir made/; 5i <!-- block: limit=1 -->'
	told 'no prompt came back' 6
	[ "$(grep -c '^not ok' <<<"$output")" = 4 ]
}

@test "an unfinished command is told, not waited for" {
	typed 's/^grep two file$/grep "two file/'
	told 'is not finished at its end' 33
}

@test "a shell that ends where it was to stay" {
	typed 's/^\(unshare .*\) bash$/\1 true/'
	told 'it was to leave a shell running'
}

@test "a shell that stays where it was to end" {
	typed 's/^exit$/true/'
	told "is typed inside \`new\`, but the terminal is inside \`deeper\`"
}

@test "a mount, a cgroup, a link and a process that are left" {
	typed 's/^  umount mnt$/  true/'
	told "mount left: $workshop/made/mnt (tmpfs, private)"
	umount "$workshop/made/mnt"
	typed 's/^  rmdir .*/  true/'
	told 'cgroup left: /sys/fs/cgroup/box'
	rmdir /sys/fs/cgroup/box
	typed 's/^  ip link del .*/  true/'
	told 'link left: veth1'
	ip link del veth0
	typed 's/^  umount mnt$/  umount mnt; unshare --uts sleep 1000 \&/'
	told 'namespace left: uts:['
	told ' sleep 1000'
}

# refused SED-SCRIPT TEXT: the page is not of a known shape.
refused() {
	typed "$1"
	told "$2"
	[ "$(grep -c '^not ok' <<<"$output")" = 1 ]
}

@test "blocks and comments of unknown shape" {
	refused '17s/bash/sh/' 'is neither run nor cut from a file'
	refused 's/block: fails/block: fail/' "\`block:\` knows no \`fail\`"
	refused 's/ reason=".*"/ /' 'needs a reason'
	refused 's/block: fails/blocks: fails/' 'not understood'
	refused 's/^### STEP 3.*/&\n\n```text\nx\n```/' 'output of which block?'
	refused '33,36d' 'no block follows this comment'
	refused 's/^- In a list:/a\n\n    ls -l/' 'an indented block'
}

# check NAME PAGE...: what a check of tests/docs/checks says.
check() {
	run "tests/docs/checks/$1" "${@:2}"
	echo "$output"
}

# form SED-SCRIPT CHECK TEXT: the Japanese sample, changed so, does not pass.
form() {
	sed "$1" $fixtures/form_ja.md >"$BATS_TEST_TMPDIR/form_ja.md"
	cp $fixtures/good.md "$BATS_TEST_TMPDIR"
	check "$2" "$BATS_TEST_TMPDIR/form_ja.md"
	[ "$status" != 0 ]
	grep -qF -- "$3" <<<"$output"
}

@test "the checks pass what is right" {
	local name
	for name in prettier markdownlint textlint links mermaid blocks; do
		check $name $fixtures/form_ja.md
		[ "$status" = 0 ]
		[ -z "$output" ]
	done
	check structure $fixtures/form_ja.md $fixtures/form_en.md
	[ "$status" = 0 ]
}

@test "a snippet that drifted, one of no file and one of no region" {
	form 's/n \*= 2/n *= 3/' blocks 'has between the marks of body'
	form 's/source.go/nowhere.go/' blocks 'nowhere.go'
	form 's/#body/#nobody/' blocks 'no region nobody'
}

@test "links that lead nowhere, to a heading and to a file" {
	form 's/(#見本/(#見/' links 'Cannot find heading for'
	form 's/(good.md)/(better.md)/' links 'Cannot find file'
}

@test "a diagram that does not parse" {
	form 's/--> box\[/--> box(/' mermaid 'form_ja.md:9: Parse error'
}

@test "form and language" {
	form 's/^# 見本/#  見本/' prettier 'form_ja.md'
	form 's/^### STEP/##### STEP/' markdownlint 'MD001'
	form 's/ へ進みます/へ進むのである/' textlint 'ja-technical-writing'
	form 's|STEP は|STEPは|' textlint 'ja-spacing'
}

@test "the two languages of a page that differ" {
	local change
	for change in 's/^## A heading//' 's/echo one #/echo two #/' 's/STEP 1/STEP 2/' 's/^<!-- check -->//' \
		's/#body/#inner/' '/^```bash$/i <!-- block: fails -->'; do
		sed "$change" $fixtures/form_en.md >"$page"
		check structure $fixtures/form_ja.md "$page"
		[ "$status" = 1 ]
	done
}
