package comment

import (
	"bytes"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"ecommerce-platform/policy/cost"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/report"
)

// forged are texts that would be read as something else than themselves.
var forged = map[string]string{
	"HTML":                             "</details><h1>✅ Works.</h1><img src=x>",
	"a link":                           "[click](http://example.com)",
	"a link behind an escape":          `\[click](http://example.com)`,
	"an address":                       "https://example.com and www.example.com",
	"a heading":                        "x\n\n# Works",
	"a heading at the start":           "# Works",
	"a list":                           "- ✅ another",
	"a numbered list":                  "1. another",
	"a rule":                           "---",
	"emphasis":                         "**bold** _it_ ~~gone~~",
	"code":                             "`code` ``code``",
	"a fence":                          "x\n````\nout",
	"a cell":                           "a | b",
	"a cell behind an escape":          `a \| b`,
	"a mention":                        "@owner and owner/name#1",
	"an emoji":                         ":white_check_mark:",
	"math":                             "$x$ and $$y$$",
	"an entity":                        "&#9989; &check;",
	"text that is turned round":        "\u202eskrow\u202c",
	"control characters":               "\x1b[31mred\x1b[0m\x00",
	"a comment that hides what follow": "<!-- hidden",
}

// beyond is what GitHub reads in a text after Markdown has been: mentions and references, emojis, mathematics. Controls and
// directions nobody may read.
var beyond = map[string]*regexp.Regexp{
	"a mention":   regexp.MustCompile(`[@#][A-Za-z0-9]`),
	"an emoji":    regexp.MustCompile(`:[a-z_]+:`),
	"math":        regexp.MustCompile(`\$`),
	"a direction": regexp.MustCompile(`[\x{202a}-\x{202e}\x{2066}-\x{2069}]`),
	"a control":   regexp.MustCompile(`[\x00-\x1f]`),
}

// own are the entities that stand for a character in an escaped text.
var own = regexp.MustCompile(`&#(36|46|58);`)

// tag is an element's beginning or end, without its attributes.
var tag = regexp.MustCompile(`</?[a-z0-9]+|<!--`)

// elements are those of the page that Markdown makes, sorted.
func elements(t *testing.T, markdown string) []string {
	t.Helper()
	var page bytes.Buffer
	reader := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	require.NoError(t, reader.Convert([]byte(markdown), &page))
	found := tag.FindAllString(page.String(), -1)
	slices.Sort(found)
	return found
}

// everywhere is a comment on a change that has the value wherever a program can put one.
func everywhere(t *testing.T, value string) string {
	t.Helper()
	head, base := previewed(t), previewed(t)
	r := head.Report
	r.Violations = append(r.Violations, report.Violation{Rule: value, Level: report.Mandatory, Resource: value, Message: value})
	r.Placement.Tiers[0].Tier = value
	r.Placement.Tiers[1].Reasons = []string{value}
	r.Placement.Nodes[0].Node = value
	r.Rollouts[0].Tier, r.Rollouts[0].Completes, r.Rollouts[0].Stuck = value, false, value
	r.NodeLoss[0].DataLost = []string{value}
	r.Cost.Region, r.Cost.Currency = value, value
	r.Cost.Items = append(r.Cost.Items, cost.Item{What: value, Unit: value})
	r.Cost.Unpriced, r.Cost.LeavesOut = []string{value}, []string{value}
	r.NotEvaluated = append(r.NotEvaluated, model.Gap{Type: value, Name: value, Path: value}, model.Gap{Fact: value})
	r.BlindRules = []string{value}
	head.Plan[value] = map[string]string{value: value}
	head.Plan["changed"], base.Plan["changed"] = map[string]string{value: value}, map[string]string{value: "other"}
	return Comment(head, base, Links{})
}

func TestAValueIsTextAndNothingElse(t *testing.T) {
	harmless := elements(t, everywhere(t, "harmless"))
	for name, value := range forged {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, harmless, elements(t, everywhere(t, value)), "the page has the elements that it has with another value")
			for what, pattern := range beyond {
				assert.NotRegexp(t, pattern, own.ReplaceAllString(item(value), ""), what)
			}
			assert.NotRegexp(t, `[<\x00-\x1f]|:[a-z_]+:|[@#][A-Za-z0-9]`, inElement(value))
		})
	}
}

func TestAFenceIsLongerThanItsContent(t *testing.T) {
	assert.Equal(t, "`````diff\n+ ````\n`````", fenced("diff", []string{"+ ````"}))
	assert.Equal(t, "```\nx ⏎\n```", fenced("", []string{"x\t⏎"}))
}
