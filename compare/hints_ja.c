/* hints_ja.c: see hints_ja.h. */
#include "hints_ja.h"

#include "../c/hints.h"

/* tests/lint/checks/hints finds a hint that has no row. */
static const struct hint hints[] = {
	{"columns are %s", "使える列は %s です"},
	{"`make` builds it", "`make` がビルドします"},
	{"`make` builds them", "`make` がビルドします"},
	{"install the package %s", "パッケージ %s をインストールしてください"},
	{"`make map` finds a place where it can run", "`make map` なら動かせる場所を選びます"},
	{"`make map` finds a place that has it", "`make map` ならそれがある場所を選びます"},
	{"`make map` builds the programs", "`make map` がプログラムをビルドします"},
	{"it is run in the directory of the repository",
		"リポジトリのディレクトリで動かしてください"},
	{"it is network, limits, exec or lifecycle",
		"network, limits, exec, lifecycle のどれかです"},
	{"`compare run --save FILE` writes one", "`compare run --save FILE` で作れます"},
	{"`make compare` finds a place where it can run",
		"`make compare` なら動かせる場所を選びます"},
	{"`make compare` makes it", "`make compare` が作ります"},
	{"remove that file", "そのファイルを削除してください"},
	{"`make rootfs` makes it", "`make rootfs` が作ります"},
	{"stages are %s", "段階は %s です"},
	{"what strace wrote is in %s/trace", "strace が書いたものは %s/trace にあります"},
	{"kernel.yama.ptrace_scope is 3: nobody may trace until the next boot",
		"kernel.yama.ptrace_scope が 3 なので、再起動するまで誰もトレースできません"},
	{"a container's seccomp profile often forbids ptrace(2): `make lab` gives a machine of its "
	 "own",
		"コンテナの seccomp プロファイルはよく ptrace(2) を禁止します。`make lab` "
		"なら専用のマシンで動かせます"},
	{"`make trace` installs it, or: apt-get install strace",
		"`make trace` がインストールします。手では: apt-get install strace"},
};

void hints_ja_add(void)
{
	hints_add(hints, sizeof(hints) / sizeof(hints[0]));
}
