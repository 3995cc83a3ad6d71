#!/usr/bin/env bats
# How the programs are built: what makes a mistake in C harder to use.

setup() { cd "$BATS_TEST_DIRNAME/../.." || exit 1; }

segments() { readelf -lW "build/bin/$1"; }

@test "cbox and compare: position-independent, without an interpreter, bound before they begin" {
	for program in cbox compare; do
		readelf -hW "build/bin/$program" | grep -q 'Type: *DYN'
		[ "$(segments $program | grep -c INTERP)" = 0 ]
		segments $program | grep -q GNU_RELRO
		readelf -dW "build/bin/$program" | grep -q 'FLAGS_1.*NOW.*PIE'
	done
}

@test "libcbox: the stack is guarded, and calls with a known size are checked" {
	symbols=$(nm build/lib/libcbox.a 2>/dev/null)
	[ "$(grep -c 'U __stack_chk_fail' <<<"$symbols")" -gt 20 ]
	[ "$(grep -c 'U __v*snprintf_chk' <<<"$symbols")" -gt 20 ]
	# A compiler that knows how much, of each function with a large frame: a page at a time.
	objdump -d --no-show-raw-insn build/bin/cbox | grep -qE 'or[lq] +\$0x0,(0x[0-9a-f]+)?\(%[re]sp|str +xzr, \[sp'
}

@test "no program has memory that can be written and executed, nor an executable stack" {
	for program in cbox gobox gobox-bridge compare; do
		segments $program | grep -q 'GNU_STACK.* RW '
		[ "$(segments $program | grep -cE ' (RWE|WE) ')" = 0 ]
		[ "$(segments $program | grep -c INTERP)" = 0 ]
	done
}
