// Why there is each stage, in one line, for -v; c/why.c has the same words.

package gobox

var reasons = []struct {
	stage  string
	child  bool
	en, ja string
}{
	{"cgroup", false, "a directory in cgroup v2, with the limits, before anything runs in it",
		"cgroup v2 にディレクトリを作り、何かが動く前に制限を書きます"},
	{"namespaces", false, "a new process in namespaces of its own, born in that cgroup",
		"専用の名前空間を持つプロセスを、その cgroup の中に生みます"},
	{"identity", false, "says which users of the host the users inside are",
		"中のユーザーがホストのどのユーザーに当たるかを決めます"},
	{"network", false, "a pair of interfaces: one end here, its peer in the container",
		"対になったインターフェースを作ります: 片方はここに、相手はコンテナに"},
	{"privileges", false, "says how readily the kernel kills it when memory runs out",
		"メモリーが尽きたとき、カーネルがどれだけ先に終わらせるかを決めます"},
	{"identity", true, "becomes root of the user namespace, where there is one",
		"ユーザー名前空間があれば、その中の root になります"},
	{"network", true, "address, up and route, at the container's end",
		"コンテナ側の端にアドレスと経路を付け、有効にします"},
	{"hostname", true, "a name of its own, in its own uts namespace",
		"専用の UTS 名前空間で、自分のホスト名を付けます"},
	{"mounts", true, "its own file systems, and a root that no path leads out of",
		"専用のファイルシステムを付け、外へ出る道のないルートに移ります"},
	{"privileges", true, "gives up what the command shall not have",
		"コマンドに持たせない権限を手放します"},
	{"exec", true, "becomes the command", "コマンドに成り代わります"},
	{"wait", false, "passes signals on until the command has ended",
		"コマンドが終わるまで、シグナルを渡します"},
	{"cleanup", false, "removes what was made, so that nothing is left",
		"作ったものを取り除き、何も残しません"},
}

// whyStage is for the side (parent or child) and in the language of c; "begin" for a stage that has
// no row.
func whyStage(c *Container, stage string) string {
	for _, r := range reasons {
		if r.child == c.IsChild && r.stage == stage {
			if c.Japanese {
				return r.ja
			}
			return r.en
		}
	}
	return "begin"
}
