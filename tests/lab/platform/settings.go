package platform

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"sigs.k8s.io/yaml"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/shopimage"
	"ecommerce-platform/tests/lab/toolchain"
	"ecommerce-platform/tests/lab/twin"
)

// settings is the stack's configuration where it differs from Pulumi.dev.yaml. An air-gapped user sets the same mirrors; the rest is
// what kubelets in containers on a shared disk need.
func settings(ctx context.Context, options Options) (map[string]any, error) {
	mirrors, err := mirror.Config(ctx, options.Mirror, options.VpcCidr)
	if err != nil {
		return nil, err
	}
	host, err := machines.HostAddress(options.VpcCidr)
	if err != nil {
		return nil, err
	}
	lowers, err := machines.MayLowerOOMScore()
	if err != nil {
		return nil, err
	}
	nodes, err := nodes(options)
	if err != nil {
		return nil, err
	}
	shop, err := shopimage.Build(ctx)
	if err != nil {
		return nil, err
	}
	reserved, err := systemReserved(options.Program, nodes)
	if err != nil {
		return nil, err
	}
	settings := map[string]any{
		"aws:region": "eu-central-1",
		"vpcCidr":    options.VpcCidr,
		"nodes":      nodes,
		// What the machines see of this host: the administrator's address.
		"adminCidrs": []any{host.String() + "/32"},
		"amiName":    options.Mirror.Debian.AMI(),
		"mirrors":    mirrors,
		// The registry that the mirror stands for, and in it what make image makes.
		"backend":    map[string]any{"image": shopimage.Repository + "@" + shop.Digest, "readinessPath": "/readyz", "metricsPort": 9090},
		"containerd": map[string]any{"restrictOomScoreAdj": !lowers},
		"kubelet": map[string]any{
			"failCgroupV1": false,
			// The kubelet also sees all of this machine's processors and memory. Pods may ask for what a node's type has.
			"systemReserved": reserved,
			// The kubelet sees this machine's disk, and would remove images and pods when that is nearly full.
			"imageGCHighThresholdPercent": 100,
			"evictionHard": map[string]any{
				"memory.available": "100Mi", "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%", "imagefs.inodesFree": "0%",
			},
		},
		// On a machine kube-proxy sizes connection tracking; in a container it may not, and ends when it tries.
		"kubeProxy": map[string]any{"conntrack": map[string]any{"maxPerCore": 0, "min": 0}},
		// No more of this machine's disk than it needs.
		"postgres":              map[string]any{"volumeGiB": 1},
		"ignorePreflightErrors": []any{"SystemVerification", "Swap"},
	}
	if toolchain.Current() == toolchain.Modules {
		// What there is of Calico to build, and the PostgreSQL of the Debian that images are made of, under a tag that says so.
		settings["calicoVersion"] = versions.All.Calico.Lab.Version
		settings["calicoManifestSha256"] = versions.All.Calico.Lab.ManifestSHA256
		settings["postgres"] = map[string]any{"image": "postgres:15", "volumeGiB": 1}
	}
	return settings, nil
}

// systemReserved is what this machine has beyond the largest of the nodes.
func systemReserved(program string, nodes []any) (map[string]any, error) {
	usual, err := defaultOf(program, "instanceType")
	if err != nil {
		return nil, err
	}
	var largest machines.Size
	for _, item := range nodes {
		node, _ := item.(map[string]any)
		own, _ := node["instanceType"].(string)
		size, err := twin.SizeOf(cmp.Or(own, usual))
		if err != nil {
			return nil, err
		}
		largest.CPUs, largest.MemoryMiB = max(largest.CPUs, size.CPUs), max(largest.MemoryMiB, size.MemoryMiB)
	}
	host, err := machines.HostSize()
	rest := host.Beyond(largest)
	return map[string]any{"cpu": strconv.Itoa(rest.CPUs), "memory": fmt.Sprintf("%dMi", rest.MemoryMiB)}, err
}

// defaultOf is what Pulumi.yaml gives a stack that does not set the key, a text. The lab has to know two: the VPC's block, in
// which the twin connects the mirror, and the type of the machines.
func defaultOf(program, key string) (string, error) {
	path := filepath.Join(program, "Pulumi.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var file struct {
		Config map[string]struct {
			Default any `json:"default"`
		} `json:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	value, ok := file.Config[key].Default.(string)
	if !ok {
		return "", fmt.Errorf("%s: config %s: has no text as its default", path, key)
	}
	return value, nil
}
