package main

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWatchedPlatform turns the monitoring on, which needs something of each layer.
func TestWatchedPlatform(t *testing.T) {
	off, err := run(t, devStack(t), secrets())
	require.NoError(t, err)
	rec, err := run(t, devStack(t).with("monitoring", `{"enabled":true}`), secrets())
	require.NoError(t, err)

	t.Run("every node has the agent and hands on its journal, and no node lost or got another step", func(t *testing.T) {
		const command = "command:remote:Command"
		agents := []string{"platform-control-plane-monitoring", "platform-worker-node-1-monitoring", "platform-worker-node-2-monitoring"}
		journals := []string{"platform-control-plane-journal", "platform-worker-node-1-journal", "platform-worker-node-2-journal"}
		assert.Subset(t, rec.Names(command), agents)
		assert.ElementsMatch(t, slices.Concat(off.Names(command), journals, []string{agents[0], agents[2]}), rec.Names(command))
		files, err := base64.StdEncoding.DecodeString(rec.Get(t, command, "platform-worker-node-1-files").InputString("stdin"))
		require.NoError(t, err)
		port := rec.Get(t, "kubernetes:apps/v1:DaemonSet", "shop-monitoring-vlagent").Input("spec.template.spec.containers[0].ports[0].hostPort")
		assert.Contains(t, string(files), fmt.Sprintf("URL=http://127.0.0.1:%v/insert/journald\n", port), "to where the agent takes it")
	})
	t.Run("the firewall admits what is asked of nodes", func(t *testing.T) {
		open := map[any]bool{}
		for _, rule := range rec.All("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
			if rule.Has("referencedSecurityGroupId") {
				open[rule.Input("fromPort")] = true
			}
		}
		asked := 0
		for _, item := range rec.Get(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "shop-monitoring-victoria-metrics").Input("spec.egress").([]any) {
			port := item.(map[string]any)["ports"].([]any)[0].(map[string]any)["port"]
			if _, number := port.(float64); number {
				assert.True(t, open[port], "%v", port)
				asked++
			}
		}
		assert.Equal(t, 5, asked, "exporters, kubelets, API server, etcd, Calico")
	})
	t.Run("programs watch", func(t *testing.T) {
		rec.Get(t, "kubernetes:apps/v1:Deployment", "shop-monitoring-victoria-metrics")
	})
	t.Run("objects are written by the same author in every run, who takes back what is declared", func(t *testing.T) {
		for _, r := range rec.All() {
			if strings.HasPrefix(r.Type, "kubernetes:") {
				assert.Equal(t, "ecommerce-platform", r.Input(`metadata.annotations["pulumi.com/patchFieldManager"]`), "%s %s", r.Type, r.Name)
				assert.Equal(t, "true", r.Input(`metadata.annotations["pulumi.com/patchForce"]`), "%s %s", r.Type, r.Name)
			}
		}
	})
	t.Run("the URL is where it was", func(t *testing.T) {
		assert.Equal(t, off.ExportNames(), rec.ExportNames())
	})
}

func TestReceiversOfAlertsAreSecret(t *testing.T) {
	encrypted := secrets()
	encrypted["alerting"] = `{"webhook":"https://alerts.example.com/hook-4711"}`
	rec, err := run(t, devStack(t).with("monitoring", `{"enabled":true}`), encrypted)
	require.NoError(t, err)
	assert.Contains(t, rec.Get(t, "kubernetes:core/v1:Secret", "shop-monitoring-alertmanager").Input(`stringData["alertmanager.yml"]`), "hook-4711")
	assert.Empty(t, rec.FindPlain("hook-4711"))
}
