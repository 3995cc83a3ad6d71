#!/usr/bin/env bats
# The default tree, and the way through podman, which needs no registry here:
# the default tree itself is imported as an image.

setup() {
	dir=$BATS_TEST_TMPDIR/tree
	store=$BATS_TEST_TMPDIR/store
	# A storage of its own; nothing is mounted or run, so a plain copy of
	# the layers (vfs) does.
	export PODMAN_OPTIONS="--root $store/root --runroot $store/run --storage-driver vfs --cgroup-manager cgroupfs --events-backend none"
	read -r -a podman <<<"podman $PODMAN_OPTIONS"
}

teardown() {
	[ ! -e "$store" ] || chmod -R u+rwX "$store"
	rm -rf --one-file-system "$store"
}

import_image() {
	rootfs/make-rootfs "$BATS_TEST_TMPDIR/image"
	echo from-the-image >"$BATS_TEST_TMPDIR/image/etc/mark"
	tar -C "$BATS_TEST_TMPDIR/image" -c . | "${podman[@]}" import -q - "$1"
}

# What a make-rootfs leaves beside its directory; there must be nothing.
beside() {
	find "$BATS_TEST_TMPDIR" -maxdepth 1 -name 'tree.*'
}

@test "the default tree has the programs and files that containers use" {
	rootfs/make-rootfs "$dir"
	for name in sh ps ip nc wget httpd mount hostname sleep; do
		[ -x "$dir/bin/$name" ]
	done
	for name in passwd group hostname resolv.conf os-release; do
		[ -s "$dir/etc/$name" ]
	done
	for name in proc sys dev run mnt home var/www; do
		[ "$(stat -c %a "$dir/$name")" = 755 ]
	done
	[ "$(stat -c %a "$dir/tmp")" = 1777 ]
	[ "$(stat -c %a "$dir/root")" = 700 ]
	[ "$(stat -c %a "$dir/bin/busybox")" = 755 ]
	[ -z "$(beside)" ]
}

@test "every link in bin leads to an applet that there is" {
	rootfs/make-rootfs "$dir"
	have=$("$dir/bin/busybox" --list)
	for link in "$dir"/bin/*; do
		[ "${link##*/}" = busybox ] || grep -qxF "${link##*/}" <<<"$have"
	done
}

@test "the umask of who builds it does not matter" {
	(umask 077 && rootfs/make-rootfs "$dir")
	(umask 000 && rootfs/make-rootfs "$dir.open")
	diff <(cd "$dir" && find . -printf '%p %m %l\n' | sort) \
		<(cd "$dir.open" && find . -printf '%p %m %l\n' | sort)
	rm -rf "$dir.open"
}

@test "stress uses up what it is told to" {
	run sh rootfs/files/usr/bin/stress memory 2
	[ "$status" = 0 ]
	[ "$output" = '2 MiB' ]
	run sh rootfs/files/usr/bin/stress cpu 1
	[ "$status" = 0 ]
	[[ $output == *rounds ]]
	run sh rootfs/files/usr/bin/stress nothing
	[ "$status" = 2 ]
}

@test "a second run replaces the tree and leaves no former one" {
	rootfs/make-rootfs "$dir"
	touch "$dir/old"
	rootfs/make-rootfs "$dir"
	[ ! -e "$dir/old" ]
	[ -x "$dir/bin/sh" ]
	[ -z "$(beside)" ]
}

@test "an image that podman has is exported, and its container removed" {
	import_image localhost/alpine:3.20
	rootfs/make-rootfs "$dir" localhost/alpine:3.20
	[ "$(<"$dir/etc/mark")" = from-the-image ]
	[ -x "$dir/bin/busybox" ]
	[ "$(readlink "$dir/bin/sh")" = busybox ]
	[ "$(stat -c %a "$dir/tmp")" = 1777 ]
	[ -z "$("${podman[@]}" ps -aq)" ]
	[ -z "$(beside)" ]
}

@test "an image that cannot be pulled leaves the former tree as it was" {
	rootfs/make-rootfs "$dir"
	touch "$dir/former"
	run rootfs/make-rootfs "$dir" localhost/no-such-image:1
	[ "$status" = 1 ]
	[[ $output == *'rootfs: cannot pull localhost/no-such-image:1'* ]]
	[ -e "$dir/former" ]
	[ -z "$(beside)" ]
}

@test "an image without a shell leaves the former tree and no container" {
	rootfs/make-rootfs "$dir"
	touch "$dir/former"
	mkdir "$BATS_TEST_TMPDIR/empty"
	touch "$BATS_TEST_TMPDIR/empty/file"
	tar -C "$BATS_TEST_TMPDIR/empty" -c . | "${podman[@]}" import -q - localhost/empty:1
	run rootfs/make-rootfs "$dir" localhost/empty:1
	[ "$status" = 1 ]
	[[ $output == *'has no /bin/sh'* ]]
	[ -e "$dir/former" ]
	[ -z "$("${podman[@]}" ps -aq)" ]
	[ -z "$(beside)" ]
}

@test "an export that breaks off leaves the former tree and no container" {
	import_image localhost/alpine:3.20
	rootfs/make-rootfs "$dir"
	touch "$dir/former"
	# A podman whose export ends in the middle of the archive and says so,
	# or does not.
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/podman" <<-END
		#!/bin/sh
		$(command -v podman) "\$@" || exit
		for word; do
			case \$word in *.tar) truncate -s 1500000 "\$word"; exit \$EXPORT_STATUS ;; esac
		done
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/podman"
	for EXPORT_STATUS in 0 1; do
		export EXPORT_STATUS
		PATH=$BATS_TEST_TMPDIR/bin:$PATH run rootfs/make-rootfs "$dir" localhost/alpine:3.20
		[ "$status" = 1 ]
		[[ $output == *'cannot export localhost/alpine:3.20'* ]]
		[ -e "$dir/former" ]
		[ -z "$("${podman[@]}" ps -aq)" ]
		[ -z "$(beside)" ]
	done
}

@test "make rootfs FROM goes the same way" {
	import_image localhost/alpine:3.20
	copy=$BATS_TEST_TMPDIR/copy
	mkdir "$copy"
	cp -R Makefile VERSION rootfs infra "$copy/"
	make -C "$copy" rootfs FROM=localhost/alpine:3.20
	[ "$(<"$copy/build/rootfs/etc/mark")" = from-the-image ]
	make -C "$copy" rootfs
	[ ! -e "$copy/build/rootfs/etc/mark" ]
	[ -x "$copy/build/rootfs/bin/sh" ]
}
