# What a tab key gives, in bash and in zsh, for each program: its commands, the options of each, the
# stages, the specs.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	unset MAKEFLAGS MAKELEVEL
	export TREE=$BATS_FILE_TMPDIR/tree
	make -s install PREFIX=/usr DESTDIR="$TREE"
	mkdir "$BATS_FILE_TMPDIR/elsewhere"
	touch "$BATS_FILE_TMPDIR/elsewhere/"{my.json,notes.txt}
	mkdir "$BATS_FILE_TMPDIR/elsewhere/bundle"
}

setup() { cd "$BATS_FILE_TMPDIR/elsewhere" || return; }

# in_bash WORD...: what bash offers for the last word, sorted, on one line.
in_bash() {
	PATH=$TREE/usr/bin:$PATH bash --norc -c '
		. /usr/share/bash-completion/bash_completion
		. "$TREE/usr/share/bash-completion/completions/$1"
		[ "$(complete -p "$1")" = "complete -o filenames -F _twinbox $1" ] || exit
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_twinbox "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$@" | sort | paste -sd " "
}

# in_zsh LINE: what zsh, with a terminal of its own, offers at the end of the line. There compadd also
# tells what it adds, through a fifo, and the key ^X completes and then tells that it is done.
in_zsh() {
	local told=$BATS_TEST_TMPDIR/told
	cat >"$BATS_TEST_TMPDIR/zshrc" <<-END
		PROMPT= RPS1=
		stty columns 300
		fpath=($TREE/usr/share/zsh/site-functions \$fpath)
		autoload -Uz compinit && compinit -u -d $BATS_TEST_TMPDIR/dump
		compadd() {
			local -a got
			builtin compadd -O got "\$@"
			print -rl -- \$got >&9
			builtin compadd "\$@"
		}
		tell() { zle complete-word; print done. >&9 }
		zle -N tell && bindkey '^X' tell
		exec 9>$told
		print ready. >&9
	END
	rm -f "$told" && mkfifo "$told"
	PATH=$TREE/usr/bin:$PATH timeout 60 zsh -f -c '
		zmodload zsh/zpty
		zpty z zsh -f -i
		zpty -w z "source $1/zshrc"
		exec 3<$1/told
		read -r -u 3
		zpty -n -w z "$2"$'"'\x18'"'
		while read -r -u 3 line && [[ $line != done. ]]; do print -r -- "$line"; done
		zpty -d z' zsh "$BATS_TEST_TMPDIR" "$1" | grep . | sort -u | paste -sd ' '
}

commands_of() { "$TREE/usr/bin/$1" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'; }

options_of() { "$TREE/usr/bin/$1" "$2" --help | sed -n 's/^  \(-[a-z-]*\) .*/\1/p'; }

@test "bash: the commands of each program" {
	for program in cbox gobox gobox-bridge; do
		[ "$(in_bash $program '')" = "$( (commands_of $program; echo --help; echo --version) | sort | paste -sd " ")" ]
	done
	[ "$(in_bash cbox ru)" = run ]
	[ "$(in_bash cbox --v)" = --version ]
}

@test "bash: the options of each command" {
	for program in cbox gobox gobox-bridge; do
		for command in $(commands_of $program); do
			[ "$(in_bash $program "$command" -)" = "$( (options_of $program "$command"; echo --help) | sort | paste -sd " ")" ]
		done
	done
	[ "$(in_bash gobox-bridge run --v)" = --via ]
	[ -z "$(in_bash gobox run --v)" ]
}

@test "bash: specs, directories, stages" {
	specs=$(cd "$TREE/usr/share/twinbox/specs" && printf "$TREE/usr/share/twinbox/specs/%s\n" *.json)
	[ "$(in_bash cbox run --spec '')" = "$( (echo "$specs"; echo my.json; echo bundle/) | sort | paste -sd " ")" ]
	[ "$(in_bash gobox check m)" = my.json ]
	[ "$(in_bash cbox run --rootfs '')" = bundle ]
	[ "$(in_bash gobox-bridge run --via '')" = 'all=c cgroup=c hostname=c identity=c mounts=c namespaces=c network=c privileges=c' ]
	[ "$(in_bash gobox-bridge run --via network=c,ho)" = network=c,hostname=c ]
	[ "$(in_bash gobox-bridge exec --via '')" = 'all=c cgroup=c identity=c mounts=c namespaces=c privileges=c' ]
}

@test "bash: nothing is offered for the container's own command" {
	[ -z "$(in_bash cbox run -- '')" ]
	[ -z "$(in_bash cbox exec box -- -)" ]
}

@test "the stages that completion offers are those of --via" {
	stages=$(sed -n '/^var viaNames/,/}/p' "$BATS_TEST_DIRNAME/../../go/via.go" | grep -o '"[a-z]*"' | tr -d '"' | sort | paste -sd " ")
	[ -n "$stages" ]
	[ "$(in_bash gobox-bridge run --via '' | tr ' ' '\n' | sed 's/=c$//; /^all$/d' | paste -sd " ")" = "$stages" ]
}

@test "zsh: the commands of each program" {
	for program in cbox gobox gobox-bridge; do
		[ "$(in_zsh "$program ")" = "$( (commands_of $program; echo --help; echo --version) | sort -u | paste -sd " ")" ]
	done
}

@test "zsh: the options of each command" {
	for program in cbox gobox-bridge; do
		for command in run list gc; do
			[ "$(in_zsh "$program $command -")" = "$( (options_of $program "$command"; echo --help) | sort -u | paste -sd " ")" ]
		done
	done
}

@test "zsh: specs, directories, stages" {
	specs=$(cd "$TREE/usr/share/twinbox/specs" && printf "$TREE/usr/share/twinbox/specs/%s\n" *.json)
	for spec in $specs my.json bundle; do
		[[ " $(in_zsh 'cbox run --spec ') " == *" $spec"[/\ ]* ]]
	done
	[[ " $(in_zsh 'cbox run --spec ') " != *notes* ]]
	[[ "$(in_zsh 'gobox run --rootfs ')" == *bundle* ]]
	[ "$(in_zsh 'gobox-bridge run --via ')" = 'all=c cgroup=c hostname=c identity=c mounts=c namespaces=c network=c privileges=c' ]
	[ "$(in_zsh 'gobox-bridge exec --via ')" = 'all=c cgroup=c identity=c mounts=c namespaces=c privileges=c' ]
	[[ " $(in_zsh 'gobox-bridge run --via network=c,') " == *' hostname=c '* ]]
}
