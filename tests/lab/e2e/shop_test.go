//go:build lab

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
)

const namespace = "ecommerce"

func podsOf(t *testing.T, tier string) []corev1.Pod {
	t.Helper()
	return labtest.Get[corev1.PodList](t, shop.Lab, "pods", "-n", namespace, "-l", "app.kubernetes.io/name="+tier).Items
}

func TestEveryPodIsWhereTheSpecificationSays(t *testing.T) {
	tiers := map[string]map[string]int{
		"frontend": {"worker-node-1": 4},
		"backend":  {"worker-node-2": 3},
		"postgres": {"worker-node-2": 1},
		"redis":    {"worker-node-1": 1, "worker-node-2": 1},
	}
	for tier, want := range tiers {
		t.Run(tier, func(t *testing.T) {
			got := map[string]int{}
			for _, pod := range podsOf(t, tier) {
				assert.True(t, isReady(pod), pod.Name)
				got[pod.Spec.NodeName]++
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestURLAnswersWithThePage(t *testing.T) {
	assert.Regexp(t, `^http://127\.31\.\d+\.\d+:30080$`, shop.Outputs["frontendUrl"])
	status, header, body, err := shop.Fetch(t.Context(), "/")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, header.Get("Content-Type"), "text/html")
	assert.Equal(t, "no-cache", header.Get("Cache-Control"))
	assert.NotEmpty(t, header.Get("ETag"))
	assert.Contains(t, body, "<!doctype html>")
}

func TestDataComesFromEachBackendInTurn(t *testing.T) {
	missing := map[string]bool{}
	for _, pod := range podsOf(t, "backend") {
		missing[pod.Name] = true
	}
	require.Len(t, missing, 3)
	// kube-proxy chooses at random, and a frontend asks at most sixteen times on a connection: that one of three is never
	// chosen for 50 of them has a chance of 1 in 10^8.
	for range 800 {
		status, _, body, err := shop.Fetch(t.Context(), "/data"+unique())
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		var answer struct{ Pod, Tier string }
		require.NoError(t, json.Unmarshal([]byte(body), &answer), body)
		require.Equal(t, "backend", answer.Tier)
		delete(missing, answer.Pod)
	}
	assert.Empty(t, missing, "backends that never answered")
}

// A backend that has died is still chosen for a while. Here two of every four packets that open a connection to one are lost,
// one after the other, so that an attempt and its repetition are.
func TestDataIsServedWhereConnectionsFail(t *testing.T) {
	iptables := func(ctx context.Context, operation string, rule ...string) string {
		t.Helper()
		output, err := shop.OnMachine(ctx, "worker-node-1", append([]string{"iptables", "--wait", operation, "FORWARD"}, rule...)...)
		require.NoError(t, err)
		return output
	}
	// The rule that comes first leaves three of four for the other.
	for _, every := range []string{"3", "4"} {
		loss := []string{
			"--protocol", "tcp", "--syn", "--destination-port", "8080",
			"--match", "statistic", "--mode", "nth", "--every", every, "--packet", "0", "--jump", "DROP",
		}
		iptables(t.Context(), "--insert", loss...)
		t.Cleanup(func() { iptables(context.WithoutCancel(t.Context()), "--delete", loss...) })
	}
	// At least eight connections, since none is asked on more than sixteen times.
	for range 128 {
		status, _, body, err := shop.Fetch(t.Context(), "/data"+unique())
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, status, body)
	}
	assert.Len(t, regexp.MustCompile(`(?m)^\s*[1-9]\d*\s+\d+\s+DROP .*statistic`).
		FindAllString(iptables(t.Context(), "--list", "--verbose"), -1), 2, "rules that lost something")
}

// A node that remembers for long to which dead pod a connection went sends others there once that pod has a successor.
func TestNodesSoonForgetConnectionsWithoutAnAnswer(t *testing.T) {
	for _, node := range shop.NodeNames() {
		seconds, err := shop.OnMachine(t.Context(), node, "sysctl", "--values", "net.netfilter.nf_conntrack_tcp_timeout_syn_sent")
		require.NoError(t, err)
		assert.Equal(t, "10", strings.TrimSpace(seconds), node)
	}
}

func TestServiceNamesResolveFromAFrontendPod(t *testing.T) {
	frontend := podsOf(t, "frontend")[0].Name
	for _, name := range []string{"frontend", "backend", "postgres", "redis"} {
		t.Run(name, func(t *testing.T) {
			service := labtest.Get[corev1.Service](t, shop.Lab, "service", name, "-n", namespace)
			for _, query := range []string{name, name + "." + namespace + ".svc.cluster.local"} {
				answer := shop.Kubectl(t, "exec", "-n", namespace, frontend, "--", "getent", "hosts", query)
				fields := strings.Fields(answer)
				require.NotEmpty(t, fields)
				assert.Equal(t, service.Spec.ClusterIP, fields[0])
			}
		})
	}
}

func TestPostgres(t *testing.T) {
	pod := client(t, postgresClient)
	query := func(env []string, sql string) (string, error) {
		args := append([]string{"exec", "-n", namespace, pod, "--", "env"}, env...)
		return shop.TryKubectl(t.Context(), append(args, "psql", "-h", "postgres", "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-Atc", sql)...)
	}

	t.Run("answers through its Service with the secret password", func(t *testing.T) {
		answer, err := query(nil, "select 1")
		require.NoError(t, err)
		assert.Equal(t, "1\n", answer)
	})
	t.Run("refuses another password", func(t *testing.T) {
		_, err := query([]string{"PGPASSWORD=wrong"}, "select 1")
		require.ErrorContains(t, err, "password authentication failed")
	})
	t.Run("a row survives its pod", func(t *testing.T) {
		row := fmt.Sprintf("written at %s", time.Now().Format(time.RFC3339Nano))
		_, err := query(nil, "create table if not exists e2e (note text); insert into e2e values ('"+row+"')")
		require.NoError(t, err)
		before := podsOf(t, "postgres")[0].Name
		shop.Kubectl(t, "delete", "pod", "-n", namespace, before)
		shop.Kubectl(t, "rollout", "status", "-n", namespace, "deployment/postgres", "--timeout=120s")
		after := podsOf(t, "postgres")
		require.Len(t, after, 1)
		require.NotEqual(t, before, after[0].Name)
		labtest.Eventually(t, 30*time.Second, func() error {
			found, err := query(nil, "select count(*) from e2e where note = '"+row+"'")
			if err == nil && found != "1\n" {
				err = fmt.Errorf("found %q rows", found)
			}
			return err
		})
	})
}

func TestRedisAnswersThroughItsService(t *testing.T) {
	pod := client(t, "redis:7-alpine")
	assert.Equal(t, "PONG\n", shop.Kubectl(t, "exec", "-n", namespace, pod, "--", "redis-cli", "-h", "redis", "ping"))
}
