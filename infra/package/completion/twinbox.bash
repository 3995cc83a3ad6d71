# shellcheck shell=bash
# Completion of cbox, gobox and gobox-bridge. Commands and options are asked of the program itself,
# so that they are always those of the version that runs.

# _twinbox_kinds PROGRAM COMMAND: its options, one a line, each with what its value is (FILE, DIR,
# NAME, LIST) or nothing.
_twinbox_kinds() {
	"$1" "$2" --help 2>/dev/null | sed -n 's/^  \(-[a-z-]*\) \{0,1\}\([A-Z]*\)  *.*/\1 \2/p'
	echo --help
}

# The words of `PROGRAM --help` that are commands.
_twinbox_commands() {
	"$1" --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p'
}

# The specs beside the program (installed) and those of a checkout.
_twinbox_specs() {
	local self
	self=$(command -v -- "$1") && self=$(readlink -f -- "$self")
	compgen -G "${self%/bin/*}/share/twinbox/specs/*.json"
	compgen -G 'shared/specs/*.json'
}

_twinbox_containers() {
	"$1" list 2>/dev/null | sed -n '2,$s/ .*//p'
}

# The value of one option of kind $2; the word so far is $3, the option $4, the command $5.
_twinbox_value() {
	local stages='cgroup namespaces identity network hostname mounts privileges all' stage start
	[ "$5" != exec ] || stages='cgroup namespaces identity mounts privileges all'
	case $4 in
	--spec) mapfile -t COMPREPLY < <(
		compgen -W "$(_twinbox_specs "$1")" -- "$3"
		compgen -f -X '!*.json' -- "$3"
		compgen -d -S / -- "$3"
	) ;;
	--via)
		# A list: what stands before the last comma stays. = parts words for readline.
		start=${3%"${3##*,}"}
		for stage in $stages; do
			[[ $stage=c != "${3#"$start"}"* ]] || COMPREPLY+=("$start$stage=c")
		done
		;;
	*)
		case $2 in
		FILE) mapfile -t COMPREPLY < <(compgen -f -- "$3") ;;
		DIR) mapfile -t COMPREPLY < <(compgen -d -- "$3") ;;
		esac
		;;
	esac
}

_twinbox() {
	local program=$1 word=$2 before=$3 command='' i kind options
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		[ "${COMP_WORDS[i]}" != -- ] || return 0 # the container's command: nobody here knows it
		[ -n "$command" ] || case ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]} ;; esac
	done
	if [ -z "$command" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_twinbox_commands "$program") --help --version" -- "$word")
		return 0
	fi
	options=$(_twinbox_kinds "$program" "$command")
	kind=$(sed -n "s/^$before \([A-Z]\{1,\}\)$/\1/p" <<<"$options")
	if [ -n "$kind" ]; then
		_twinbox_value "$program" "$kind" "$word" "$before" "$command"
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${options//[A-Z]/}" -- "$word")
	elif [ "$command" = exec ] && [ "$before" = exec ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_twinbox_containers "$program")" -- "$word")
	elif [ "$command" = check ]; then
		_twinbox_value "$program" FILE "$word" --spec
	elif [ "$command" = init ]; then
		_twinbox_value "$program" DIR "$word" ''
	fi
}

complete -o filenames -F _twinbox cbox gobox gobox-bridge
