package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/toolchain"
)

// Kubectl runs kubectl as the administrator and returns what it prints.
func (c *Cluster) Kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.tools["kubectl"], append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, &stderr)
	}
	return stdout.String(), nil
}

// definitions are the types of others that the platform makes objects of, by the pin whose module has their manifest.
var definitions = []struct {
	pin, module, manifest string
	types                 []string
}{
	{"calico", toolchain.CalicoModule, "manifests/calico.yaml", []string{"ippools.crd.projectcalico.org", "bgpconfigurations.crd.projectcalico.org"}},
	{
		"cloudnative-pg", toolchain.CloudNativePGModule, "releases/cnpg-" + versions.All.CloudNativePG.Version + ".yaml",
		[]string{"clusters.postgresql.cnpg.io"},
	},
}

// installTypes installs the custom resource definitions of those manifests, and nothing else of them.
func (c *Cluster) installTypes(ctx context.Context) error {
	for _, d := range definitions {
		module, err := toolchain.ModuleDir(ctx, d.pin, d.module)
		if err != nil {
			return err
		}
		manifest, err := os.ReadFile(filepath.Join(module, d.manifest))
		if err != nil {
			return err
		}
		var types []string
		for _, document := range strings.Split(string(manifest), "\n---") {
			if strings.Contains(document, "\nkind: CustomResourceDefinition\n") {
				types = append(types, document)
			}
		}
		if len(types) == 0 {
			return fmt.Errorf("%s: no CustomResourceDefinition in %s", module, d.manifest)
		}
		if _, err := c.Kubectl(ctx, strings.Join(types, "\n---\n"), "apply", "--server-side", "-f", "-"); err != nil {
			return err
		}
		if _, err := c.Kubectl(ctx, "", append([]string{"wait", "--for", "condition=Established", "--timeout", "60s", "crd"}, d.types...)...); err != nil {
			return err
		}
	}
	return nil
}

// addControlPlane registers a node as kubeadm does that of the API server.
// https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/#mark-the-node-as-control-plane
func (c *Cluster) addControlPlane(ctx context.Context, name string) error {
	if err := c.AddNode(ctx, name); err != nil {
		return err
	}
	const role = "node-role.kubernetes.io/control-plane"
	_, err := c.Kubectl(ctx, "", "label", "node", name, role+"=")
	if err == nil {
		_, err = c.Kubectl(ctx, "", "taint", "node", name, role+":NoSchedule")
	}
	return err
}

// AddNode registers a node as a kubelet would and waits until it is ready.
func (c *Cluster) AddNode(ctx context.Context, name string) error {
	if _, err := c.Kubectl(ctx, fmt.Sprintf(`{"apiVersion": "v1", "kind": "Node", "metadata": {"name": %[1]q, "labels": {
		"kubernetes.io/hostname": %[1]q, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}}}`, name),
		"create", "-f", "-"); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, "", "wait", "--for", "condition=Ready", "--timeout", "60s", "node/"+name)
	return err
}
