package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/toolchain"
)

const kubernetesModule = "k8s.io/kubernetes"

// bump changes the table of versions as the environment says, and then whatever has to agree with it. Without a change it
// makes everything agree with the table as it is.
func bump(ctx context.Context) error {
	root, err := toolchain.Source("..", "..")
	if err != nil {
		return err
	}
	b := bumper{root: root, table: versions.All}
	if err := b.edit(ctx); err != nil {
		return err
	}
	return b.apply(ctx)
}

// bumper changes versions in a checkout.
type bumper struct {
	root  string
	table versions.Table
}

// edit makes the table say what the environment asks for.
func (b *bumper) edit(ctx context.Context) error {
	if version := os.Getenv("KUBERNETES"); version != "" {
		if err := b.kubernetes(ctx, strings.TrimPrefix(version, "v")); err != nil {
			return err
		}
	}
	if minor := os.Getenv("DEFAULT"); minor != "" {
		b.table.Kubernetes.Default = minor
	}
	if version := os.Getenv("CALICO"); version != "" {
		sum := os.Getenv("CALICO_SHA256")
		if sum == "" {
			return errors.New(`CALICO_SHA256 "": required with CALICO, the SHA-256 of that version's manifests/calico.yaml`)
		}
		b.table.Calico.Version, b.table.Calico.ManifestSHA256 = strings.TrimPrefix(version, "v"), sum
	}
	if version := strings.TrimPrefix(os.Getenv("CLOUDNATIVE_PG"), "v"); version != "" {
		if err := b.cloudNativePG(ctx, version); err != nil {
			return err
		}
	}
	if version := strings.TrimPrefix(os.Getenv("CONTAINERD"), "v"); version != "" && version != b.table.Containerd.Version {
		b.table.Containerd = versions.Containerd{Version: version, Before: b.table.Containerd.Version}
	}
	for name, entry := range map[string]*string{
		"NODE_EXPORTER": &b.table.NodeExporter, "METRICS_SERVER": &b.table.MetricsServer, "VICTORIA_METRICS": &b.table.VictoriaMetrics,
		"VICTORIA_LOGS": &b.table.VictoriaLogs, "ALERTMANAGER": &b.table.Alertmanager, "KUBE_STATE_METRICS": &b.table.KubeStateMetrics,
	} {
		if version := os.Getenv(name); version != "" {
			*entry = strings.TrimPrefix(version, "v")
		}
	}
	text, err := b.table.Text()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.root, "cluster", "versions", "versions.json"), text, 0o644)
}

// kubernetes puts a release into the table, in the place of the one of its minor where there is one.
func (b *bumper) kubernetes(ctx context.Context, version string) error {
	tree, _, err := b.download(ctx, kubernetesModule+"@v"+version)
	if err != nil {
		return err
	}
	release, err := toolchain.Kubeadm(tree, version)
	if err != nil {
		return err
	}
	if old := b.table.Kubernetes.Of(release.Minor()); old != nil {
		release.Ends = old.Ends
		*old = release
		return nil
	}
	out, err := command(ctx, os.TempDir(), "go", "list", "-m", "-json", kubernetesModule+"@v"+release.Minor()+".0")
	if err != nil {
		return err
	}
	var first struct{ Time time.Time }
	if err := json.Unmarshal([]byte(out), &first); err != nil {
		return fmt.Errorf("%s %s.0: %w", kubernetesModule, release.Minor(), err)
	}
	release.Ends = first.Time.AddDate(0, 14, 0).Format("2006-01")
	releases := append(slices.Clone(b.table.Kubernetes.Releases), release)
	slices.SortFunc(releases, func(a, b versions.Release) int { return strings.Compare(a.Ends, b.Ends) })
	b.table.Kubernetes.Releases = releases
	return nil
}

// cloudNativePG puts a version of the operator into the table, with the sum of the manifest that is part of its module.
func (b *bumper) cloudNativePG(ctx context.Context, version string) error {
	tree, _, err := b.download(ctx, toolchain.CloudNativePGModule+"@v"+version)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(tree, "releases", "cnpg-"+version+".yaml"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	b.table.CloudNativePG = versions.Manifest{Version: version, ManifestSHA256: hex.EncodeToString(sum[:])}
	return nil
}

// apply makes the modules of every release, the policy pack, whose scheduler is the default's, and Pulumi.yaml agree with the
// table. What takes a library of Kubernetes only is a dependency as any other.
func (b *bumper) apply(ctx context.Context) error {
	modules := filepath.Join(b.root, "tests", "lab", "toolchain", "modules")
	for _, release := range b.table.Kubernetes.Releases {
		programs := []string{}
		for _, name := range toolchain.KubernetesPrograms {
			programs = append(programs, kubernetesModule+"/cmd/"+name)
		}
		for _, m := range []built{
			{"kubernetes-" + release.Minor(), kubernetesModule, release.Version, programs},
			{"etcd-" + release.Minor(), "", release.Etcd, []string{
				"go.etcd.io/etcd/etcdctl/v3", "go.etcd.io/etcd/etcdutl/v3", "go.etcd.io/etcd/server/v3",
			}},
			{"coredns-" + release.Minor(), "", release.CoreDNS, []string{"github.com/coredns/coredns"}},
		} {
			if err := b.build(ctx, modules, m); err != nil {
				return fmt.Errorf("module %s: %w", m.name, err)
			}
		}
	}
	const containerd = "github.com/containerd/containerd/v2"
	programs := []string{}
	for _, name := range toolchain.ContainerdPrograms {
		programs = append(programs, containerd+"/cmd/"+name)
	}
	const (
		nodeExporter     = "github.com/prometheus/node_exporter"
		metricsServer    = "sigs.k8s.io/metrics-server"
		victoriaMetrics  = "github.com/VictoriaMetrics/VictoriaMetrics"
		victoriaLogs     = "github.com/VictoriaMetrics/VictoriaLogs"
		alertmanager     = "github.com/prometheus/alertmanager"
		kubeStateMetrics = "k8s.io/kube-state-metrics/v2"
	)
	for _, m := range []built{
		{"containerd", containerd, b.table.Containerd.Version, programs},
		{"containerd" + toolchain.Before, containerd, b.table.Containerd.Before, programs},
		{"node_exporter", nodeExporter, b.table.NodeExporter, []string{nodeExporter}},
		{"metrics-server", metricsServer, b.table.MetricsServer, []string{metricsServer + "/cmd/metrics-server"}},
		{"victoria-metrics", victoriaMetrics, b.table.VictoriaMetrics, []string{
			victoriaMetrics + "/app/victoria-metrics", victoriaMetrics + "/app/vmalert", victoriaMetrics + "/app/vmalert-tool",
		}},
		{"victoria-logs", victoriaLogs, b.table.VictoriaLogs, []string{victoriaLogs + "/app/victoria-logs", victoriaLogs + "/app/vlagent"}},
		{"alertmanager", alertmanager, b.table.Alertmanager, []string{alertmanager + "/cmd/alertmanager"}},
		{"kube-state-metrics", kubeStateMetrics, b.table.KubeStateMetrics, []string{kubeStateMetrics}},
		{"cloudnative-pg", toolchain.CloudNativePGModule, b.table.CloudNativePG.Version, []string{toolchain.CloudNativePGModule + "/cmd/manager"}},
	} {
		if err := b.build(ctx, modules, m); err != nil {
			return fmt.Errorf("module %s: %w", m.name, err)
		}
	}
	if err := b.follow(ctx, filepath.Join(b.root, "policy")); err != nil {
		return fmt.Errorf("module policy: %w", err)
	}
	return b.defaults()
}

// defaults makes Pulumi.yaml offer what the table says.
func (b *bumper) defaults() error {
	path := filepath.Join(b.root, "Pulumi.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for key, value := range b.table.Defaults() {
		line := regexp.MustCompile(`(?m)^(  ` + key + `:\n    type: string\n    default: ).*$`)
		if !line.Match(text) {
			return fmt.Errorf("%s: no default of %s", path, key)
		}
		text = line.ReplaceAll(text, []byte("${1}"+value))
	}
	return os.WriteFile(path, text, 0o644)
}

// download is the source tree of a module and its go.mod.
func (b *bumper) download(ctx context.Context, module string) (string, *modfile.File, error) {
	out, err := command(ctx, os.TempDir(), "go", "mod", "download", "-json", module)
	if err != nil {
		return "", nil, err
	}
	var info struct{ Dir, GoMod string }
	if err := json.Unmarshal([]byte(out), &info); err != nil {
		return "", nil, fmt.Errorf("go mod download %s: %w", module, err)
	}
	file, err := readModule(info.GoMod)
	return info.Dir, file, err
}

func readModule(path string) (*modfile.File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(path, text, nil)
}

func command(ctx context.Context, dir string, args ...string) (string, error) {
	return toolchain.Command{Dir: dir, Env: []string{"GOFLAGS=", "GOWORK=off"}, Args: args}.Output(ctx)
}
