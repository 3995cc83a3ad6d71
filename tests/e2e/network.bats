#!/usr/bin/env bats
# The veth pair of the spec, used: requests and messages both ways.

load helper

answers() {
	hold net --spec "$SPECS/veth.json" -- /bin/sh -c \
		'mkdir /tmp/www; echo page-of-$(hostname) >/tmp/www/index.html
		httpd -p 8000 -h /tmp/www; while :; do nc -l -p 7777 -e cat; done & cat'
	await reach 8000
	same page-of-box "$(http 10.200.1.2 8000)"
	await echoes
	# And from the container to the host's end.
	busybox httpd -f -p 10.200.1.1:8080 -h "$ROOTFS/etc" 3>&- &
	local httpd=$!
	await reach 8080 10.200.1.1
	same "$(<"$ROOTFS/etc/hostname")" \
		"$(nsenter -t "$pid" -n -- timeout 5 busybox wget -q -O - http://10.200.1.1:8080/hostname)"
	kill "$httpd"
	wait "$httpd" || true
	expect 0 let_go
}
reach() { (exec 5<>"/dev/tcp/${2:-10.200.1.2}/$1"); }
http() { (exec 5<>"/dev/tcp/$1/$2"; printf 'GET / HTTP/1.0\r\n\r\n' >&5; timeout 5 sed '1,/^\r$/d' <&5); }
# Each nc answers one message; the next one may not listen yet.
echoes() {
	local answer
	{ exec 5<>/dev/tcp/10.200.1.2/7777 && echo hello >&5 && read -t 2 -r answer <&5; } || return 1
	exec 5>&-
	[ "$answer" = hello ]
}
@test "HTTP and netcat, from the host and from the container" { both answers; }

taken() {
	ip link add cbox0 type veth peer name other0
	expect 125 run_box --spec "$SPECS/veth.json" -- /bin/true
	ip link show other0
	ip link del cbox0
	same "${box##*/}: network: creating veth cbox0: File exists (EEXIST)" "${err%%$'\n'*}"
}
@test "a link of that name is not taken over" { both taken; }

gone() {
	for _ in 1 2 3 4 5; do
		expect 0 run_box --spec "$SPECS/veth.json" -- /bin/true
		no_link cbox0
	done
}
@test "the link is gone when run returns, so that the next run can have it" { both gone; }
