//go:build lab && lifecycle

package lifecycle

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
)

// period is a time in which a tier was away.
type period struct{ from, to time.Time }

// away is when a tier's only node was emptied: from the beginning of that step until the last of the tier's pods was ready again.
func away(t *testing.T, tier string) period {
	t.Helper()
	// Each run of a step opens its lock anew.
	text, err := shop.OnMachine(t.Context(), "control-plane", "stat", "--format", "%Y", "/var/lib/platform/vacate.sh-"+homes[tier]+".lock")
	require.NoError(t, err)
	seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	require.NoError(t, err)
	found := period{from: time.Unix(seconds, 0)}
	pods := labtest.Get[corev1.PodList](t, shop, "pods", "-n", "ecommerce", "-l", "app.kubernetes.io/name="+tier).Items
	require.NotEmpty(t, pods, tier)
	for _, pod := range pods {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.LastTransitionTime.After(found.to) {
				found.to = condition.LastTransitionTime.Time
			}
		}
	}
	require.True(t, found.to.After(found.from), "pods of %s are older than the upgrade", tier)
	return found
}

// assertLosses allows for lost requests while one of the tiers was away only. Kubernetes notes times in whole seconds, and
// every node has to hear of the pods that are back.
func assertLosses(t *testing.T, path string, report *load.Report, tiers []string) {
	t.Helper()
	if len(tiers) == 0 {
		assert.Zero(t, report.Lost, "%s: %s", path, report)
		return
	}
	const slack = 3 * time.Second
	var periods []period
	for _, tier := range tiers {
		periods = append(periods, away(t, tier))
	}
	for i, second := range report.Seconds {
		at, allowed := report.Start.Add(time.Duration(i)*time.Second), false
		for _, p := range periods {
			allowed = allowed || at.After(p.from.Add(-slack)) && at.Before(p.to.Add(slack))
		}
		assert.True(t, second.Lost == 0 || allowed, "%s: %d requests lost %s after the start, when no tier was away: %s", path, second.Lost,
			at.Sub(report.Start).Round(time.Second), report)
	}
}
