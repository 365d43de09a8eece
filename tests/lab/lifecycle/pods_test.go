//go:build lab && lifecycle

package lifecycle

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// testPodsFail goes through the specification's failure scenarios of pods. A pod that fails is gone at once, without the time
// that one has that is told to end.
func testPodsFail(t *testing.T) {
	for _, f := range []struct {
		name, tier string
		// spared are what clients must not notice; a request that the pod was answering is lost with it.
		pageSpared, dataSpared bool
		// prepare runs before the pod fails and returns what to check afterwards.
		prepare func(t *testing.T, gone corev1.Pod) (check func())
	}{
		{name: "a frontend pod fails: a new one is made, and the Service goes on with the others", tier: "frontend"},
		{name: "a redis pod fails: the other is unaffected", tier: "redis", pageSpared: true, dataSpared: true, prepare: otherCacheKeepsItsKeys},
		{name: "a backend pod fails: a new one is made, and the Service goes on with the others", tier: "backend", pageSpared: true},
		{name: "the postgres pod fails: its data survives", tier: "postgres", pageSpared: true, dataSpared: true, prepare: rowsSurvive},
	} {
		t.Run(f.name, func(t *testing.T) {
			recordResult(t)
			requireWhole(t)
			pods := podsOf(t, f.tier)
			gone := pods[0]
			check := func() {}
			if f.prepare != nil {
				check = f.prepare(t, gone)
			}
			clients := startTraffic(t)
			start := time.Now()
			shop.Kubectl(t, "delete", "pod", "-n", namespace, gone.Name, "--force", "--grace-period=0")
			requireWhole(t)
			requireServed(t)
			page, data := clients.end(t, f.name)
			note(t, f.name, "whole again after %s", time.Since(start).Round(time.Second))
			after := podsOf(t, f.tier)
			assert.Len(t, after, len(pods))
			assert.False(t, slices.ContainsFunc(after, func(p corev1.Pod) bool { return p.UID == gone.UID }), "another pod took its place")
			check()
			if f.pageSpared {
				assertNothingLost(t, "page", page)
			}
			if f.dataSpared {
				assertNothingLost(t, "/data", data)
			}
			// One of several pods is no outage: the others answer within the time limit of a request.
			assert.Less(t, page.Lost, page.Sent/4, "page: %s", page)
			assert.Less(t, data.Lost, data.Sent/4, "/data: %s", data)
		})
	}
}

// otherCacheKeepsItsKeys writes a key into each cache. The one whose pod fails begins anew, the other has its key.
func otherCacheKeepsItsKeys(t *testing.T, gone corev1.Pod) (check func()) {
	t.Helper()
	redis := func(pod string, args ...string) string {
		return strings.TrimSpace(shop.Kubectl(t, append([]string{"exec", "-n", namespace, pod, "--", "redis-cli"}, args...)...))
	}
	for _, pod := range podsOf(t, "redis") {
		require.Equal(t, "OK", redis(pod.Name, "set", "lifecycle", pod.Name))
	}
	return func() {
		for _, pod := range podsOf(t, "redis") {
			want := pod.Name
			if pod.Spec.NodeName == gone.Spec.NodeName {
				want = ""
			}
			assert.Equal(t, want, redis(pod.Name, "get", "lifecycle"), "the cache on %s", pod.Spec.NodeName)
		}
	}
}

// rowsSurvive writes a row, which the next pod finds.
func rowsSurvive(t *testing.T, _ corev1.Pod) (check func()) {
	t.Helper()
	row := time.Now().Format(time.RFC3339Nano)
	_, err := shop.SQL(t.Context(), "create table if not exists lifecycle (note text); insert into lifecycle values ('"+row+"')")
	require.NoError(t, err)
	return func() {
		found, err := shop.SQL(t.Context(), "select count(*) from lifecycle where note = '"+row+"'")
		require.NoError(t, err)
		assert.Equal(t, "1", found)
	}
}

func docker(args ...string) (string, error) {
	text, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, text)
	}
	return string(text), err
}
