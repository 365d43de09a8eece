package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/toolchain"
)

// client is a pod beside the frontends that runs probes.
type client struct{ lab *platform.Lab }

const clientName = "bench-client"

func (c *client) start(ctx context.Context) error {
	binary, err := toolchain.Tool(ctx, clientName)
	if err != nil {
		return err
	}
	image, err := c.kubectl(ctx, nil, "get", "deployment", "-n", namespace, "frontend", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
	if err != nil {
		return err
	}
	manifest, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": clientName, "namespace": namespace, "labels": map[string]any{"app.kubernetes.io/name": clientName}},
		"spec": map[string]any{
			"nodeSelector": map[string]any{"tier": "frontend"}, "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0,
			"tolerations":     []any{map[string]any{"key": "tier", "operator": "Exists"}},
			"securityContext": map[string]any{"runAsNonRoot": true, "runAsUser": 101, "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
			"containers": []any{map[string]any{
				"name": "client", "image": image, "command": []any{"sleep", "3600"},
				"securityContext": map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}},
			}},
		},
	})
	if err != nil {
		return err
	}
	if err := c.beLetIn(ctx); err != nil {
		return err
	}
	if _, err := c.kubectl(ctx, manifest, "apply", "-f", "-"); err != nil {
		return err
	}
	if _, err := c.kubectl(ctx, nil, "wait", "-n", namespace, "pod/"+clientName, "--for=condition=Ready", "--timeout=90s"); err != nil {
		return err
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	_, err = c.exec(ctx, program, "sh", "-c", "cat >/tmp/client && chmod 0700 /tmp/client")
	return err
}

// beLetIn adds policies to those of a shop that has some; the first policy of another one would close it.
func (c *client) beLetIn(ctx context.Context) error {
	there, err := c.kubectl(ctx, nil, "get", "networkpolicies", "-n", namespace, "-o", "name")
	if err != nil || there == "" {
		return err
	}
	policies, err := json.Marshal(platform.GuestPolicies(namespace, clientName, "frontend", "backend", "postgres", "redis"))
	if err != nil {
		return err
	}
	_, err = c.kubectl(ctx, policies, "apply", "-f", "-")
	return err
}

func (c *client) stop(ctx context.Context) error {
	_, err := c.kubectl(ctx, nil, "delete", "pod", "-n", namespace, clientName, "--ignore-not-found", "--wait=false")
	_, closed := c.kubectl(ctx, nil, "delete", "networkpolicy", "-n", namespace, clientName, clientName+"-in", "--ignore-not-found")
	return errors.Join(err, closed)
}

// pods are the URLs of a path at each pod of a tier.
func (c *client) pods(ctx context.Context, tier string, port int, path string) ([]string, error) {
	addresses, err := c.kubectl(ctx, nil, "get", "pods", "-n", namespace, "-l", "app.kubernetes.io/name="+tier, "-o", "jsonpath={.items[*].status.podIP}")
	if err != nil {
		return nil, err
	}
	var urls []string
	for address := range strings.FieldsSeq(addresses) {
		urls = append(urls, fmt.Sprintf("http://%s:%d%s", address, port, path))
	}
	if len(urls) == 0 {
		return nil, fmt.Errorf("tier %s: no pod has an address", tier)
	}
	return urls, nil
}

// ask runs probes in the pod. Their password travels on standard input.
func (c *client) ask(ctx context.Context, probes []load.Probe) ([]load.Answer, error) {
	plan, err := json.Marshal(probes)
	if err != nil {
		return nil, err
	}
	text, err := c.exec(ctx, plan, "/tmp/client")
	if err != nil {
		return nil, err
	}
	var answers []load.Answer
	return answers, json.Unmarshal([]byte(text), &answers)
}

func (c *client) exec(ctx context.Context, stdin []byte, command ...string) (string, error) {
	return c.kubectl(ctx, stdin, append([]string{"exec", "-i", "-n", namespace, clientName, "--"}, command...)...)
}

// kubectl runs on the control plane.
func (c *client) kubectl(ctx context.Context, stdin []byte, args ...string) (string, error) {
	container, err := machines.Container(ctx, c.lab.Name, c.lab.Addresses["control-plane"])
	if err != nil {
		return "", err
	}
	return toolchain.Command{
		Stdin: string(stdin),
		Args:  append([]string{"docker", "exec", "-i", container, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"}, args...),
	}.Output(ctx)
}
