// Which locales are Japanese, by the rows of tests/unit/rows/language.txt, which
// tests/unit/test_language.c reads too.

package gobox

import (
	"os"
	"testing"
)

func TestLanguageReadsEveryRow(t *testing.T) {
	for _, row := range readRows(t, "language") {
		for i, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
			t.Setenv(name, row[i])
			if row[i] == "~" {
				os.Unsetenv(name)
			}
		}
		if got := languagePick("en", "ja"); got != row[3] {
			t.Errorf("%v: got %s", row, got)
		}
	}
}
