#!/usr/bin/env bats
# doctor where containers with limits can run.

load ../helper

here() {
	expect 0 env LC_ALL=C "$box" doctor
	same 'native: containers with limits run on this machine' "$(tail -n 1 <<<"$out")"
	same '' "$(grep -A1 -E '^fail  (kernel|root|cgroup v2|controllers|namespaces|state directory): ' <<<"$out")"
	expect 0 env LC_ALL=ja_JP.UTF-8 "$box" doctor
	same 'native: 制限付きのコンテナを、このマシンで動かせます' "$(tail -n 1 <<<"$out")"
}
@test "doctor: containers with limits run on this machine" { both here; }
