package browser

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// audit looks for what keeps people from using the page.
//
//go:embed audit.js
var audit string

// operated are the roles of what people use or look for, which needs a name.
var operated = map[string]bool{
	"button": true, "link": true, "textbox": true, "checkbox": true, "combobox": true, "image": true, "img": true, "region": true, "navigation": true,
}

// Barriers are what keeps somebody from using the page who sees little, hears it, or has no mouse.
func (p *Page) Barriers() []string {
	p.t.Helper()
	barriers := Value[[]string](p, audit)
	p.Do(chromedp.ActionFunc(func(ctx context.Context) error {
		var tree tree
		err := cdp.Execute(ctx, accessibility.CommandGetFullAXTree, nil, &tree)
		for _, node := range tree.Nodes {
			if !node.Ignored && operated[node.Role.Value] && node.Name.Value == "" {
				barriers = append(barriers, fmt.Sprintf("a %s (node %d) has no name", node.Role.Value, node.ID))
			}
		}
		return err
	}))
	return barriers
}

// tree is what we read of the accessibility tree. The library's own type refuses the words of newer browsers.
type tree struct {
	Nodes []struct {
		Ignored bool  `json:"ignored"`
		Role    said  `json:"role"`
		Name    said  `json:"name"`
		ID      int64 `json:"backendDOMNodeId"`
	} `json:"nodes"`
}

type said struct {
	Value string `json:"value"`
}
