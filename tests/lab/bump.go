package main

import (
	"context"
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
	if version := strings.TrimPrefix(os.Getenv("CONTAINERD"), "v"); version != "" && version != b.table.Containerd.Version {
		b.table.Containerd = versions.Containerd{Version: version, Before: b.table.Containerd.Version}
	}
	if version := os.Getenv("NODE_EXPORTER"); version != "" {
		b.table.NodeExporter = strings.TrimPrefix(version, "v")
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
	for name, version := range map[string]string{
		"containerd": b.table.Containerd.Version, "containerd" + toolchain.Before: b.table.Containerd.Before,
	} {
		if err := b.build(ctx, modules, built{name, containerd, version, programs}); err != nil {
			return fmt.Errorf("module %s: %w", name, err)
		}
	}
	if err := b.follow(ctx, filepath.Join(b.root, "policy")); err != nil {
		return fmt.Errorf("module policy: %w", err)
	}
	return b.defaults()
}

// built is a module below toolchain/modules that builds commands of others. Where they are all of one module, that is main.
type built struct {
	name, main, version string
	packages            []string
}

// build writes the go.mod of a module, unless it says all that already.
func (b *bumper) build(ctx context.Context, modules string, m built) error {
	dir := filepath.Join(modules, m.name)
	path := filepath.Join(dir, "go.mod")
	wanted := m.packages
	if m.main != "" {
		wanted = []string{m.main}
	}
	if old, err := readModule(path); err == nil {
		has := map[string]string{}
		for _, r := range old.Require {
			has[r.Mod.Path] = r.Mod.Version
		}
		if !slices.ContainsFunc(wanted, func(module string) bool { return has[module] != "v"+m.version }) {
			return nil
		}
	}
	fresh := new(modfile.File)
	if err := fresh.AddModuleStmt("lab/toolchain/" + m.name); err != nil {
		return err
	}
	for _, module := range wanted {
		_, theirs, err := b.download(ctx, module+"@v"+m.version)
		if err != nil {
			return err
		}
		if err := fresh.AddGoStmt(theirs.Go.Version); err != nil {
			return err
		}
		// Only a main module's own replacements count: what lies beside Kubernetes in its repository is published as well.
		for _, r := range theirs.Replace {
			if strings.HasPrefix(r.New.Path, "./staging/") {
				if err := fresh.AddReplace(r.Old.Path, "", r.Old.Path, staging(m.version)); err != nil {
					return err
				}
			}
		}
		if err := fresh.AddRequire(module, "v"+m.version); err != nil {
			return err
		}
	}
	for _, name := range m.packages {
		if err := fresh.AddTool(name); err != nil {
			return err
		}
	}
	return b.write(ctx, path, fresh)
}

// follow makes a module that compiles Kubernetes in require the default release with all of its parts.
func (b *bumper) follow(ctx context.Context, dir string) error {
	path := filepath.Join(dir, "go.mod")
	file, err := readModule(path)
	if err != nil {
		return err
	}
	version := b.table.Kubernetes.New().Version
	_, theirs, err := b.download(ctx, kubernetesModule+"@v"+version)
	if err != nil {
		return err
	}
	before := string(modfile.Format(file.Syntax))
	parts := map[string]bool{}
	for _, r := range theirs.Replace {
		parts[r.Old.Path] = true
		if err := file.AddReplace(r.Old.Path, "", r.Old.Path, staging(version)); err != nil {
			return err
		}
	}
	for _, r := range slices.Clone(file.Require) {
		switch {
		case r.Mod.Path == kubernetesModule:
			err = file.AddRequire(r.Mod.Path, "v"+version)
		case parts[r.Mod.Path]:
			err = file.AddRequire(r.Mod.Path, staging(version))
		}
		if err != nil {
			return err
		}
	}
	if string(modfile.Format(file.Syntax)) == before {
		return nil
	}
	return b.write(ctx, path, file)
}

// staging is the version under which Kubernetes publishes the parts of one of its releases.
func staging(version string) string { return "v0." + strings.TrimPrefix(version, "1.") }

// write writes a go.mod and completes it.
func (b *bumper) write(ctx context.Context, path string, file *modfile.File) error {
	file.Cleanup()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, modfile.Format(file.Syntax), 0o644); err != nil {
		return err
	}
	fmt.Println("==", path)
	_, err := command(ctx, filepath.Dir(path), "go", "mod", "tidy")
	return err
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
