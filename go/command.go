// The commands, one function and one row of the table each; c/command.c has the same.
// Exit status: the command's own for `run` and `exec`; 0, or exitRuntime after a failure, for the others.

package gobox

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

type command struct {
	name        string
	usage       string // what follows the name
	help        string
	run         func(program string, args []string, out io.Writer) (int, error)
	sealsItself bool                // selfSeal before it begins
	options     func(out io.Writer) // its options for --help; nil: it has none
}

// refuseWords: every command refuses words that it does not know, and only `run` and `exec` have
// a command after "--".
func refuseWords(o *operands, allowed int, context string) error {
	if len(o.words) > allowed {
		return errorHint(errorSay("unexpected argument %s", o.words[allowed]),
			"%s --help shows what it takes", context)
	}
	if o.hasCommand {
		return errorHint(errorSay("-- has no meaning here"),
			"%s --help shows what it takes", context)
	}
	return nil
}

func commandCheck(program string, args []string, out io.Writer) (int, error) {
	context := program + " check"
	o, err := optionsParse(nil, args, context)
	if err != nil {
		return 0, err
	}
	if err := refuseWords(o, 1, context); err != nil {
		return 0, err
	}
	if len(o.words) == 0 {
		return 0, errorHint(errorSay("check needs a FILE"), "%s --help shows what it takes",
			context)
	}
	spec, err := specLoad(o.words[0])
	if err != nil {
		if errnoOf(err) == syscall.ENOENT {
			return 0, suggestSpec(err, o.words[0])
		}
		return 0, err
	}
	return 0, specPrint(spec, out)
}

func commandInit(program string, args []string, out io.Writer) (int, error) {
	context := program + " init"
	o, err := optionsParse(nil, args, context)
	if err != nil {
		return 0, err
	}
	if err := refuseWords(o, 1, context); err != nil {
		return 0, err
	}
	directory := "."
	if len(o.words) > 0 {
		directory = o.words[0]
	}
	return 0, initBundle(program, directory, out)
}

func listOption(json *bool) []option {
	return []option{{"--json", "", "as JSON", json, nil}}
}

func listHelp(out io.Writer) { optionsPrint(listOption(nil), out) }

func commandList(program string, args []string, out io.Writer) (int, error) {
	json := false
	context := program + " list"
	o, err := optionsParse(listOption(&json), args, context)
	if err != nil {
		return 0, err
	}
	if err := refuseWords(o, 0, context); err != nil {
		return 0, err
	}
	return 0, listPrint(json, out)
}

func gcOption(dryRun *bool) []option {
	return []option{{"--dry-run", "", "tell only, remove nothing", dryRun, nil}}
}

func gcHelp(out io.Writer) { optionsPrint(gcOption(nil), out) }

func commandGC(program string, args []string, out io.Writer) (int, error) {
	dryRun := false
	context := program + " gc"
	o, err := optionsParse(gcOption(&dryRun), args, context)
	if err != nil {
		return 0, err
	}
	if err := refuseWords(o, 0, context); err != nil {
		return 0, err
	}
	return 0, gcAll(dryRun, out)
}

func commandDoctor(program string, args []string, out io.Writer) (int, error) {
	context := program + " doctor"
	o, err := optionsParse(nil, args, context)
	if err != nil {
		return 0, err
	}
	if err := refuseWords(o, 0, context); err != nil {
		return 0, err
	}
	failing, err := doctorPrint(out)
	if failing > 0 {
		return 1, err
	}
	return 0, err
}

func commands() []command {
	return []command{
		{"run", runUsage, "run a command in a new container", runCommand, false, runHelp},
		{"exec", enterUsage, "run a command, or /bin/sh, in a running container", enterCommand,
			true, enterHelp},
		{"init", initUsage, "write a spec to start from, and a page that explains it",
			commandInit, false, nil},
		{"list", "[--json]", "show the running containers and what a crash left", commandList,
			false, listHelp},
		{"check", "FILE", "check a spec and print it with its defaults", commandCheck, false, nil},
		{"gc", "[--dry-run]", "remove what a killed runtime left", commandGC, false, gcHelp},
		{"doctor", "", "say what this machine lacks for running containers", commandDoctor, false,
			nil},
	}
}

func usage(program string, out io.Writer) {
	fmt.Fprintf(out, "usage: %s COMMAND [OPTION...]\n\n", program)
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-8s %s\n", c.name, c.help)
	}
	fmt.Fprintf(out, "\n%s COMMAND --help tells more; %s --version prints the version.\n", program,
		program)
}

// wantsHelp: --help counts wherever it stands among the options, but not after "--".
func wantsHelp(args []string) bool {
	for _, word := range args {
		if word == "--" {
			break
		}
		if word == "--help" || word == "-h" {
			return true
		}
	}
	return false
}

func commandHelp(program string, c *command, out io.Writer) {
	space := ""
	if c.usage != "" {
		space = " "
	}
	fmt.Fprintf(out, "usage: %s %s%s%s\n\n%s\n", program, c.name, space, c.usage, c.help)
	if c.options != nil {
		var options strings.Builder
		if c.options(&options); options.Len() > 0 {
			fmt.Fprintf(out, "\n%s", options.String())
		}
	}
}

func nearestCommand(word string) string {
	names := []string{"--help", "--version"}
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return suggest(word, names)
}

func dispatch(program string, args []string, out io.Writer) (int, error) {
	if len(args) == 0 || args[0] == "" {
		return 0, errorHint(errorSay("a command is missing"), "%s --help lists the commands",
			program)
	}
	switch args[0] {
	case "--help", "-h":
		usage(program, out)
		return 0, nil
	case "--version":
		fmt.Fprintf(out, "%s %s\n", program, Version)
		return 0, nil
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		if wantsHelp(args[1:]) {
			commandHelp(program, &c, out)
			return 0, nil
		}
		if c.sealsItself {
			if err := selfSeal(program); err != nil {
				return 0, err
			}
		}
		return c.run(program, args[1:], out)
	}
	what := "command"
	if args[0][0] == '-' {
		what = "option"
	}
	return 0, suggestHint(errorHint(errorSay("unknown %s %s", what, args[0]),
		"%s --help lists the commands", program), nearestCommand(args[0]))
}

// CommandMain runs the command line; program is how messages call it. Returns the exit status.
func CommandMain(program string, args []string) int {
	// Go's runtime drops these, or prints its stacks at SIGQUIT; they are to end us until run or exec
	// hands them on.
	for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGALRM, syscall.SIGIO, syscall.SIGPWR} {
		changeAction(signal, &kernelSigaction{handler: sigDfl})
	}
	out := bufio.NewWriter(os.Stdout)
	status, err := dispatch(program, args, out)
	// Output that could not be written is a failure: a full disk must not look like success.
	if flushed := out.Flush(); flushed != nil && err == nil {
		err = errorSys(flushed, "writing the output")
	}
	if err != nil {
		errorPrint(err, program, os.Stderr)
		return asError(err).Status
	}
	return status
}
