package picture_test

import (
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/picture"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/review"
)

var update = flag.Bool("update", false, "rewrite docs/pictures/preview.svg")

const page = "../../docs/pictures/preview.svg"

// element is one of the picture, as far as a test asks.
type element struct {
	XMLName    xml.Name
	Attributes []xml.Attr `xml:",any,attr"`
	Children   []element  `xml:",any"`
	Text       string     `xml:",chardata"`
}

func (e element) attribute(name string) string {
	for _, a := range e.Attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// each calls a function with every element of a class, at any depth.
func (e element) each(class string, do func(element)) {
	for _, child := range e.Children {
		if child.attribute("class") == class {
			do(child)
		}
		child.each(class, do)
	}
}

func parsed(t *testing.T, svg string) element {
	t.Helper()
	var root element
	require.NoError(t, xml.Unmarshal([]byte(svg), &root))
	return root
}

// pods are what the picture shows: state, node, tier, and its pods there.
func pods(t *testing.T, svg string) map[string]map[string]map[string]int {
	t.Helper()
	shown := map[string]map[string]map[string]int{}
	parsed(t, svg).each("state", func(state element) {
		nodes := map[string]map[string]int{}
		state.each("node", func(node element) {
			tiers := map[string]int{}
			node.each("tier", func(tier element) {
				n, err := strconv.Atoi(tier.attribute("data-pods"))
				require.NoError(t, err)
				if n > 0 {
					tiers[tier.attribute("data-tier")] = n
				}
			})
			nodes[node.attribute("data-node")] = tiers
		})
		shown[state.attribute("data-state")] = nodes
	})
	return shown
}

// placed are the pods of a placement by node and tier.
func placed(s report.State) map[string]map[string]int {
	nodes := map[string]map[string]int{}
	for _, machine := range s.Network.Machines {
		nodes[machine.Node] = map[string]int{}
	}
	for _, tier := range s.Placement.Tiers {
		for node, n := range tier.PerNode {
			nodes[node][tier.Tier] = n
		}
	}
	return nodes
}

// larger is the dev stack with a larger second worker and one more of the frontend, as a change to the dev stack.
func larger(t *testing.T) *report.Report {
	t.Helper()
	r := review.Of(t.Context(), modeltest.Resources(t, "dev-preview.json",
		modeltest.Set(model.InstanceType, "worker-node-1", "instanceType", "t3.large"),
		modeltest.Set("kubernetes:apps/v1:Deployment", "shop-frontend", "spec.replicas", 5.0),
	), review.Running{Resources: modeltest.Resources(t, "dev-preview.json")})
	require.Empty(t, r.Findings(review.PackError))
	return &r.Report
}

func TestThePictureShowsEveryPodBeforeAndAfter(t *testing.T) {
	r := larger(t)
	svg := picture.SVG(r)
	after := report.State{Network: r.Network, Placement: r.Placement}
	assert.Equal(t, map[string]map[string]map[string]int{"before": placed(*r.Before), "after": placed(after)}, pods(t, svg))
	assert.Equal(t, 5, pods(t, svg)["after"]["worker-node-1"]["frontend"])
	for _, text := range []string{
		"VPC 172.31.0.0/20", "subnet 172.31.0.0/20", "worker · t3.large · 172.31.2.239", "frontend ×5, was 4",
		"clients → NodePort 30080 on every node", "is drained, stopped and changed", "After this change",
	} {
		assert.Contains(t, svg, text)
	}
}

func TestThePictureOfANewClusterHasOneState(t *testing.T) {
	r := review.Of(t.Context(), modeltest.Resources(t, "dev-preview.json", modeltest.Set("kubernetes:apps/v1:Deployment", "shop-redis", "spec.replicas", 3.0)),
		review.Running{})
	svg := picture.SVG(&r.Report)
	shown := pods(t, svg)
	assert.Len(t, shown, 1)
	assert.Len(t, shown["after"], 3)
	pending := 0
	parsed(t, svg).each("pending", func(e element) {
		e.each("tier", func(tier element) {
			assert.Equal(t, "redis", tier.attribute("data-tier"))
			pending++
		})
	})
	assert.Equal(t, 1, pending)
}

// A unit is a pixel on a phone: no text is below 14, and nothing fixes the width.
func TestThePictureIsReadableOnAPhoneAndInTheDark(t *testing.T) {
	svg := picture.SVG(larger(t))
	root := parsed(t, svg)
	assert.Regexp(t, `^0 0 360 \d+(\.\d+)?$`, root.attribute("viewBox"))
	assert.Empty(t, root.attribute("width"))
	for _, size := range regexp.MustCompile(`(\d+)px (?:system|;)|font-size: (\d+)px`).FindAllStringSubmatch(svg, -1) {
		n, err := strconv.Atoi(size[1] + size[2])
		require.NoError(t, err)
		assert.GreaterOrEqual(t, n, 14)
	}
	assert.Contains(t, svg, "@media (prefers-color-scheme: dark)")
}

func TestAValueIsTextInThePicture(t *testing.T) {
	r := larger(t)
	r.Network.Machines[0].Node = `<script>"x"</script>&` + "\x1b"
	r.Placement.Tiers[0].Tier = `"/><a href="x">`
	root := parsed(t, picture.SVG(r))
	names := map[string]bool{}
	var walk func(element)
	walk = func(e element) {
		names[e.XMLName.Local] = true
		for _, child := range e.Children {
			walk(child)
		}
	}
	walk(root)
	assert.Equal(t, map[string]bool{"svg": true, "title": true, "desc": true, "style": true, "rect": true, "g": true, "text": true}, names)
}

func TestThePictureIsWrittenBesideTheReport(t *testing.T) {
	r := larger(t)
	require.NoError(t, picture.Save(r), "nowhere without a name")
	dir := t.TempDir()
	t.Setenv(report.File, filepath.Join(dir, "report.json"))
	require.NoError(t, picture.Save(r))
	body, err := os.ReadFile(filepath.Join(dir, "report.svg"))
	require.NoError(t, err)
	assert.Equal(t, picture.SVG(r), string(body))
	t.Setenv(report.File, filepath.Join(dir, "none", "report.json"))
	require.ErrorContains(t, picture.Save(r), "PLATFORM_REPORT")
}

// The page's picture shows the pods that it would show now.
func TestThePagesPicture(t *testing.T) {
	want := picture.SVG(larger(t))
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o600))
	}
	body, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, pods(t, want), pods(t, string(body)), "run go test ./picture -update")
	assert.Equal(t, texts(t, want), texts(t, string(body)), "run go test ./picture -update")
}

// texts are all that the picture says.
func texts(t *testing.T, svg string) []string {
	t.Helper()
	var all []string
	var walk func(element)
	walk = func(e element) {
		if e.XMLName.Local == "text" {
			all = append(all, strings.TrimSpace(e.Text))
		}
		for _, child := range e.Children {
			walk(child)
		}
	}
	walk(parsed(t, svg))
	return all
}
