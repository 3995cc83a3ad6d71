// A hint is Japanese where the locale is; one that has no row stays as it is.

package gobox

import "testing"

func TestHintsAreInTheReadersLanguage(t *testing.T) {
	for _, row := range []struct{ locale, format, argument, want string }{
		{"C", "the kernel says: %s", "no", "the kernel says: no"},
		{"ja_JP.UTF-8", "the kernel says: %s", "no", "カーネルの説明: no"},
		{"ja_JP.UTF-8", "in a user namespace this needs a %s namespace of its own", "network",
			"ユーザー名前空間の中では、これに専用の network 名前空間が必要です"},
		{"ja_JP.UTF-8", "%s has no row", "this", "this has no row"},
	} {
		t.Setenv("LC_ALL", row.locale)
		e := asError(errorHint(errorSay("it failed"), row.format, row.argument))
		if e.Message != "it failed" || e.Hint != row.want {
			t.Errorf("%s: got %q, want %q", row.locale, e.Hint, row.want)
		}
	}
}
