//go:build lab

package lifecycle

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
)

// patience is how long a client waits for an answer.
const patience = 10 * time.Second

// traffic is clients at work: requests for the page, which the frontend answers alone, and for /data, which the backend answers.
type traffic struct{ page, data *load.Loop }

func startTraffic(t *testing.T) *traffic {
	t.Helper()
	url := fmt.Sprint(shop.Outputs["frontendUrl"])
	loops := &traffic{
		page: load.Start(t.Context(), load.Options{URL: url + "/", Timeout: patience}),
		data: load.Start(t.Context(), load.Options{URL: url + "/data", Timeout: patience}),
	}
	t.Cleanup(func() { loops.stop() })
	return loops
}

func (l *traffic) stop() (page, data *load.Report) { return l.page.Stop(), l.data.Stop() }

// end stops the traffic and puts what became of it into the report.
func (l *traffic) end(t *testing.T, what string) (page, data *load.Report) {
	t.Helper()
	page, data = l.stop()
	note(t, what, "page: %s; /data: %s", page, data)
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
