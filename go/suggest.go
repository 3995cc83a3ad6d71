// What somebody may have meant who mistyped a word; c/suggest.c counts the same.

package gobox

import (
	"os"
	"strings"
)

const letters = 64

// distance is the optimal string alignment: insert, delete, replace, exchange two neighbours; each
// costs one.
func distance(a, b string) int {
	above2, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 0
			if a[i-1] != b[j-1] {
				cost = 1
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], above2[j-2]+1)
			}
		}
		above2, above, row = above, row, above2
	}
	return above[len(b)]
}

// suggest gives the nearest candidate to a word: within a third of its letters typed wrong, missing,
// too many or exchanged with their neighbour, or one that it is the beginning of. Dashes in front do
// not count. The first of equals; "" where none is near.
func suggest(word string, candidates []string) string {
	word = strings.TrimLeft(word, "-")
	best, least := "", letters
	if len(word) < 2 || len(word) > letters {
		return ""
	}
	for _, candidate := range candidates {
		name := strings.TrimLeft(candidate, "-")
		if len(name) > letters {
			continue
		}
		far := 1
		if len(name) <= len(word) || !strings.HasPrefix(name, word) {
			far = distance(word, name)
		}
		if far < least && (far == 1 || far <= len(word)/3) {
			best, least = candidate, far
		}
	}
	return best
}

// suggestHint puts "did you mean MEANT? " before the hint of an error; nothing where meant is "".
func suggestHint(err error, meant string) error {
	if meant == "" {
		return err
	}
	if rest := asError(err).Hint; rest != "" {
		return errorHint(err, "did you mean %s? %s", meant, rest)
	}
	return errorHint(err, "did you mean %s?", meant)
}

// suggestSpec is the same for a path that is not there: meant is a *.json file of its directory.
func suggestSpec(err error, path string) error {
	slash := strings.LastIndexByte(path, '/')
	directory := path[:slash+1]
	entries, failed := os.ReadDir("./" + directory)
	if slash >= 0 {
		entries, failed = os.ReadDir(directory)
	}
	if failed != nil {
		return err
	}
	var names []string
	for _, entry := range entries { // sorted by name
		if name := entry.Name(); len(name) > 5 && strings.HasSuffix(name, ".json") {
			names = append(names, name)
		}
	}
	meant := suggest(path[slash+1:], names)
	if meant == "" {
		return err
	}
	return suggestHint(err, directory+meant)
}
