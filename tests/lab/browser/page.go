package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"
)

// patience is how long the page may take to become what a test waits for.
const patience = 30 * time.Second

// Do runs actions, and fails the test if they do not end.
func (p *Page) Do(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	require.NoError(p.t, chromedp.Run(ctx, actions...))
}

// Context is the tab's, for listeners of a test's own.
func (p *Page) Context() context.Context { return p.ctx }

// Press clicks what the selector finds, once it is there to be clicked.
func (p *Page) Press(selector string) {
	p.t.Helper()
	p.Do(chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible, chromedp.NodeEnabled))
}

// Type strikes keys where the focus is.
func (p *Page) Type(keys string) {
	p.t.Helper()
	p.Do(chromedp.KeyEvent(keys))
}

// Text is what a person reads in the element.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return Value[string](p, fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ""`, selector))
}

// Value is a JavaScript expression's.
func Value[T any](p *Page, expression string) T {
	p.t.Helper()
	var value T
	p.Do(chromedp.Evaluate(expression, &value))
	return value
}

// Reads waits until the element reads so that the regular expression finds something in it.
func (p *Page) Reads(selector, pattern string) {
	p.t.Helper()
	p.Until(fmt.Sprintf(`new RegExp(%q).test(document.querySelector(%q)?.innerText ?? "")`, pattern, selector))
}

// Until waits until the expression is true. It asks from outside, since the page's policy forbids code made of text in it.
func (p *Page) Until(expression string) {
	p.t.Helper()
	err := wait.PollUntilContextTimeout(p.ctx, 50*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return Value[bool](p, expression), nil
	})
	if err != nil {
		p.t.Fatalf("%s is not true within %s; the page says:\n%s", expression, patience, p.Text("body"))
	}
}

// Shoot writes a picture of the window to dir/name.webp; nothing where dir is empty.
func (p *Page) Shoot(dir, name string) {
	p.t.Helper()
	if dir == "" {
		return
	}
	p.Do(chromedp.ActionFunc(func(ctx context.Context) error {
		picture, err := cdp.CaptureScreenshot().WithFormat(cdp.CaptureScreenshotFormatWebp).WithQuality(80).Do(ctx)
		if err == nil {
			err = os.MkdirAll(dir, 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+".webp"), picture, 0o644)
		}
		return err
	}))
}
