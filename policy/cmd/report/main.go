// Command report renders what the policy pack finds, from the report that it wrote or from the resources of a preview, which it
// then reviews itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// form is a subcommand.
type form struct {
	name, about string
	run         func(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error
}

var forms = []form{
	{"text", "a report for a terminal", text},
	{"json", "a report of resources as JSON", asJSON},
	{"svg", "the network and the placement of pods as a picture", svg},
	{"sarif", "the broken policies as SARIF 2.1.0, for code scanning", asSARIF},
	{"what-if", "what losing, draining or adding a node would do", whatIf},
	{"comment", "the comment of a pull request, in Markdown", markdown},
}

func main() {
	err := run(context.Background(), os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var names strings.Builder
	for _, f := range forms {
		if len(args) > 0 && f.name == args[0] {
			return f.run(ctx, flag.NewFlagSet("report "+f.name, flag.ContinueOnError), args[1:], out)
		}
		fmt.Fprintf(&names, "\n  %-8s %s", f.name, f.about)
	}
	return fmt.Errorf("subcommand %q: one of%s\nreport SUBCOMMAND -h lists its flags", strings.Join(args, " "), names.String())
}

// parse reads the flags, and wants no argument besides.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q: takes flags only", flags.Arg(0))
	}
	return nil
}
