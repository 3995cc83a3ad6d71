// Command `init`: a starter bundle, config.json and a page that explains it. c/init.c does the same.

package gobox

import (
	_ "embed" // the files of starter/, which C reads as well
	"fmt"
	"io"
	"strings"
	"syscall"
)

const initUsage = "[DIR]"

//go:embed starter/config.json
var initConfig string

//go:embed starter/README_en.md
var initReadmeEn string

//go:embed starter/README_ja.md
var initReadmeJa string

// schemaMark stands in the template for the schema's place.
const schemaMark = "@SCHEMA@"

// plain: an editor takes an absolute path as well as a URI; what JSON would have to escape gets no line.
func plain(path string) bool { return !strings.ContainsAny(path, "\"\\%#? ") }

// starterText puts the schema's path into a template, or leaves its line out.
func starterText(template string) string {
	schema := selfData("spec.schema.json")
	if schema != "" && plain(schema) {
		return strings.Replace(template, schemaMark, schema, 1)
	}
	var kept strings.Builder
	for _, line := range strings.SplitAfter(template, "\n") {
		if !strings.Contains(line, schemaMark) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func makeStarter(directory int, path, name, text string) error {
	fd, err := syscall.Openat(directory, name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|
		syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		failure := errorSys(err, "creating %s/%s", path, name)
		if err == syscall.EEXIST {
			return errorHint(failure,
				"init never overwrites; it takes another directory as its argument")
		}
		return failure
	}
	for rest := []byte(text); len(rest) > 0 && err == nil; {
		var n int
		if n, err = syscall.Write(fd, rest); err == syscall.EINTR {
			n, err = 0, nil
		}
		rest = rest[max(n, 0):]
	}
	if closed := syscall.Close(fd); err == nil {
		err = closed
	}
	if err != nil {
		syscall.Unlinkat(directory, name)
		return errorSys(err, "writing %s/%s", path, name)
	}
	return nil
}

func tellInit(program, directory string, out io.Writer) {
	enter := "cd " + directory + "\n  "
	if directory == "." {
		enter = ""
	}
	fmt.Fprintf(out, languagePick("%s/config.json is the container, %s/README.md explains it\n"+
		"next:\n"+
		"  %stwinbox-rootfs rootfs   # or another of the ways in README.md\n"+
		"  sudo %s run\n",
		"%s/config.json がコンテナで、%s/README.md はその説明です\n"+
			"次にすること:\n"+
			"  %stwinbox-rootfs rootfs   # ほかの方法は README.md にあります\n"+
			"  sudo %s run\n"),
		directory, directory, enter, program)
}

// initBundle writes config.json and README.md into the directory, which is made if it is not there,
// and tells what to do next. A file of these names that exists is an error, and then nothing is
// written: what was made before a failure is removed again.
func initBundle(program, directory string, out io.Writer) error {
	starters := []struct{ name, text string }{
		{"config.json", starterText(initConfig)},
		{"README.md", languagePick(initReadmeEn, initReadmeJa)},
	}
	err := syscall.Mkdir(directory, 0o755)
	made := err == nil
	if err != nil && err != syscall.EEXIST {
		return errorSys(err, "creating %s", directory)
	}
	fd, err := syscall.Open(directory, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return errorSys(err, "opening %s", directory)
	}
	var failed error
	for i, s := range starters {
		if failed = makeStarter(fd, directory, s.name, s.text); failed != nil {
			if i > 0 {
				syscall.Unlinkat(fd, starters[0].name)
			}
			break
		}
	}
	syscall.Close(fd)
	if failed != nil {
		if made {
			syscall.Rmdir(directory)
		}
		return failed
	}
	tellInit(program, directory, out)
	return nil
}
