# The Debian package on a system that has the distribution's essential packages and nothing else of
# twinbox: installed by dpkg, run, upgraded, purged. build/package/clean.tar is that system.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../../.." || return
	export TREE=$BATS_FILE_TMPDIR/tree
	mkdir "$TREE"
	tar -xf build/package/clean.tar -C "$TREE" --exclude='./dev/*'
	# What a machine's root is: a mount (pivot_root(2)).
	mount --bind "$TREE" "$TREE"
	mount -t tmpfs -o mode=755 dev "$TREE/dev"
	for node in null zero full random urandom tty; do
		cp -a "/dev/$node" "$TREE/dev/"
	done
	mount -t proc proc "$TREE/proc"
	mount --rbind /sys "$TREE/sys"
	echo '127.0.0.1 localhost' >"$TREE/etc/hosts" # as an installer leaves it
	cp build/package/deb/twinbox_*.deb "$TREE/twinbox.deb"
}

teardown_file() {
	umount -l "$TREE"
}

inside() { chroot "$TREE" "$@" </dev/null; }

@test "the package is installed by dpkg, with what it depends on" {
	[ ! -e "$TREE/usr/bin/cbox" ]
	inside dpkg -i /twinbox.deb
	[ "$(inside dpkg-query -W -f '${db:Status-Abbrev}' twinbox)" = 'ii ' ]
	[ -x "$TREE/var/lib/twinbox/rootfs/bin/busybox" ]
}

@test "cbox run and gobox run give the result, with the defaults that were installed" {
	for program in cbox gobox gobox-bridge; do
		run inside $program run -- sh -c 'hostname; cat /sys/fs/cgroup/memory.max; exit 0'
		echo "$program: $output"
		[ "$output" = $'full\n52428800' ]
	done
	run -7 inside cbox run -- sh -c 'exit 7'
}

@test "the page of each program is there" {
	for page in cbox.1 gobox.1 gobox-bridge.1 twinbox-rootfs.1; do
		gzip -t "$TREE/usr/share/man/man1/$page.gz"
	done
	gzip -t "$TREE/usr/share/man/man5/twinbox-spec.5.gz"
}

@test "installing it again keeps what is in the root file system" {
	echo mine >"$TREE/var/lib/twinbox/rootfs/mine"
	inside dpkg -i /twinbox.deb
	[ "$(<"$TREE/var/lib/twinbox/rootfs/mine")" = mine ]
}

@test "removing keeps the root file system, purging takes it" {
	inside dpkg -r twinbox
	[ ! -e "$TREE/usr/bin/cbox" ]
	[ -e "$TREE/var/lib/twinbox/rootfs/mine" ]
	inside dpkg -P twinbox
	[ ! -e "$TREE/var/lib/twinbox" ]
	[ -z "$(find "$TREE/usr" "$TREE/etc" "$TREE/var" -name '*twinbox*' -o -name 'cbox*' -o -name 'gobox*')" ]
}
