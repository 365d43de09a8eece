//go:build lab && lifecycle

package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
)

var (
	healthy = flag.Duration("healthy", 3*time.Minute, "for how long no alert may fire on a platform under load on which nothing is wrong")
	hold    = flag.Duration("hold", 30*time.Second, "how long each fault lasts once its alert has arrived, for others that it must not raise")
)

const (
	// patience bounds every wait for an alert, its end, and a platform that is well again.
	patience = 12 * time.Minute
	// quietly is for how long all is well before the next fault.
	quietly = 20 * time.Second
)

// fault is something that goes wrong, and the one alert that tells of it.
type fault struct {
	name, alert string
	// before makes what the fault takes, with which the platform is well. What it made goes in a cleanup.
	before func(t *testing.T)
	// happen brings it about and mend undoes it, as often as that is called.
	happen, mend func(ctx context.Context) error
	// begunLast counts from when happen is through and not from when it begins.
	begunLast bool
	// lasts is for how long it does after its alert has arrived, where that is longer than others.
	lasts time.Duration
	// untold faults break the telling itself: their alert is seen at vmalert.
	untold bool
}

// TestAlerts turns the monitoring on and breaks the platform in one way after the other, while customers read and order. Each fault raises its own
// alert and no other one, and when it is undone the alert ends. `-run 'TestAlerts/<fault>'` is one of them alone, with -keep on a lab that stays.
func TestAlerts(t *testing.T) {
	receiver := receiveAlerts(t)
	require.NoError(t, shop.Stack.SetSecret(t.Context(), "alerting", fmt.Sprintf(`{"webhook":%q}`, receiver.url)))
	require.NoError(t, shop.Set(t.Context(), map[string]any{
		"monitoring": map[string]any{"enabled": true},
		// One backup now, and others when a fault wants them.
		"backup": map[string]any{
			"destination": "/var/backups/platform", "run": "alerts", "schedule": map[string]any{"cluster": "2099-01-01", "data": "2099-01-01"},
		},
	}))
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	if !options.Keep {
		defer backToTheShop(t)
		defer func() { require.NoError(t, shop.Stack.SetSecret(context.WithoutCancel(t.Context()), "alerting", "{}")) }()
	}
	w := &watch{receiver: receiver, shopping: goShopping(t)}
	defer w.shopping.stop(t)

	results := map[string]result{}
	t.Run("no alert fires while all is well", w.staysQuiet)
	for _, f := range faults(w.receiver) {
		t.Run(f.name, func(t *testing.T) { results[f.name] = w.breaks(t, f) })
	}
	told := resultsTable(t, w, results)
	t.Log("\n" + told)
	if *update {
		writeResults(t, w, results)
	}
}

// watch is who looks at the platform while it is broken.
type watch struct {
	receiver *receiver
	shopping *customers
	// metrics and judge are where VictoriaMetrics and vmalert answer, also while the API server does not.
	metrics, judge place
}

// result is when an alert fired, arrived and ended.
type result struct{ fired, told, ended time.Duration }

// breaks brings a fault about and undoes it.
func (w *watch) breaks(t *testing.T, f fault) (seen result) {
	if f.before != nil {
		f.before(t)
	}
	w.isQuiet(t, f.alert)
	mended := false
	t.Cleanup(func() {
		if !mended {
			assert.NoError(t, f.mend(context.WithoutCancel(t.Context())))
		}
	})

	began := time.Now()
	require.NoError(t, f.happen(t.Context()))
	if f.begunLast {
		began = time.Now()
	}
	labtest.Eventually(t, patience, func() error {
		firing, err := w.firing(t.Context(), f.alert)
		if err != nil {
			return err
		}
		if firing && seen.fired == 0 {
			seen.fired = time.Since(began)
		}
		if f.untold {
			if !firing {
				return fmt.Errorf("%s is not firing: %s", f.alert, w.active(t.Context()))
			}
			return nil
		}
		first := w.receiver.first("firing", f.alert, began)
		if first == nil {
			return fmt.Errorf("%s has not arrived: %s", f.alert, w.active(t.Context()))
		}
		seen.told = first.at.Sub(began)
		return nil
	})
	t.Logf("%s fired %s and arrived %s after the fault", f.alert, seen.fired.Round(time.Second), seen.told.Round(time.Second))
	lasts(t, max(*hold, f.lasts))

	end := time.Now()
	require.NoError(t, f.mend(t.Context()))
	mended = true
	labtest.Eventually(t, patience, func() error {
		firing, err := w.firing(t.Context(), f.alert)
		if err != nil {
			return err
		}
		if firing {
			return fmt.Errorf("%s is still firing", f.alert)
		}
		if !f.untold && w.receiver.first("resolved", f.alert, end) == nil {
			return fmt.Errorf("the end of %s has not arrived", f.alert)
		}
		return nil
	})
	seen.ended = time.Since(end)
	if last := w.receiver.first("resolved", f.alert, end); last != nil {
		seen.ended = last.at.Sub(end)
	}
	t.Logf("%s ended %s after the fault was undone", f.alert, seen.ended.Round(time.Second))
	assert.Equal(t, []string{f.alert}, w.fired(t, began), "alerts that fired")
	assert.Subset(t, []string{f.alert}, w.receiver.names("firing", began), "alerts that arrived")
	return seen
}

// staysQuiet sees that nothing is said of a platform on which nothing is wrong, with more customers than ever.
func (w *watch) staysQuiet(t *testing.T) {
	w.isQuiet(t, "")
	more := goShopping(t)
	defer more.stop(t)
	began := time.Now()
	lasts(t, *healthy)
	assert.Empty(t, w.fired(t, began), "alerts that fired in %s under load", *healthy)
	assert.Empty(t, w.receiver.names("firing", began), "alerts that arrived in %s under load", *healthy)
}

// isQuiet waits until the platform is whole, no alert fires or is about to, and the rule of an alert leaves nothing out any more for what was
// before, and all of that for a while.
func (w *watch) isQuiet(t *testing.T, alert string) {
	t.Helper()
	exceptions := exceptionsOf(t, alert)
	labtest.Eventually(t, patience, func() error { return w.look(t.Context()) })
	since := time.Now()
	labtest.Eventually(t, patience, func() error {
		if err := w.isWell(t.Context(), exceptions); err != nil {
			since = time.Now()
			return err
		}
		if quiet := time.Since(since); quiet < quietly {
			return fmt.Errorf("all is well for %s only", quiet)
		}
		return nil
	})
}

// isWell tells what is not.
func (w *watch) isWell(ctx context.Context, exceptions []string) error {
	active, err := w.alerts(ctx)
	if err != nil {
		return err
	}
	for _, a := range active {
		err = errors.Join(err, fmt.Errorf("%s is %s", a.Name, a.State))
	}
	if err != nil {
		return err
	}
	for _, exception := range exceptions {
		found, err := w.ask(ctx, exception)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return fmt.Errorf("a fault of before still counts: %s", exception)
		}
	}
	return isWhole(ctx)
}

// fired are the alerts that fired since then, each once.
func (w *watch) fired(t *testing.T, since time.Time) []string {
	t.Helper()
	var found []sample
	labtest.Eventually(t, patience, func() (err error) {
		found, err = w.ask(t.Context(), fmt.Sprintf(`max_over_time(ALERTS{alertstate="firing"}[%ds])`, int(time.Since(since).Seconds())))
		return err
	})
	var names []string
	for _, alert := range found {
		if !foreign(alert.labels) {
			names = append(names, alert.labels["alertname"])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// lasts lets time pass.
func lasts(t *testing.T, how time.Duration) {
	t.Helper()
	timer := time.NewTimer(how)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// customers read and order, whatever happens.
type customers struct{ reading, ordering *load.Loop }

func goShopping(t *testing.T) *customers {
	url, count := fmt.Sprint(shop.Outputs["frontendUrl"]), atomic.Int64{}
	begun := time.Now().UnixNano()
	return &customers{
		reading: load.Start(t.Context(), load.Options{PerSecond: 5, Timeout: 10 * time.Second, Ask: func(ctx context.Context, client *http.Client) error {
			return load.Get(ctx, client, url+"/data"+unique())
		}}),
		ordering: load.Start(t.Context(), load.Options{PerSecond: 5, Timeout: 10 * time.Second, Ask: func(ctx context.Context, client *http.Client) error {
			return load.PlaceOrder(ctx, client, url+"/api/orders", fmt.Sprintf("alerts-%d-%d", begun, count.Add(1)))
		}}),
	}
}

func (c *customers) stop(t *testing.T) {
	t.Helper()
	t.Logf("read: %s\nordered: %s", c.reading.Stop(), c.ordering.Stop())
}
