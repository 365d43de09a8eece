// Package browser opens the shop's page in a real browser, Debian's Chromium, as a person would see and use it.
package browser

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

// Window is the size of a window and the colours that its user prefers.
type Window struct {
	Name   string
	Width  int64
	Scheme string
}

// Windows are those that the page is looked at in: a phone's and a desk's, in light and dark.
var Windows = []Window{
	{"phone-light", 390, "light"}, {"phone-dark", 390, "dark"}, {"desk-light", 1280, "light"}, {"desk-dark", 1280, "dark"},
}

// Page is one tab with a profile of its own.
type Page struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
}

// Open opens a tab at the URL. At the end of the test it fails on everything that the browser complained of.
func Open(t *testing.T, window Window, url string) *Page {
	t.Helper()
	p := start(t, window)
	p.Do(chromedp.Navigate(url))
	return p
}

// OpenWithoutScripts is Open for a browser that runs no JavaScript.
func OpenWithoutScripts(t *testing.T, window Window, url string) *Page {
	t.Helper()
	p := start(t, window)
	p.Do(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(url))
	return p
}

func start(t *testing.T, window Window) *Page {
	t.Helper()
	require.NoError(t, toolchain.Commands(t.Context(), "chromium"))
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"), chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience),
		// The tests' own requests are all that it makes.
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which Chromium refuses to set up for root
	}
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, _ := chromedp.NewContext(allocator)
	p := &Page{t: t, ctx: ctx}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil { // waits for the browser, which takes its profile with it
			t.Errorf("closing the browser: %v", err)
		}
		stop()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			t.Errorf("the browser complained: %s", problem)
		}
	})
	chromedp.ListenTarget(ctx, p.listen)
	// The first action starts the browser, and its end would be the browser's: it has no deadline of its own.
	require.NoError(t, chromedp.Run(ctx, log.Enable(), runtime.Enable(), p.sized(window)))
	return p
}

// listen keeps scripts that fail and violations of the page's policy. That a request failed is for the page to tell.
func (p *Page) listen(event any) {
	var problem string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = e.ExceptionDetails.Error()
	case *log.EventEntryAdded:
		if e.Entry.Source != log.SourceNetwork && (e.Entry.Level == log.LevelError || e.Entry.Source == log.SourceSecurity) {
			problem = e.Entry.Text
		}
	}
	if problem != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.problems = append(p.problems, problem)
	}
}

func (p *Page) sized(window Window) chromedp.Action {
	return chromedp.Tasks{
		chromedp.EmulateViewport(window.Width, 900),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: window.Scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}),
	}
}
