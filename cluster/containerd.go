package cluster

import (
	"bytes"
	"fmt"
	"net/url"
	"path"

	"github.com/BurntSushi/toml"
)

// registryPath is where containerd looks up how to reach a registry.
const registryPath = "/etc/containerd/certs.d"

// registry is one that images of the platform come from: as their names have it, and where it answers.
type registry struct{ name, url string }

// registries are those the platform's images come from.
func (a *Args) registries() []registry {
	all := []registry{
		{"docker.io", "https://registry-1.docker.io"}, {"quay.io", "https://quay.io"}, {"registry.k8s.io", "https://registry.k8s.io"},
	}
	// Only then: it may be where a user's own images are, which a mirror would have to have.
	if a.CloudNativePGVersion != "" {
		all = append(all, registry{"ghcr.io", "https://ghcr.io"})
	}
	return all
}

// mirroredRegistries are those that a mirror of images stands for.
func (a *Args) mirroredRegistries() (names []string) {
	for _, r := range a.registries() {
		names = append(names, r.name)
	}
	return names
}

// The keys below are those of configuration version 3, which containerd 2.x has; containerd.sh checks with
// `containerd config dump` that they were understood.
// Reference: https://github.com/containerd/containerd/blob/main/docs/cri/config.md
type (
	containerdConfig struct {
		Version int               `toml:"version"`
		Plugins containerdPlugins `toml:"plugins"`
	}
	containerdPlugins struct {
		Images  criImages  `toml:"io.containerd.cri.v1.images"`
		Runtime criRuntime `toml:"io.containerd.cri.v1.runtime"`
	}
	criImages struct {
		Pinned   criPinned   `toml:"pinned_images"`
		Registry criRegistry `toml:"registry"`
	}
	criPinned struct {
		Sandbox string `toml:"sandbox"`
	}
	criRegistry struct {
		ConfigPath string `toml:"config_path"`
	}
	criRuntime struct {
		RestrictOomScoreAdj bool          `toml:"restrict_oom_score_adj"`
		CNI                 criCNI        `toml:"cni"`
		Containerd          criContainerd `toml:"containerd"`
	}
	criCNI struct {
		BinDirs []string `toml:"bin_dirs"`
		ConfDir string   `toml:"conf_dir"`
	}
	criContainerd struct {
		DefaultRuntimeName string                `toml:"default_runtime_name"`
		Runtimes           map[string]ociRuntime `toml:"runtimes"`
	}
	ociRuntime struct {
		RuntimeType string     `toml:"runtime_type"`
		Options     ociOptions `toml:"options"`
	}
	ociOptions struct {
		SystemdCgroup bool
	}
	registryHosts struct {
		Server string                  `toml:"server"`
		Host   map[string]registryHost `toml:"host"`
	}
	registryHost struct {
		Capabilities []string `toml:"capabilities"`
		CA           string   `toml:"ca,omitempty"`
	}
)

func (a *Args) containerdTOML() (string, error) {
	return marshalTOML(containerdConfig{Version: 3, Plugins: containerdPlugins{
		Images: criImages{Pinned: criPinned{Sandbox: a.pauseImage()}, Registry: criRegistry{ConfigPath: registryPath}},
		Runtime: criRuntime{
			RestrictOomScoreAdj: a.Containerd.RestrictOomScoreAdj,
			// Where Kubernetes' packages and Calico write to.
			CNI: criCNI{BinDirs: []string{"/opt/cni/bin"}, ConfDir: "/etc/cni/net.d"},
			Containerd: criContainerd{
				DefaultRuntimeName: "runc",
				Runtimes: map[string]ociRuntime{
					"runc": {RuntimeType: "io.containerd.runc.v2", Options: ociOptions{SystemdCgroup: true}},
				},
			},
		},
	}})
}

// hostsTOML sends every pull from a registry to the mirror. The mirror is the server as well, so
// that without it a pull fails at once instead of waiting for an internet that is not there.
func (a *Args) hostsTOML() (string, error) {
	host := registryHost{Capabilities: []string{"pull", "resolve"}}
	if mirror, err := url.Parse(a.Mirrors.Images); err == nil && a.RegistryCAs[mirror.Host] != "" {
		host.CA = path.Join(registryPath, mirror.Host, "ca.crt")
	}
	return marshalTOML(registryHosts{Server: a.Mirrors.Images, Host: map[string]registryHost{a.Mirrors.Images: host}})
}

// trustTOML lets containerd trust a registry by its own certificates.
func trustTOML(registry string) (string, error) {
	server := "https://" + registry
	return marshalTOML(registryHosts{Server: server, Host: map[string]registryHost{
		server: {Capabilities: []string{"pull", "resolve"}, CA: path.Join(registryPath, registry, "ca.crt")},
	}})
}

func marshalTOML(value any) (string, error) {
	var out bytes.Buffer
	encoder := toml.NewEncoder(&out)
	encoder.Indent = "  "
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("marshal %T: %w", value, err)
	}
	return out.String(), nil
}
