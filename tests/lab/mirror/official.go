package mirror

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"text/template"
	"time"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/shopimage"
	"ecommerce-platform/tests/lab/toolchain"
)

// pulled is the volume that keeps what mirrors were given by the public sources.
const pulled = "ecommerce-platform-pulled"

//go:embed conf
var conf embed.FS

// upstream is a public source as the mirror's servers are told of it.
type upstream struct {
	// Name is what nodes call it.
	Name string
	URL  string
	// Port is where the mirror's own server for it listens.
	Port int
}

// upstreams are all that the configuration in conf speaks of.
type upstreams struct {
	Registries, Repositories []upstream
	// Own is the first part of the name of the repositories that nobody but this machine has.
	Own string
}

// publicUpstreams are those that nodes use.
func publicUpstreams() (upstreams, error) {
	all := upstreams{Own: path.Dir(shopimage.Repository)}
	for i, source := range []struct{ name, host string }{
		{"docker.io", toolchain.DockerHub}, {"quay.io", toolchain.Quay}, {"registry.k8s.io", toolchain.KubernetesRegistry},
		{"ghcr.io", toolchain.GitHubRegistry},
	} {
		url, err := toolchain.Upstream(source.host)
		if err != nil {
			return all, err
		}
		all.Registries = append(all.Registries, upstream{source.name, url, 5002 + i})
	}
	for _, source := range []struct{ name, host, path string }{
		{"docker", toolchain.DockerPackages, "/linux/debian"}, {"kubernetes", toolchain.KubernetesPackages, "/core:/stable:"},
		{"debian", toolchain.DebianPackages, "/debian"},
	} {
		url, err := toolchain.Upstream(source.host)
		if err != nil {
			return all, err
		}
		all.Repositories = append(all.Repositories, upstream{Name: source.name, URL: url + source.path})
	}
	return all, nil
}

// prepareOfficial makes the files of a mirror that asks the public sources and keeps what it was given.
func prepareOfficial(ctx context.Context, image, node string) (content, error) {
	cache, err := toolchain.CacheDir()
	if err != nil {
		return content{}, err
	}
	upstreams, err := publicUpstreams()
	if err != nil {
		return content{}, err
	}
	settings, err := conf.ReadDir("conf")
	if err != nil {
		return content{}, err
	}
	parts := []string{}
	for _, file := range settings {
		text, err := conf.ReadFile("conf/" + file.Name())
		if err != nil {
			return content{}, err
		}
		parts = append(parts, string(text))
	}
	release := versions.All.Kubernetes.New()
	// Publishers renew their keys: a month is as old as ours get.
	parts = append(parts, fmt.Sprint(upstreams), image, node, release.Minor(), versions.All.Calico.ManifestSHA256,
		versions.All.CloudNativePG.ManifestSHA256, time.Now().Format("2006-01"))
	c := content{image: image, official: true, key: toolchain.Key(parts...)}
	c.root = filepath.Join(cache, "mirror", c.key)
	if _, err := os.Stat(c.root); err == nil {
		return c, c.asked(ctx)
	}
	done := toolchain.Step("making a mirror of the public sources")
	err = toolchain.Publish(c.root, func(fresh string) error {
		if err := upstreams.configure(filepath.Join(fresh, "conf")); err != nil {
			return err
		}
		if err := publicKeys(ctx, fresh, node, release); err != nil {
			return err
		}
		return publicManifests(ctx, filepath.Join(fresh, "www"))
	})
	done(err)
	if err != nil {
		return content{}, fmt.Errorf("mirror: %w", err)
	}
	return c, nil
}

// configure writes the configuration of the mirror's servers.
func (u upstreams) configure(dir string) error {
	if err := render(filepath.Join(dir, "nginx", "registries.conf"), "nginx.conf", u); err != nil {
		return err
	}
	for _, registry := range u.Registries {
		if err := render(filepath.Join(dir, "registries", registry.Name+".yml"), "registry.yml", registry); err != nil {
			return err
		}
	}
	return render(filepath.Join(dir, "server", "packages.conf"), "server.conf", u)
}

func render(to, name string, data any) error {
	parsed, err := template.ParseFS(conf, "conf/"+name)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, data); err != nil {
		return err
	}
	return write(to, text.String())
}

// exportKeys makes one armored file of the keyrings in /in and of the one that Debian's packages are signed with.
const exportKeys = `set -eu
export GNUPGHOME=/tmp/keys
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --import /in/* /usr/share/keyrings/debian-archive-keyring.*
gpg --batch --armor --export`

// publicKeys writes the keys that the publishers of all packages sign with, as one file.
func publicKeys(ctx context.Context, root, node string, release versions.Release) error {
	in := filepath.Join(root, "in")
	for name, source := range map[string][2]string{
		"docker.asc":     {toolchain.DockerPackages, "/linux/debian/gpg"},
		"kubernetes.asc": {toolchain.KubernetesPackages, toolchain.KubernetesRepository(release) + "Release.key"},
	} {
		key, err := toolchain.Download(ctx, source[0], source[1])
		if err != nil {
			return err
		}
		if err := write(filepath.Join(in, name), string(key)); err != nil {
			return err
		}
	}
	keys, err := toolchain.Run(ctx, "docker", "run", "--rm", "--network", "none", "-v", in+":/in:ro", "--entrypoint", "/bin/sh", node, "-c", exportKeys)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(in); err != nil {
		return err
	}
	return write(filepath.Join(root, "www", "key.asc"), keys)
}

// publicManifests puts the manifests that the program fetches where the mirror serves them.
func publicManifests(ctx context.Context, www string) error {
	for _, m := range []struct {
		path, project, file string
		version             versions.Manifest
	}{
		{toolchain.CalicoManifest(), "calico", calicoFile, versions.All.Calico.Manifest},
		{toolchain.CloudNativePGManifest(), "cloudnative-pg", cloudNativePGFile, versions.All.CloudNativePG},
	} {
		text, err := toolchain.Download(ctx, toolchain.GitHubFiles, m.path)
		if err != nil {
			return err
		}
		if err := placeManifest(www, text, m.project, m.file, m.version); err != nil {
			return err
		}
	}
	return nil
}

// placeManifest puts a project's manifest where the mirror serves it, if it is the one that it should be.
func placeManifest(www string, text []byte, project, file string, m versions.Manifest) error {
	sum := sha256.Sum256(text)
	if got := hex.EncodeToString(sum[:]); got != m.ManifestSHA256 {
		return fmt.Errorf("manifest %s: SHA-256 %s, want %s", file, got, m.ManifestSHA256)
	}
	return write(filepath.Join(www, "manifests", project, "v"+m.Version, file), string(text))
}
