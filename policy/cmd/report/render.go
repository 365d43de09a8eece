package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/comment"
	"ecommerce-platform/policy/picture"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/sarif"
)

// source is where a report comes from: a file that holds it, or resources.
type source struct{ report, resources, base, sources *string }

func sourceOf(flags *flag.FlagSet) source {
	return source{
		flags.String("report", "", "file with a report's JSON, which the pack writes to PLATFORM_REPORT"),
		flags.String("resources", "", "file with resources, which the pack writes to PLATFORM_RESOURCES; they are reviewed anew"),
		flags.String("base", "", "file with the base's resources, taken for what runs; only with -resources"),
		flags.String("sources", "", "file with where the program registers each resource, which 'make preview SOURCES=file' writes"),
	}
}

// read is the report, with the positions of the resources that break a policy.
func (s source) read(ctx context.Context) (*report.Report, error) {
	r, err := s.review(ctx)
	if err == nil && *s.sources != "" {
		err = locate(r, *s.sources)
	}
	return r, err
}

func (s source) review(ctx context.Context) (*report.Report, error) {
	switch {
	case (*s.report == "") == (*s.resources == ""):
		return nil, errors.New("one of -report and -resources: required")
	case *s.report != "" && *s.base != "":
		return nil, errors.New("-base: only with -resources")
	case *s.report != "":
		body, err := readFile(*s.report)
		if err != nil {
			return nil, err
		}
		return report.Decode(body)
	}
	resources, err := readResources(*s.resources)
	if err != nil {
		return nil, err
	}
	var base []policyx.AnalyzerResource
	if *s.base != "" {
		if base, err = readResources(*s.base); err != nil {
			return nil, err
		}
	}
	return reviewed(ctx, resources, base), nil
}

// asSARIF renders a report's violations, with links to the rules.
func asSARIF(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	docs := docsFlag(flags)
	return rendering(func(r *report.Report) ([]byte, error) { return sarif.Encode(r, *docs) })(ctx, flags, args, out)
}

func docsFlag(flags *flag.FlagSet) *string {
	return flags.String("docs", "", "address of the directory of docs/policies.md, for links; none for no links")
}

// rendering is a subcommand that renders one report.
func rendering(render func(*report.Report) ([]byte, error)) func(context.Context, *flag.FlagSet, []string, io.Writer) error {
	return func(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
		from := sourceOf(flags)
		if err := parse(flags, args); err != nil {
			return err
		}
		r, err := from.read(ctx)
		if err != nil {
			return err
		}
		body, err := render(r)
		if err != nil {
			return err
		}
		_, err = out.Write(body)
		return err
	}
}

var (
	text   = rendering(func(r *report.Report) ([]byte, error) { return []byte(r.Text()), nil })
	asJSON = rendering((*report.Report).Encode)
	svg    = rendering(func(r *report.Report) ([]byte, error) { return []byte(picture.SVG(r)), nil })
)

// markdown reviews the resources of both previews itself: of what whoever wrote the directories says of them it reads nothing.
func markdown(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	head := flags.String("head", "", "directory with the pull request's resources.json, plan.json and preview.txt")
	base := flags.String("base", "", "directory with those of its base; none for no comparison")
	docs := docsFlag(flags)
	files := flags.String("files", "", "address of the directory of the pull request's program, for links; none for no links")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *head == "" {
		return errors.New("-head: required")
	}
	after, resources, err := preview(*head)
	if err != nil {
		return fmt.Errorf("-head: %w", err)
	}
	var before *comment.Preview
	var running []policyx.AnalyzerResource
	if *base != "" {
		if before, running, err = preview(*base); err != nil {
			return fmt.Errorf("-base: %w", err)
		}
		before.Report = reviewed(ctx, running, nil)
	}
	if after.Report = reviewed(ctx, resources, running); after.Report != nil {
		if err := locate(after.Report, filepath.Join(*head, sourcesFile)); err != nil {
			return fmt.Errorf("-head: %w", err)
		}
	}
	_, err = io.WriteString(out, comment.Comment(after, before, comment.Links{Docs: *docs, Files: *files}))
	return err
}
