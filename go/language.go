// In which language people are told things; c/language.c decides the same. Errors' first lines are
// always English.

package gobox

import (
	"os"
	"strings"
)

// languageJapanese tells whether the locale for messages (LC_ALL, else LC_MESSAGES, else LANG;
// locale(7)) is Japanese in UTF-8. Another encoding gets English: Japanese would come out as
// something else.
func languageJapanese() bool {
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale = os.Getenv(name); locale != "" {
			break
		}
	}
	if !strings.HasPrefix(locale, "ja") || len(locale) > 2 && !strings.ContainsAny(locale[2:3], "_.@") {
		return false
	}
	_, encoding, found := strings.Cut(locale, ".")
	encoding = strings.ToLower(encoding)
	return !found || strings.HasPrefix(encoding, "utf-8") || strings.HasPrefix(encoding, "utf8")
}

// languagePick gives one of two texts by that.
func languagePick(en, ja string) string {
	if languageJapanese() {
		return ja
	}
	return en
}
