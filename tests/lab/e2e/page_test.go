//go:build lab

package e2e

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/browser"
	"ecommerce-platform/tests/lab/labtest"
)

var screenshots = flag.String("screenshots", "", "directory for pictures of the page, none if empty")

const candle = `[data-id="pine-candle"] .add`

func openShop(t *testing.T, window browser.Window) *browser.Page {
	t.Helper()
	page := browser.Open(t, window, fmt.Sprint(shop.Outputs["frontendUrl"]))
	page.Until(`document.querySelectorAll("#list .add:not([hidden])").length === 6`)
	return page
}

func TestPageInEveryWindow(t *testing.T) {
	for _, window := range browser.Windows {
		t.Run(window.Name, func(t *testing.T) {
			page := openShop(t, window)
			assert.Empty(t, page.Barriers())
			page.Shoot(*screenshots, "shop-"+window.Name)
			page.Press(candle)
			page.Reads("#cart-lines", "Pine candle")
			assert.Empty(t, page.Barriers(), "with something in the cart")
			page.Press("#order")
			page.Reads("#receipt", `order is number \d+`)
			assert.Empty(t, page.Barriers(), "with a receipt")
			page.Shoot(*screenshots, "order-"+window.Name)
		})
	}
}

func TestPageIsUsedWithKeysOnly(t *testing.T) {
	page := openShop(t, browser.Windows[0])
	page.Type(kb.Tab)
	require.Equal(t, "Skip to the products", page.Text(":focus"))
	page.Type(kb.Enter)
	page.Type(kb.Tab)
	name := browser.Value[string](page, `document.activeElement.getAttribute("aria-label")`)
	require.Regexp(t, "^Add .* to cart$", name)
	page.Type(kb.Enter)
	page.Reads("#cart-lines", strings.TrimSuffix(strings.TrimPrefix(name, "Add "), " to cart"))
}

func TestPageIsReadWithoutScripts(t *testing.T) {
	page := browser.OpenWithoutScripts(t, browser.Windows[0], fmt.Sprint(shop.Outputs["frontendUrl"]))
	assert.Regexp(t, `Pine candle\s[^€]*€\d+\.\d\d`, page.Text("#list"))
	assert.Contains(t, page.Text("noscript"), "/api/products")
}

// The answer to an order gets lost on its way. The page keeps the cart, and the same order is sent again under the same key.
func TestPageOrdersOnceHoweverOftenItIsSent(t *testing.T) {
	page := openShop(t, browser.Windows[2])
	page.Press(candle)
	found := loseOneAnswer(t, page, "*/api/orders")
	page.Press("#order")
	page.Reads("#order-status", "Your cart is safe: order again in a moment")
	assert.Empty(t, page.Barriers(), "with an order that nobody answered")
	page.Shoot(*screenshots, "order-unanswered-"+browser.Windows[2].Name)
	assert.EqualValues(t, 201, <-found, "the shop had placed it")
	key := orderKey(page)

	page.Press("#order")
	page.Reads("#receipt", `order is number \d+`)
	assert.Equal(t, "1", ordersOf(t, key))
}

// A backend dies while somebody shops. Others answer, the cart stays, and the order is placed once.
func TestPageOutlivesABackend(t *testing.T) {
	page := openShop(t, browser.Windows[2])
	page.Press(candle)
	page.Press("#ask")
	page.Reads("#pod", "backend-")
	gone := page.Text("#pod")
	shop.Kubectl(t, "delete", "pod", "-n", namespace, gone, "--force", "--grace-period=0")
	defer shop.Kubectl(t, "rollout", "status", "-n", namespace, "deployment/backend", "--timeout=120s")
	page.Press("#order")
	page.Until(`!document.querySelector("#receipt").hidden || !document.querySelector("#change").hidden`)
	if browser.Value[bool](page, `document.querySelector("#receipt").hidden`) {
		page.Press("#order") // as the page asks for
	}
	page.Reads("#receipt", `order is number \d+`)
	page.Until(`document.querySelectorAll("#list .add:not([hidden])").length === 6`)
	labtest.Eventually(t, time.Minute, func() error {
		page.Press("#ask:enabled")
		if pod := page.Text("#pod"); pod == gone {
			return fmt.Errorf("the page still shows %s", pod)
		}
		return nil
	})
}

// loseOneAnswer lets the first answer from such a URL get lost, and tells its status.
func loseOneAnswer(t *testing.T, page *browser.Page, pattern string) <-chan int64 {
	t.Helper()
	page.Do(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: pattern, RequestStage: fetch.RequestStageResponse}}))
	found := make(chan int64, 1)
	var first sync.Once
	chromedp.ListenTarget(page.Context(), func(event any) {
		paused, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		go func() { // the listener is what hears that the action is done
			_ = chromedp.Run(page.Context(), chromedp.ActionFunc(func(ctx context.Context) error {
				answer := fetch.ContinueRequest(paused.RequestID).Do
				first.Do(func() {
					found <- paused.ResponseStatusCode
					answer = fetch.FailRequest(paused.RequestID, network.ErrorReasonConnectionClosed).Do
				})
				return answer(ctx)
			}))
		}()
	})
	return found
}

// orderKey is that of the order of which the page does not know what became.
func orderKey(page *browser.Page) string {
	return browser.Value[string](page, `JSON.parse(localStorage.getItem("order"))?.key ?? ""`)
}

func ordersOf(t *testing.T, key string) string {
	t.Helper()
	count, err := shop.SQL(t.Context(), "select count(*) from orders where idempotency_key = '"+key+"'")
	require.NoError(t, err)
	return count
}
