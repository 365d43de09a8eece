//go:build lab && lifecycle

package lifecycle

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
)

// kills is how often a pod of each tier is killed while customers order.
const kills = 10

var tiers = []string{"frontend", "backend", "redis", "postgres"}

// testCustomersOrder has customers read and order while pods are killed and replaced. What they were told stays true.
func testCustomersOrder(t *testing.T) {
	for _, tier := range tiers {
		t.Run(fmt.Sprintf("%d times a %s pod is killed", kills, tier), func(t *testing.T) {
			recordResult(t)
			requireWhole(t)
			clients := startTraffic(t)
			for n := range kills {
				pods := podsOf(t, tier)
				shop.Kubectl(t, "delete", "pod", "-n", namespace, pods[n%len(pods)].Name, "--force", "--grace-period=0")
				labtest.Eventually(t, 3*time.Minute, func() error { return checkPods(t.Context()) })
			}
			requireServed(t)
			_, data := clients.end(t, fmt.Sprintf("a %s pod is killed %d times", tier, kills))
			if tier == "backend" {
				assertNothingLost(t, "/data, of which the other backends are asked again", data)
			}
		})
	}
	for _, tier := range tiers {
		t.Run("every pod of "+tier+" is replaced", func(t *testing.T) {
			recordResult(t)
			requireWhole(t)
			clients := startTraffic(t)
			shop.Kubectl(t, "rollout", "restart", "-n", namespace, "deployment/"+tier)
			shop.Kubectl(t, "rollout", "status", "-n", namespace, "deployment/"+tier, "--timeout=110s")
			requireServed(t)
			page, data := clients.end(t, "a rollout of "+tier)
			assertNothingLost(t, "page", page)
			assertNothingLost(t, "/data", data)
		})
	}
}

// absence is what the specification calls a failure scenario: a tier that is not there at all.
type absence struct {
	name, tier string
	// data and order are the statuses of /data and of an order meanwhile, source where /data comes from.
	data, order int
	source      string
	stale       bool
}

// testTiersAreAway takes one tier away after the other and asks what customers get without it.
func testTiersAreAway(t *testing.T) {
	for _, a := range []absence{
		{name: "no cache: served from the database", tier: "redis", data: http.StatusOK, source: "database", order: http.StatusCreated},
		{name: "no database: served from the cache, marked as stale, and no orders", tier: "postgres", data: http.StatusOK, source: "cache", stale: true, order: http.StatusServiceUnavailable},
		{name: "no backend: the page only", tier: "backend", data: http.StatusServiceUnavailable, order: http.StatusServiceUnavailable},
	} {
		t.Run(a.name, a.test)
	}
	requireUnchanged(t)
}

func (a absence) test(t *testing.T) {
	recordResult(t)
	requireWhole(t)
	requireServed(t) // and the caches are filled
	clients := startTraffic(t)
	replicas := len(podsOf(t, a.tier))
	shop.Kubectl(t, "scale", "-n", namespace, "deployment/"+a.tier, "--replicas=0")
	shop.Kubectl(t, "wait", "-n", namespace, "pod", "-l", "app.kubernetes.io/name="+a.tier, "--for=delete", "--timeout=90s")
	// An entry of the catalogue lives for ten seconds; what it holds after that is stale.
	labtest.Eventually(t, time.Minute, func() error { return a.seen(t) })
	client := &http.Client{Timeout: patience}
	for range 3 {
		start := time.Now()
		if err := clients.book.place(t.Context(), client); a.order == http.StatusCreated {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, fmt.Sprintf("status %d", a.order))
		}
		note(t, a.name, "an order has its answer after %s", time.Since(start).Round(time.Millisecond))
	}

	back := time.Now()
	shop.Kubectl(t, "scale", "-n", namespace, "deployment/"+a.tier, fmt.Sprintf("--replicas=%d", replicas))
	requireServed(t)
	served := time.Since(back)
	requireWhole(t)
	page, data := clients.end(t, a.name)
	note(t, a.name, "all is served %s after %s is back; /data away for %s", served.Round(time.Second), a.tier, silence(data))
	assertNothingLost(t, "page", page)
	if a.data == http.StatusOK {
		assertNothingLost(t, "/data", data)
	}
}

// seen says whether /data is what it is without the tier.
func (a absence) seen(t *testing.T) error {
	status, header, body, err := shop.Fetch(t.Context(), fmt.Sprintf("/data?%d", time.Now().UnixNano()))
	if err != nil {
		return err
	}
	var answer struct {
		Source string
		Stale  bool
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return fmt.Errorf("%w: %s", err, body)
	}
	if status != a.data || answer.Source != a.source || answer.Stale != a.stale {
		return fmt.Errorf("/data: %d from %q, stale %t", status, answer.Source, answer.Stale)
	}
	if status == http.StatusServiceUnavailable {
		assert.NotEmpty(t, header.Get("Retry-After"))
		assert.True(t, strings.HasPrefix(header.Get("Content-Type"), "application/json"))
	}
	return nil
}
