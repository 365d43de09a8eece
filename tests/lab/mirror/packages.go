package mirror

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/toolchain"
)

// debianPackages are what the bootstrap of a node installs from Debian, and what it once installed where before asks for it;
// their dependencies come along.
func debianPackages(before bool) []string {
	names := []string{
		"ca-certificates", "cloud-guest-utils", "conntrack", "curl", "ebtables", "ethtool", "iproute2", "ipset", "iptables", "kmod",
		"nftables", "openssl", "restic", "runc", "socat", "systemd-journal-remote", "xfsprogs",
	}
	if before {
		names = append(names, "containerd")
	}
	return names
}

//go:embed units
var units embed.FS

// debianPackage is a package of another project's repository, made from built programs under the official one's name.
type debianPackage struct {
	// Version has the packaging revision behind it.
	Name, Version, Depends, Description string
	// Replaces is a package of Debian's whose place it takes.
	Replaces string
	// Tools are installed in Bin: name there -> name for toolchain.Tool.
	Bin   string
	Tools map[string]string
	// Units are installed: path on the node, or below DEBIAN -> file in units.
	Units map[string]string
	// Directories are made empty.
	Directories []string
}

// repository is the name at pkgs.k8s.io of the one that a release is in: v1.35 for a version 1.35.
func repository(r versions.Release) string { return "v" + r.Minor() }

// runtimePackages are those of download.docker.com that a node installs, and those of the version before where before asks for
// them.
func runtimePackages(before bool) []debianPackage {
	all := []debianPackage{runtimePackage(versions.All.Containerd.Version, "")}
	if before {
		all = append(all, runtimePackage(versions.All.Containerd.Before, toolchain.Before))
	}
	return all
}

// runtimePackage is the container runtime's. Docker's brings a runc of its own, which takes cgo and libseccomp to build; this
// one takes Debian's.
func runtimePackage(version, suffix string) debianPackage {
	p := debianPackage{
		Name: "containerd.io", Version: version + "-1", Description: "container runtime",
		Depends: "runc", Replaces: "containerd",
		Bin: "usr/bin", Tools: map[string]string{},
		Units: map[string]string{
			"usr/lib/systemd/system/containerd.service": "containerd.service", "DEBIAN/postinst": "containerd.postinst",
		},
	}
	for _, name := range toolchain.ContainerdPrograms {
		p.Tools[name] = name + suffix
	}
	return p
}

// packages are those of pkgs.k8s.io that a node installs, with the packaging revision of first releases.
func packages(r versions.Release) []debianPackage {
	suffix := toolchain.Suffix(r)
	const revision = "-1.1"
	return []debianPackage{
		{
			Name: "kubelet", Version: r.Version + revision, Description: "Kubernetes node agent",
			Depends: "iproute2, iptables (>= 1.4.21), kubernetes-cni (>= 1.2.0), mount, util-linux",
			Bin:     "usr/bin", Tools: map[string]string{"kubelet": "kubelet" + suffix},
			Units:       map[string]string{"usr/lib/systemd/system/kubelet.service": "kubelet.service"},
			Directories: []string{"etc/kubernetes/manifests", "var/lib/kubelet"},
		},
		{
			Name: "kubeadm", Version: r.Version + revision, Description: "Kubernetes cluster bootstrap",
			Depends: "cri-tools (>= 1.30.0), kubelet (>= 1.19.0)",
			Bin:     "usr/bin", Tools: map[string]string{"kubeadm": "kubeadm" + suffix},
			Units: map[string]string{"usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": "10-kubeadm.conf"},
		},
		{
			Name: "kubectl", Version: r.Version + revision, Description: "Kubernetes command line client",
			Bin: "usr/bin", Tools: map[string]string{"kubectl": "kubectl" + suffix},
		},
		{
			Name: "cri-tools", Version: toolchain.CRIToolsVersion + revision, Description: "command line client of container runtimes",
			Bin: "usr/bin", Tools: map[string]string{"crictl": "crictl"},
		},
		{
			Name: "kubernetes-cni", Version: toolchain.CNIPluginsVersion + revision, Description: "container network plugins",
			Bin: "opt/cni/bin", Tools: map[string]string{
				"bandwidth": "bandwidth", "bridge": "bridge", "host-device": "host-device", "host-local": "host-local",
				"loopback": "loopback", "portmap": "portmap", "ptp": "ptp", "tuning": "tuning",
			},
		},
	}
}

// control is the package's control file. Size is in KiB, as Debian counts it.
func (p debianPackage) control(architecture string, size int64) string {
	fields := []string{
		"Package: " + p.Name,
		"Version: " + p.Version,
		"Architecture: " + architecture,
		"Maintainer: ecommerce-platform lab <lab@localhost>",
		fmt.Sprintf("Installed-Size: %d", size),
		"Section: admin",
		"Priority: optional",
	}
	if p.Depends != "" {
		fields = append(fields, "Depends: "+p.Depends)
	}
	if p.Replaces != "" {
		fields = append(fields, "Conflicts: "+p.Replaces, "Replaces: "+p.Replaces, "Provides: "+p.Replaces)
	}
	return strings.Join(append(fields, "Description: "+p.Description), "\n") + "\n"
}

// lay writes the tree that dpkg-deb makes a package of.
func (p debianPackage) lay(dir, architecture string, tools map[string]string) error {
	var size int64
	for name, tool := range p.Tools {
		to := filepath.Join(dir, p.Bin, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := toolchain.Link(tools[tool], to); err != nil {
			return err
		}
		info, err := os.Stat(to)
		if err != nil {
			return err
		}
		size += info.Size() / 1024
	}
	for path, unit := range p.Units {
		text, err := units.ReadFile("units/" + unit)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(dir, path), string(text)); err != nil {
			return err
		}
		if strings.HasPrefix(string(text), "#!") {
			if err := os.Chmod(filepath.Join(dir, path), 0o755); err != nil {
				return err
			}
		}
	}
	for _, path := range p.Directories {
		if err := os.MkdirAll(filepath.Join(dir, path), 0o755); err != nil {
			return err
		}
	}
	return write(filepath.Join(dir, "DEBIAN", "control"), p.control(architecture, size))
}

// resolve finds the programs of all packages, and the strings that identify their builds and packaging.
func resolve(ctx context.Context, releases []versions.Release, before bool) (tools map[string]string, parts []string, err error) {
	tools = map[string]string{}
	all := [][]debianPackage{runtimePackages(before)}
	for _, r := range releases {
		all = append(all, packages(r))
	}
	for _, repository := range all {
		for _, p := range repository {
			parts = append(parts, p.control("", 0), p.Bin)
			for _, name := range slices.Sorted(maps.Keys(p.Tools)) {
				tool := p.Tools[name]
				if tools[tool], err = toolchain.Tool(ctx, tool); err != nil {
					return nil, nil, err
				}
				parts = append(parts, name, filepath.Base(filepath.Dir(tools[tool])))
			}
			for path, unit := range p.Units {
				text, err := units.ReadFile("units/" + unit)
				if err != nil {
					return nil, nil, err
				}
				parts = append(parts, path, string(text))
			}
			parts = append(parts, p.Directories...)
		}
	}
	return tools, parts, nil
}

func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
