//go:build lab

package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
)

// patience is how long a client waits for an answer.
const patience = 10 * time.Second

// traffic is customers at work: requests for the page, which the frontend answers alone, and for the backend nine that read for
// each that orders.
type traffic struct {
	page, data, orders *load.Loop
	book               *book
}

func startTraffic(t *testing.T) *traffic {
	t.Helper()
	url := fmt.Sprint(shop.Outputs["frontendUrl"])
	book := openBook(t)
	loops := &traffic{
		book: book,
		page: load.Start(t.Context(), load.Options{URL: url + "/", Timeout: patience}),
		data: load.Start(t.Context(), load.Options{Ask: readAnew(url + "/data"), Timeout: patience, PerSecond: 18}),
		// An order's time limit is the client's own, which decides what it knows.
		orders: load.Start(t.Context(), load.Options{Ask: book.place, Timeout: patience, PerSecond: 2}),
	}
	t.Cleanup(func() { loops.stop() })
	return loops
}

// readAnew asks for what no frontend has kept: each request is another one.
func readAnew(url string) func(context.Context, *http.Client) error {
	var n atomic.Int64
	return func(ctx context.Context, client *http.Client) error {
		return load.Get(ctx, client, fmt.Sprintf("%s?%d-%d", url, time.Now().UnixNano(), n.Add(1)))
	}
}

func (l *traffic) stop() (page, data, orders *load.Report) {
	return l.page.Stop(), l.data.Stop(), l.orders.Stop()
}

// end stops the traffic, puts what became of it into the report, and sees that no order is lost.
func (l *traffic) end(t *testing.T, what string) (page, data *load.Report) {
	t.Helper()
	page, data = l.endUnchecked(t, what)
	l.book.requireKept(t, what)
	return page, data
}

// endUnchecked is end where the database's data are lost.
func (l *traffic) endUnchecked(t *testing.T, what string) (page, data *load.Report) {
	t.Helper()
	page, data, orders := l.stop()
	note(t, what, "page: %s; /data: %s; orders: %s", page, data, orders)
	return page, data
}

// assertNothingLost says that each request got its answer.
func assertNothingLost(t *testing.T, what string, report *load.Report) {
	t.Helper()
	assert.Positive(t, report.Sent, what)
	assert.Zero(t, report.Lost, "%s: %s", what, report)
}

// requireServed waits until the page and /data are answered without a failure for a while.
func requireServed(t *testing.T) {
	t.Helper()
	labtest.Eventually(t, 3*time.Minute, func() error {
		for _, path := range []string{"/", "/data"} {
			report, err := load.Measure(t.Context(), load.Options{URL: fmt.Sprint(shop.Outputs["frontendUrl"]) + path}, load.Bounds{Clients: 1, Requests: 20})
			if err == nil && report.Lost > 0 {
				err = errors.New(report.String())
			}
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return nil
	})
}

// requireUnchanged says that the program has nothing left to do.
func requireUnchanged(t *testing.T) {
	t.Helper()
	again, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	require.Empty(t, again.Describe())
}
