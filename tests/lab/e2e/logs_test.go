//go:build lab && lifecycle

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
)

// testLogs looks for what a container writes, what is asked of the API server, and what is in the journal of each node: all of it is there
// within a minute, also what came while the agents were away, and once but for the journals: systemd-journal-upload sends again what an
// agent took that ended before it said so.
func testLogs(t *testing.T) {
	var lines []string
	tell := func(when string) {
		line := fmt.Sprintf("e2e-%s-%d", when, time.Now().UnixNano())
		lines = append(lines, line)
		tellEverywhere(t, line)
	}
	tell("before")
	shop.Kubectl(t, "delete", "pods", "-n", "kube-system", "-l", nameLabel+"=vlagent", "--wait=false")
	tell("meanwhile")
	shop.Kubectl(t, "rollout", "status", "-n", "kube-system", "daemonset/vlagent", "--timeout=120s")
	tell("after")
	for name, query := range streams(t) {
		t.Run(name, func(t *testing.T) {
			labtest.Eventually(t, time.Minute, func() error {
				found, err := logged(t, query)
				for _, line := range lines {
					if n := count(found, line); n == 0 {
						err = errors.Join(err, fmt.Errorf("%s is not there yet", line))
					}
				}
				return err
			})
			if strings.HasPrefix(name, journal) {
				return
			}
			// What an agent that ended sent again, it sent before the last line.
			found, err := logged(t, query)
			require.NoError(t, err)
			for _, line := range lines {
				assert.Equal(t, 1, count(found, line), "%s in %v", line, found)
			}
		})
	}
	t.Run("no agent has ended by itself", func(t *testing.T) {
		for _, pod := range labtest.Get[corev1.PodList](t, shop.Lab, "pods", "-n", "kube-system", "-l", nameLabel+"=vlagent").Items {
			for _, status := range pod.Status.ContainerStatuses {
				assert.Zero(t, status.RestartCount, "%s on %s", pod.Name, pod.Spec.NodeName)
			}
		}
	})
}

// sendsNoLogs checks what turning the monitoring off leaves of the agents.
func sendsNoLogs(t *testing.T) {
	t.Helper()
	assert.Empty(t, shop.Kubectl(t, "get", "daemonsets,networkpolicies", "-n", "kube-system", "-o", "name", "-l", nameLabel+"=vlagent"))
	for _, node := range shop.NodeNames() {
		state, err := shop.OnMachine(t.Context(), node, "sh", "-c", "systemctl is-active systemd-journal-upload || true")
		require.NoError(t, err)
		assert.Equal(t, "inactive", strings.TrimSpace(state), node)
	}
}

// tellEverywhere writes a line to a container's log and to every node's journal, and asks the API server for an object of that name.
func tellEverywhere(t *testing.T, line string) {
	t.Helper()
	shop.Kubectl(t, "exec", "-n", namespace, podsOf(t, "redis")[0].Name, "--", "sh", "-c", "echo "+line+" >/proc/1/fd/1")
	_, err := shop.TryKubectl(t.Context(), "get", "configmap", "-n", namespace, line)
	require.ErrorContains(t, err, "NotFound")
	for _, node := range shop.NodeNames() {
		_, err := shop.OnMachine(t.Context(), node, "logger", "-t", "e2e", line)
		require.NoError(t, err)
	}
}

// journal begins the names of the nodes' journals.
const journal = "journal of "

// streams are the queries that find what tellEverywhere told, by what they are about.
func streams(t *testing.T) map[string]string {
	t.Helper()
	queries := map[string]string{
		"container":  fmt.Sprintf(`{kubernetes.pod_name=%q}`, podsOf(t, "redis")[0].Name),
		"API server": `{stream="audit"} objectRef.resource:=configmaps`,
	}
	for _, node := range shop.NodeNames() {
		queries[journal+node] = fmt.Sprintf(`{_HOSTNAME=%q} SYSLOG_IDENTIFIER:=e2e`, node)
	}
	return queries
}

// logged asks VictoriaLogs for messages of the last minutes, from the node of its pod, as a port-forward does.
func logged(t *testing.T, query string) ([]string, error) {
	t.Helper()
	pods := labtest.Get[corev1.PodList](t, shop.Lab, "pods", "-n", "monitoring", "-l", nameLabel+"=victoria-logs").Items
	require.Len(t, pods, 1)
	text, err := shop.OnMachine(t.Context(), pods[0].Spec.NodeName, "curl", "--silent", "--show-error", "--fail", "--max-time", "5",
		"--data-urlencode", "query=_time:10m "+query+" | fields _msg", "http://"+pods[0].Status.PodIP+":9428/select/logsql/query")
	if err != nil {
		return nil, err
	}
	var messages []string
	for row := range strings.Lines(text) {
		var entry struct {
			Message string `json:"_msg"`
		}
		if err := json.Unmarshal([]byte(row), &entry); err != nil {
			return nil, fmt.Errorf("%s: %w", row, err)
		}
		messages = append(messages, entry.Message)
	}
	return messages, nil
}

// count is how many messages a line stands in: that of the API server is the path of what was asked.
func count(messages []string, line string) int {
	return len(slices.DeleteFunc(slices.Clone(messages), func(message string) bool { return !strings.Contains(message, line) }))
}
