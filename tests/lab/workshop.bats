#!/usr/bin/env bats
# make workshop, as one who walks through it: the machine opens with two terminals, `step` shows the
# commands of the page, `step check` tells what is right and what is missing.

setup() {
	name=workshop-test-$$
	tmux -L $name -f /dev/null new-session -d -x 120 -y 50 \
		infra/lab/lab shell -- infra/workshop/open infra/container_runtime_ja.md
}

teardown() {
	tmux -L $name kill-server 2>/dev/null || true
}

screen() {
	tmux -L $name capture-pane -p -t 0
}

# shows TEXT...: waits until the screen has all of them.
shows() {
	local text missing
	for _ in $(seq 600); do
		missing=
		for text in "$@"; do
			screen | grep -qF -- "$text" || missing=$text
		done
		[ -n "$missing" ] || return 0
		sleep 0.2
	done
	screen
	echo "not on the screen: $missing"
	return 1
}

# The screen is emptied first, so what is waited for is new; the mark says that the shell is back.
type_line() {
	mark="<back $RANDOM>"
	tmux -L $name send-keys -t 0 -l "clear; $1; echo '<back' '${mark#<back }'"
	tmux -L $name send-keys -t 0 Enter
	shows "$mark"
}

@test "step shows what is typed, step check what is missing, where it is explained, and what is right" {
	shows '=> STEP 1' '/workshop#'
	type_line 'ls; pwd'
	shows step1 step6 /root/workshop
	type_line 'step 3'
	shows 'mount --make-shared stage' '`step check`'
	type_line 'step check; echo "status $?"'
	shows 'まだです: stage は' '「安全な場所で漏れを見る」を見てください' 'status 1'
	type_line 'mkdir stage; mount -t tmpfs stage stage; mkdir stage/inner'
	type_line 'step check; echo "status $?"'
	shows 'まだです: stage は' 'できています: stage/inner' 'status 1'
	type_line 'mount --make-shared stage'
	type_line 'step check; echo "status $?"'
	shows 'STEP 3 はできています。「片付け」' 'status 0'
	type_line 'step 99; echo "status $?"'
	shows 'STEP 99 はありません' 'status 2'
	# The second terminal is there; the machine ends with both.
	tmux -L $name send-keys -t 0 C-b n
	type_line 'pwd'
	shows /root/workshop
	tmux -L $name send-keys -t 0 -l 'exit'
	tmux -L $name send-keys -t 0 Enter
	shows '[workshop]0:1*'
	tmux -L $name send-keys -t 0 -l 'exit'
	tmux -L $name send-keys -t 0 Enter
	for _ in $(seq 300); do
		tmux -L $name has-session 2>/dev/null || return 0
		sleep 0.2
	done
	screen
	return 1
}
