//go:build lab

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
)

const dns = "deployment/coredns"

// inFrontend runs a command in a frontend pod's container.
func inFrontend(t *testing.T, pod string, command ...string) (string, error) {
	t.Helper()
	return shop.TryKubectl(t.Context(), append([]string{"exec", "-n", namespace, pod, "--"}, command...)...)
}

// A frontend that starts while no name resolves serves the page, and hands on to the backends, which are another matter.
func TestFrontendStartsWhileNoNameResolves(t *testing.T) {
	old := podsOf(t, "frontend")[0].Name
	shop.Kubectl(t, "scale", "-n", "kube-system", dns, "--replicas=0")
	t.Cleanup(func() {
		for _, args := range [][]string{{"scale", dns, "--replicas=2"}, {"rollout", "status", dns, "--timeout=100s"}} {
			_, err := shop.TryKubectl(context.Background(), append(args, "-n", "kube-system")...)
			assert.NoError(t, err)
		}
	})
	labtest.Eventually(t, time.Minute, func() error {
		if text, err := inFrontend(t, old, "timeout", "5", "getent", "hosts", "backend"); err == nil {
			return fmt.Errorf("backend is still %s", strings.TrimSpace(text))
		}
		return nil
	})
	shop.Kubectl(t, "delete", "pod", "-n", namespace, old)
	shop.Kubectl(t, "rollout", "status", "-n", namespace, "deployment/frontend", "--timeout=100s")
	started := slices.MaxFunc(podsOf(t, "frontend"), func(a, b corev1.Pod) int {
		return a.CreationTimestamp.Compare(b.CreationTimestamp.Time)
	}).Name
	page, err := inFrontend(t, started, "curl", "--silent", "--fail", "http://127.0.0.1/")
	require.NoError(t, err)
	assert.Contains(t, page, "<html")
	said, err := inFrontend(t, started, "curl", "--silent", "http://127.0.0.1/data"+unique())
	require.NoError(t, err)
	assert.NotContains(t, said, "no backend answers", "a backend does")

	shop.Kubectl(t, "scale", "-n", "kube-system", dns, "--replicas=2")
	labtest.Eventually(t, 2*time.Minute, func() error {
		_, err := inFrontend(t, started, "curl", "--silent", "--fail", "http://127.0.0.1/data"+unique())
		return err
	})
	labtest.Eventually(t, time.Minute, func() error {
		status, _, body, err := shop.Fetch(t.Context(), "/data"+unique())
		if err == nil && status != http.StatusOK {
			err = errors.New(body)
		}
		return err
	})
}
