//go:build lab

package e2e

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/platform"
)

// postgresClient is an image with PostgreSQL's client, of another major version than the shop's.
const postgresClient = "postgres:15"

// client is a pod that the tiers let in, by policies of its own beside theirs.
func client(t *testing.T, image string) string {
	t.Helper()
	const name = "e2e-client"
	apply(t, platform.GuestPolicies(namespace, name, tiers...))
	t.Cleanup(func() {
		_, err := shop.TryKubectl(context.Background(), "delete", "networkpolicy", "-n", namespace, name, name+"-in")
		assert.NoError(t, err)
	})
	return pod(t, name, image)
}

func apply(t *testing.T, manifest map[string]any) {
	t.Helper()
	document, err := json.Marshal(manifest)
	require.NoError(t, err)
	_, err = shop.KubectlStdin(t.Context(), string(document), "apply", "-f", "-")
	require.NoError(t, err)
}

// pod starts a pod of no tier on the frontend's node, so that what it asks of the others crosses from node to node.
func pod(t *testing.T, name, image string) string {
	t.Helper()
	apply(t, map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": name, "namespace": namespace, "labels": map[string]any{nameLabel: name}},
		"spec": map[string]any{
			"nodeSelector": map[string]any{"tier": "frontend"}, "automountServiceAccountToken": false,
			"terminationGracePeriodSeconds": 0,
			"securityContext":               map[string]any{"runAsNonRoot": true, "runAsUser": 999, "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
			"containers": []any{map[string]any{
				"name": "client", "image": image, "command": []any{"sleep", "3600"},
				"securityContext": map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}},
				// The password is where the shop has it, and in no argument.
				"env": []any{map[string]any{"name": "PGPASSWORD", "valueFrom": map[string]any{"secretKeyRef": passwordReference(t)}}},
			}},
		},
	})
	t.Cleanup(func() {
		// The test's own context is over by now.
		_, err := shop.TryKubectl(context.Background(), "delete", "pod", "-n", namespace, name, "--ignore-not-found", "--timeout=60s")
		assert.NoError(t, err)
	})
	if _, err := shop.TryKubectl(t.Context(), "wait", "-n", namespace, "pod/"+name, "--for=condition=Ready", "--timeout=90s"); err != nil {
		t.Fatalf("%v\n%s", err, shop.Kubectl(t, "get", "events", "-n", namespace, "--field-selector", "involvedObject.name="+name))
	}
	return name
}

// passwordReference is where the postgres pod takes its password from.
func passwordReference(t *testing.T) map[string]any {
	t.Helper()
	for _, variable := range podsOf(t, "postgres")[0].Spec.Containers[0].Env {
		if variable.Name == "POSTGRES_PASSWORD" {
			require.NotNil(t, variable.ValueFrom, "the password is not a literal")
			require.NotNil(t, variable.ValueFrom.SecretKeyRef)
			return map[string]any{"name": variable.ValueFrom.SecretKeyRef.Name, "key": variable.ValueFrom.SecretKeyRef.Key}
		}
	}
	t.Fatal("postgres has no POSTGRES_PASSWORD")
	return nil
}
