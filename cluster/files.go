package cluster

import (
	"embed"
	"io/fs"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

//go:embed scripts/*.sh
var embedded embed.FS

// library is sourced by every script.
const library = "lib.sh"

// scripts returns the scripts by their file names.
func scripts() (fs.FS, error) { return fs.Sub(embedded, "scripts") }

// Names of the files that scripts find in /opt/platform/etc.
const (
	kubeadmFile       = "kubeadm.yaml"
	containerdFile    = "containerd.toml"
	hostsFile         = "hosts.toml"
	packagesKeyFile   = "packages.asc"
	kustomizationFile = "kustomization.yaml"
	staticPodFile     = "node-exporter.yaml"
	auditFiles        = "audit/"
)

// Suffixes of the files of a registry that is trusted by its own certificates.
const (
	trustSuffix        = ".hosts.toml"
	certificatesSuffix = ".ca.crt"
)

// nodeFiles returns the configuration files of one node by name. All but the control plane's
// kubeadm.yaml are known before anything is deployed; that one names the public address.
func (a *Args) nodeFiles(node Node) (map[string]pulumi.StringInput, error) {
	files := map[string]pulumi.StringInput{}
	add := func(name string, content string, err error) error {
		files[name] = pulumi.String(content)
		return err
	}
	toml, err := a.containerdTOML()
	if err := add(containerdFile, toml, err); err != nil {
		return nil, err
	}
	if a.Mirrors.Images != "" {
		hosts, err := a.hostsTOML()
		if err := add(hostsFile, hosts, err); err != nil {
			return nil, err
		}
	}
	for registry, certificates := range a.RegistryCAs {
		trust, err := trustTOML(registry)
		if err := add(registry+trustSuffix, trust, err); err != nil {
			return nil, err
		}
		files[registry+certificatesSuffix] = pulumi.String(certificates)
	}
	if a.Mirrors.PackagesKey != "" {
		files[packagesKeyFile] = pulumi.String(a.Mirrors.PackagesKey)
	}
	if node.Monitoring {
		pod, err := a.staticPodYAML(node)
		if err := add(staticPodFile, pod, err); err != nil {
			return nil, err
		}
	}
	maps.Copy(files, a.journalFiles())
	if node.Role == boundary.Worker {
		join, err := a.joinYAML(node)
		return files, add(kubeadmFile, join, err)
	}
	kustomization, err := a.kustomizationYAML()
	if err := add(kustomizationFile, kustomization, err); err != nil {
		return nil, err
	}
	dns, err := a.dnsPatch()
	if err := add(dnsPatchFile, dns, err); err != nil {
		return nil, err
	}
	if a.AuditLog.on() {
		name, policy, err := a.AuditLog.file()
		if err := add(auditFiles+name, policy, err); err != nil {
			return nil, err
		}
	}
	maps.Copy(files, a.Backup.files(a.Dumps))
	files[kubeadmFile] = node.Address.ToStringOutput().ApplyT(a.initYAML).(pulumi.StringOutput)
	return files, nil
}
