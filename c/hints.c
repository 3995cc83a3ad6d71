/* hints.c: see hints.h. go/hints.go has the same words. */
#include "hints.h"

#include "container.h"
#include "language.h"
#include "run.h"

#include <string.h>

/* tests/lint/checks/hints finds a hint that has no row. */
static const struct hint hints[] = {
	/* The command line */
	{"%s --help shows what it takes", "何を受け取るかは %s --help で分かります"},
	{"%s --help lists the commands", "コマンドの一覧は %s --help で見られます"},
	{"%s --help lists the options", "オプションの一覧は %s --help で見られます"},
	{"%s exec --help shows what it takes", "何を受け取るかは %s exec --help で分かります"},
	{"did you mean %s?", "%s の間違いではありませんか?"},
	{"did you mean %s? %s", "%s の間違いではありませんか? %s"},
	{"a command goes after --: %s run -- %s", "コマンドは -- の後に書きます: %s run -- %s"},
	{"a command goes after --: %s exec %s -- %s",
		"コマンドは -- の後に書きます: %s exec %s -- %s"},
	{"%s run -- /bin/sh", "例: %s run -- /bin/sh"},
	{"%s exec %s -- /bin/sh", "例: %s exec %s -- /bin/sh"},
	{"%s init writes a spec to start from; --spec names another",
		"%s init が出発点になる spec を書きます。ほかの spec は --spec で指定します"},
	{"init never overwrites; it takes another directory as its argument",
		"init は上書きをしません。引数で別のディレクトリを指定できます"},
	{"gobox-bridge has them in both: gobox-bridge %s --via all=c",
		"gobox-bridge なら両方の言語で動かせます: gobox-bridge %s --via all=c"},
	{"for example --via mounts=c,namespaces=c or --via all=c",
		"例: --via mounts=c,namespaces=c または --via all=c"},
	{"languages are c and go", "言語は c か go です"},
	{"stages are %s; or all", "段階は %s のどれか、または all です"},
	{"a process that joins by Go makes system calls and runs no stage of C: --via "
	 "namespaces=c,%s=c",
		"Go で加わるプロセスはシステムコールを呼ぶだけで、C の段階は動かせません: --via "
		"namespaces=c,%s=c"},
	/* The spec */
	{"add { \"type\": \"%s\" } to linux.namespaces, without a path",
		"linux.namespaces に { \"type\": \"%s\" } を path なしで加えてください"},
	{"give a path below the cgroup mount, such as /twinbox/demo",
		"cgroup のマウントから下のパスを書いてください。例: /twinbox/demo"},
	{"add \"readonly\": true to root, which makes the root itself read-only",
		"root に \"readonly\": true を加えると、ルート自体が読み取り専用になります"},
	{"use fewer ranges: those that follow each other on both sides can be one",
		"範囲を減らしてください。両側で続いている範囲は 1 つにまとめられます"},
	/* Containers and their state */
	{"1 to %d of A-Z a-z 0-9 _ . - and not beginning with . or -",
		"A-Z a-z 0-9 _ . - の 1 から %d 文字で、. や - では始められません"},
	{"another container uses %s; `%s list` shows it, `%s gc` removes what a crash left",
		"別のコンテナが %s を使っています。`%s list` で確かめ、異常終了の残りなら `%s gc` "
		"で消してください"},
	{"that is one of the kernel's files; choose another --name or linux.cgroupsPath",
		"カーネルが置くファイルの名前です。別の --name か linux.cgroupsPath "
		"を選んでください"},
	{"`%s list` shows it; choose another --name",
		"`%s list` で確かめられます。別の --name を選んでください"},
	{"`%s list` shows the containers of this user",
		"このユーザーのコンテナは `%s list` で見られます"},
	{"%s%s`%s gc` tries again", "%s%s`%s gc` でもう一度試せます"},
	{"its runtime was killed; `%s gc` removes what it left",
		"ランタイムが強制終了されています。残ったものは `%s gc` で消せます"},
	{"its runtime could not write %s: a limit on files (ulimit -f), or no room there",
		"ランタイムが %s を書けませんでした。ファイルの大きさの制限 (ulimit -f) "
		"か、容量の不足です"},
	{"try again when its command runs", "コマンドが動き始めてから、もう一度試してください"},
	{"nothing was removed; when %s no longer runs: rm %s",
		"何も消していません。%s がもう動いていなければ: rm %s"},
	{"nothing was removed; the runtime that wrote it can collect it",
		"何も消していません。書いたほうのランタイムなら片付けられます"},
	{"it must belong to user %u and be writable by nobody else: ls -ld %s",
		"ユーザー %u のもので、ほかの誰にも書けない必要があります: ls -ld %s"},
	{"log in as this user, or set it to a directory that only this user can write",
		"このユーザーでログインするか、このユーザーだけが書けるディレクトリを設定してくださ"
		"い"},
	{"it was killed from outside or by a memory limit that is too small",
		"外から強制終了されたか、メモリーの制限が小さすぎます"},
	/* Cgroups */
	{"this machine mounts cgroup v1 controllers; the lab (make lab) has cgroup v2",
		"このマシンはコントローラーを cgroup v1 で使っています。lab (make lab) には cgroup "
		"v2 があります"},
	{"mount it with `mount -t cgroup2 none " CGROUP_ROOT "`, or use the lab (make lab)",
		"`mount -t cgroup2 none " CGROUP_ROOT
		"` でマウントするか、lab (make lab) を使ってください"},
	{"cgroup v1 may hold it on this machine; the lab (make lab) has every controller",
		"このマシンでは cgroup v1 が持っているのかもしれません。lab (make lab) "
		"にはすべてのコントローラーがあります"},
	{"processes live in that cgroup itself: cgroup v2 gives controllers only to children of a "
	 "cgroup without processes",
		"その cgroup 自身にプロセスがいます。cgroup v2 は、プロセスのいない cgroup "
		"の子にだけコントローラーを渡します"},
	{"cgroups belong to root; run as root, name a cgroup of your own in linux.cgroupsPath, or "
	 "leave linux.resources out",
		"cgroup は root のものです。root で動かすか、自分の cgroup を linux.cgroupsPath "
		"に書くか、linux.resources を省いてください"},
	{"this kernel has no %s; take that limit out of the spec",
		"このカーネルに %s はありません。その制限を spec から外してください"},
	{"the kernel needs CONFIG_CGROUP_BPF, and the runtime CAP_BPF and CAP_NET_ADMIN on the "
	 "host",
		"カーネルには CONFIG_CGROUP_BPF が、ランタイムにはホストでの CAP_BPF と "
		"CAP_NET_ADMIN が必要です"},
	{"a process that the kernel cannot end now (state D in ps) keeps it; try again later",
		"カーネルが今は終わらせられないプロセス (ps で状態 D) "
		"が残っています。後でもう一度試してください"},
	/* Namespaces, identity, network, hostname */
	{"new namespaces need root, or a user namespace in the spec",
		"新しい名前空間には、root 権限か、spec でのユーザー名前空間が必要です"},
	{"%s = %s refuses user namespaces; sudo sysctl -w %s=%s allows them",
		"%s = %s がユーザー名前空間を禁止しています。許すには: sudo sysctl -w %s=%s"},
	{"pids.max of the container's cgroup may be reached",
		"コンテナの cgroup の pids.max に達したのかもしれません"},
	{"the first process of the joined pid namespace may have ended: no other can be made there "
	 "then",
		"加わった PID "
		"名前空間の最初のプロセスが終わっているのかもしれません。その場合、そこには新しいプ"
		"ロセスを作れません"},
	{"map id 0 as well: linux.uidMappings, linux.gidMappings",
		"ID 0 も対応付けてください: linux.uidMappings, linux.gidMappings"},
	{"an ordinary user can map one id only: the own one, size 1",
		"一般ユーザーが対応付けられる ID は、自分の 1 つだけです (size は 1)"},
	{"a veth pair needs root on the host", "veth の対を作るには、ホストの root 権限が必要です"},
	{"the container's network namespace has a link %s already",
		"コンテナのネットワーク名前空間に、リンク %s がすでにあります"},
	{"a host name needs a uts namespace of the same user namespace",
		"ホスト名を付けるには、同じユーザー名前空間に属する UTS 名前空間が必要です"},
	{"the kernel says: %s", "カーネルの説明: %s"},
	/* Mounts */
	{"make rootfs builds one in " DEFAULT_ROOTFS
	 ", twinbox-rootfs DIR anywhere; --rootfs names another",
		"make rootfs は " DEFAULT_ROOTFS
		" に、twinbox-rootfs DIR は好きな場所に作ります。ほかの rootfs は --rootfs "
		"で指定します"},
	{"`make rootfs` makes build/rootfs", "`make rootfs` が build/rootfs を作ります"},
	{"root of the container's user namespace is nobody special here: each directory on the way "
	 "needs x for others",
		"コンテナのユーザー名前空間の root "
		"は、ここでは特別ではありません。途中のディレクトリすべてに、その他のユーザーの x "
		"が必要です"},
	{"Linux 5.12 or newer is needed", "Linux 5.12 以降が必要です"},
	{"/ is not a mount here, as in a chroot; before the chroot: mount --bind DIR DIR",
		"chroot の中のように、ここでは / がマウントではありません。chroot の前に: mount "
		"--bind DIR DIR"},
	{"try --no-pivot", "--no-pivot を試してください"},
	{"in a user namespace this needs a %s namespace of its own",
		"ユーザー名前空間の中では、これに専用の %s 名前空間が必要です"},
	{"it has mounts below it that a user namespace may not leave out; use rbind",
		"この下に、ユーザー名前空間では省けないマウントがあります。rbind を使ってください"},
	{"it is missing and cannot be made there; make it in the rootfs",
		"これがなく、その場には作れません。rootfs の中に作っておいてください"},
	{"this must be an ordinary directory of the rootfs, not a symbolic link",
		"これはシンボリックリンクではなく、rootfs "
		"の普通のディレクトリでなければなりません"},
	{"a symbolic link that leads nowhere is in the way",
		"行き先のないシンボリックリンクが邪魔をしています"},
	/* Privileges and the command */
	{"a value below the runtime's own needs CAP_SYS_RESOURCE on the host",
		"ランタイム自身より小さい値には、ホストでの CAP_SYS_RESOURCE が必要です"},
	{"raising a hard limit needs CAP_SYS_RESOURCE on the host, and RLIMIT_NOFILE may not "
	 "exceed /proc/sys/fs/nr_open",
		"ハードリミットを上げるには、ホストでの CAP_SYS_RESOURCE が必要です。RLIMIT_NOFILE "
		"は /proc/sys/fs/nr_open を超えられません"},
	{"take it out of process.capabilities, or start the runtime with it",
		"process.capabilities から外すか、これを持つランタイムを起動してください"},
	{"the user namespace of an ordinary user denies setgroups: leave "
	 "process.user.additionalGids empty or run as root",
		"一般ユーザーのユーザー名前空間では setgroups "
		"が禁止されています。process.user.additionalGids を空にするか、root "
		"で動かしてください"},
	{"each group must be mapped in linux.gidMappings",
		"どのグループも linux.gidMappings で対応付けられている必要があります"},
	{"the id must be mapped in linux.uidMappings and linux.gidMappings",
		"この ID は linux.uidMappings と linux.gidMappings "
		"で対応付けられている必要があります"},
	{"the command is searched in the rootfs, not on the host; a script also needs its #! "
	 "interpreter there",
		"コマンドはホストではなく rootfs の中で探します。スクリプトなら #! "
		"のインタプリタも rootfs に必要です"},
};

static const struct hint *more;
static size_t more_n;

void hints_add(const struct hint *rows, size_t n)
{
	more = rows;
	more_n = n;
}

static const char *find(const struct hint *rows, size_t n, const char *en)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].en, en) == 0)
			return rows[i].ja;
	return NULL;
}

const char *hints_format(const char *en)
{
	const char *ja = NULL;

	if (language_japanese()) {
		ja = find(hints, sizeof(hints) / sizeof(hints[0]), en);
		ja = ja ? ja : find(more, more_n, en);
	}
	return ja ? ja : en;
}
