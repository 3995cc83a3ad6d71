# shellcheck shell=bash
# Talking to apt without changing how this machine's apt is set up.
#
# Debian 12 has no Go 1.22 and no QEMU that runs a present kernel; both are in
# bookworm-backports. Where that is not among the machine's sources, it is
# added in a private copy of them under build/setup/apt, with the mirror and
# the key that the machine itself uses for its main suite. An ordinary user can
# read package lists and download from there as well.

apt_dir=build/setup/apt

os_id=$(. /etc/os-release 2>/dev/null && echo "${ID:-}")
os_codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")

# The suite beyond the main one that newer tools come from, or nothing.
extra_suite() {
	[ "$os_id $os_codename" != 'debian bookworm' ] || echo bookworm-backports
}

# one_line_with_suite FILE SUITE: the lines of a sources.list that name the
# main suite, naming SUITE instead.
one_line_with_suite() {
	awk -v from="$os_codename" -v to="$2" '
		$1 != "deb" { next }
		{
			i = 2
			opts = ""
			if ($i ~ /^\[/) {
				while (i <= NF && $i !~ /\]$/)
					opts = opts $(i++) " "
				opts = opts $(i++) " "
			}
			if ($(i + 1) == from && / main( |$)/)
				print "deb " opts $i " " to " main"
		}' "$1"
}

# deb822_with_suite FILE SUITE: the same for a .sources file. A key may be
# written into the paragraph over several lines, so every field but the suites
# and components is passed through as it stands.
deb822_with_suite() {
	awk -v from="$os_codename" -v to="$2" '
		function flush() {
			if (deb && main && suite && enabled)
				printf "%sSuites: %s\nComponents: main\n\n", text, to
			text = ""; deb = main = suite = 0; enabled = 1; field = ""
		}
		BEGIN { enabled = 1 }
		/^#/ { next }
		/^[ \t]*$/ { flush(); next }
		/^[^ \t]/ { field = tolower($1); sub(/:.*/, "", field) }
		{ line = " " $0 " "; gsub(/[ \t]+/, " ", line) }
		field == "types" { deb = line ~ / deb /; text = text "Types: deb\n"; next }
		field == "suites" { if (line ~ (" " from " ")) suite = 1; next }
		field == "components" { if (line ~ / main /) main = 1; next }
		field == "enabled" { enabled = line !~ / no / }
		{ text = text $0 "\n" }
		END { flush() }' "$1"
}

# Fills $apt_dir with the machine's sources and the extra suite beside them.
private_sources() {
	local suite file n=0
	suite=$(extra_suite)
	rm -rf "$apt_dir/sources" && mkdir -p "$apt_dir/sources" \
		"$apt_dir/lists/partial" "$apt_dir/cache/archives/partial"
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
		[ -r "$file" ] || continue
		n=$((n + 1))
		case $file in
		*.list)
			cp "$file" "$apt_dir/sources/$n.list"
			[ -z "$suite" ] || one_line_with_suite "$file" "$suite" \
				>>"$apt_dir/sources/extra.list"
			;;
		*.sources)
			cp "$file" "$apt_dir/sources/$n.sources"
			[ -z "$suite" ] || deb822_with_suite "$file" "$suite" \
				>>"$apt_dir/sources/extra.sources"
			;;
		esac
	done
	find "$apt_dir/sources" -type f -empty -delete
}

# The options that make an apt tool use them, one a line.
apt_private_options() {
	local top=$PWD/$apt_dir
	printf '%s\n' -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$top/sources" \
		-o "Dir::State::lists=$top/lists" -o "Dir::Cache=$top/cache" \
		-o APT::Sandbox::User=root
}

# apt_private TOOL ARG...: an apt tool on the private sources.
apt_private() {
	local tool=$1 options
	shift
	mapfile -t options < <(apt_private_options)
	"$tool" "${options[@]}" -o Debug::NoLocking=true "$@"
}

# Downloads the private package lists unless that was done within a day.
private_update() {
	[ -n "$(find "$apt_dir/updated" -mmin -1440 2>/dev/null)" ] && return
	echo "setup: reading the package lists (a few seconds)" >&2
	private_sources
	# The machine's own hooks may tidy up where an ordinary user cannot.
	if ! apt_private apt-get -qq --error-on=any update >"$apt_dir/log" 2>&1; then
		grep '^E:' "$apt_dir/log" | head -n 2 >&2
		return 1
	fi
	touch "$apt_dir/updated"
}
