// The command line as tables: one row an option, one table a command.

package gobox

import (
	"fmt"
	"io"
	"strings"
)

// option is one option: exactly one of flag and value is set.
type option struct {
	name     string // "--spec" or "-v"
	argument string // "FILE"; "" for a flag
	help     string // "": not for --help
	flag     *bool
	value    *string // "" stays where the option is not given
}

// operands are what is left when the options are taken.
type operands struct {
	words      []string
	command    []string
	hasCommand bool // there was a "--"
}

func findOption(options []option, name string) *option {
	for i := range options {
		if options[i].name == name {
			return &options[i]
		}
	}
	return nil
}

func refuse(context, why, name string) error {
	return errorHint(errorSay("option %s %s", name, why), "%s --help lists the options", context)
}

func nearest(options []option, word string) string {
	var names []string
	for _, o := range options {
		if o.help != "" {
			names = append(names, o.name)
		}
	}
	return suggest(word, names)
}

// take takes one option and gives how many words it was.
func take(options []option, args []string, context string) (int, error) {
	name, value, equals := strings.Cut(args[0], "=")
	o := findOption(options, name)
	if o == nil {
		return 0, suggestHint(errorHint(errorSay("unknown option %s", name),
			"%s --help lists the options", context), nearest(options, name))
	}
	if o.flag != nil {
		if equals {
			return 0, refuse(context, "takes no value", name)
		}
		*o.flag = true
		return 1, nil
	}
	if *o.value != "" {
		return 0, refuse(context, "is given twice", name)
	}
	used := 1
	if !equals && len(args) > 1 {
		value, used = args[1], 2
	}
	if value == "" {
		return 0, refuse(context, "needs a value", name)
	}
	*o.value = value
	return used, nil
}

// optionsParse reads args (without the program and the command's name) by the table.
// "--name VALUE" and "--name=VALUE" mean the same. context ("gobox run") is for hints.
func optionsParse(options []option, args []string, context string) (*operands, error) {
	out := &operands{}
	for len(args) > 0 {
		if args[0] == "--" {
			out.command, out.hasCommand = args[1:], true
			return out, nil
		}
		used := 1
		if len(args[0]) > 1 && args[0][0] == '-' {
			var err error
			if used, err = take(options, args, context); err != nil {
				return nil, err
			}
		} else {
			out.words = append(out.words, args[0])
		}
		args = args[used:]
	}
	return out, nil
}

// optionsPrint prints the table for --help.
func optionsPrint(options []option, out io.Writer) {
	for _, o := range options {
		if o.help == "" {
			continue
		}
		left := strings.TrimRight(o.name+" "+o.argument, " ")
		fmt.Fprintf(out, "  %-18s %s\n", left, o.help)
	}
}

// optionsRefuseVia: in a program of one language there is nothing to choose.
func optionsRefuseVia(program, command string) error {
	return errorHint(errorSay("option --via: %s has each stage in one language only", program),
		"gobox-bridge has them in both: gobox-bridge %s --via all=c", command)
}
