package cluster

import (
	"archive/tar"
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

//go:embed scripts/*.sh
var scripts embed.FS

// library is sourced by every script.
const library = "lib.sh"

// Names of the files that scripts find in /opt/platform/etc.
const (
	kubeadmFile       = "kubeadm.yaml"
	containerdFile    = "containerd.toml"
	hostsFile         = "hosts.toml"
	packagesKeyFile   = "packages.asc"
	kustomizationFile = "kustomization.yaml"
	staticPodFile     = "node-exporter.yaml"
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
	if node.Role == Worker {
		join, err := a.joinYAML(node)
		return files, add(kubeadmFile, join, err)
	}
	kustomization, err := a.kustomizationYAML()
	if err := add(kustomizationFile, kustomization, err); err != nil {
		return nil, err
	}
	maps.Copy(files, a.Backup.files(a.Dumps))
	files[kubeadmFile] = node.Address.ToStringOutput().ApplyT(a.initYAML).(pulumi.StringOutput)
	return files, nil
}

// sourcing is the line by which a script takes in another one.
var sourcing = regexp.MustCompile(`(?m)^source "\$\{BASH_SOURCE\[0\]%/\*\}/([a-z.-]+)"$`)

// readScript returns all the code that a script runs: that of the scripts it sources, then its own.
func readScript(name string) ([]pulumi.StringInput, error) {
	own, err := scripts.ReadFile("scripts/" + name)
	if err != nil {
		return nil, err
	}
	var code []pulumi.StringInput
	for _, match := range sourcing.FindAllSubmatch(own, -1) {
		sourced, err := readScript(string(match[1]))
		if err != nil {
			return nil, err
		}
		code = append(code, sourced...)
	}
	return append(code, pulumi.String(own)), nil
}

// archive packs the scripts and the given files as a tar in base64, the same bytes for the same content.
func archive(scriptNames []string, files map[string]string) (string, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	add := func(name string, mode int64, content []byte) error {
		header := &tar.Header{Name: name, Mode: mode, Size: int64(len(content)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
		if _, err := w.Write(content); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
		return nil
	}
	for _, name := range slices.Sorted(slices.Values(scriptNames)) {
		content, err := scripts.ReadFile("scripts/" + name)
		if err != nil {
			return "", fmt.Errorf("pack: %w", err)
		}
		if err := add("bin/"+name, 0o755, content); err != nil {
			return "", err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := add("etc/"+name, 0o600, []byte(files[name])); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("pack: %w", err)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}
