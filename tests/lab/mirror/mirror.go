// Package mirror is the lab's internet: one container with the package repositories, the manifests and the images
// that a node needs, and a resolver.
package mirror

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/toolchain"
)

// content is a mirror that is ready to run.
type content struct {
	key   string // changes with anything that is served but images
	root  string // directory with www/, what HTTP serves
	image string
	// official says that the mirror asks the public sources, as conf/ in root tells it.
	official bool
}

// Minors are the minor versions of Kubernetes that a mirror serves. Each takes programs that nothing else needs. None are the
// default alone.
type Minors []string

// Options choose what a mirror serves.
type Options struct {
	Minors Minors
	// Debian is the release whose packages it has. Default, the newest.
	Debian images.Debian
	// Before adds the container runtimes that the nodes of a cluster had before: the version of containerd.io that precedes, and
	// Debian's own package.
	Before bool
}

// AllMinors are those that the platform installs.
var AllMinors Minors = versions.All.Kubernetes.Minors()

func (m Minors) releases() ([]versions.Release, error) {
	if len(m) == 0 {
		return []versions.Release{versions.All.Kubernetes.New()}, nil
	}
	var releases []versions.Release
	for _, minor := range m {
		release := versions.All.Kubernetes.Of(minor)
		if release == nil {
			return nil, fmt.Errorf("mirror: Kubernetes %q: not in the table of versions", minor)
		}
		releases = append(releases, *release)
	}
	return releases, nil
}

// Build makes everything the mirror serves: repositories and manifests in the cache, images in its registry. What
// exists is left alone.
func Build(ctx context.Context, options Options) error {
	if err := toolchain.EnsureDocker(ctx); err != nil {
		return err
	}
	c, err := prepare(ctx, options)
	if err != nil {
		return err
	}
	if c.official {
		return serveImages(ctx, c.image, nil)
	}
	releases, err := options.Minors.releases()
	if err != nil {
		return err
	}
	return serveImages(ctx, c.image, slices.Concat(images.Releases(releases...), images.Served))
}

// Serve makes images that few labs need, and adds them to what the mirrors of this machine serve.
func Serve(ctx context.Context, more ...images.Image) error {
	image, err := images.Mirror.Build(ctx)
	if err != nil {
		return err
	}
	return serveImages(ctx, image, more)
}

// prepare makes the files of the mirror and its container image.
func prepare(ctx context.Context, options Options) (content, error) {
	options.Debian = cmp.Or(options.Debian, images.Newest)
	releases, err := options.Minors.releases()
	if err != nil {
		return content{}, err
	}
	unlock, err := toolchain.Lock(ctx, "mirror")
	if err != nil {
		return content{}, err
	}
	defer unlock()
	image, err := images.Mirror.Build(ctx)
	if err != nil {
		return content{}, err
	}
	node, err := options.Debian.Machine().Build(ctx)
	if err != nil {
		return content{}, err
	}
	if toolchain.Current() == toolchain.Official {
		return prepareOfficial(ctx, image, node)
	}
	packages, parts, err := resolve(ctx, releases, options.Before)
	if err != nil {
		return content{}, fmt.Errorf("mirror: %w", err)
	}
	cache, err := toolchain.CacheDir()
	if err != nil {
		return content{}, err
	}
	parts = append(parts, image, node, versions.All.Calico.Lab.ManifestSHA256, versions.All.CloudNativePG.ManifestSHA256)
	parts = append(parts, debianPackages(options.Before)...)
	c := content{key: toolchain.Key(parts...), image: image}
	c.root = filepath.Join(cache, "mirror", c.key)
	if _, err := os.Stat(c.root); err == nil {
		return c, c.asked(ctx)
	}
	done := toolchain.Step("making the mirror's package repositories")
	err = toolchain.Publish(c.root, func(fresh string) error {
		if err := repositories(ctx, fresh, image, node, options, releases, packages); err != nil {
			return err
		}
		return manifests(ctx, filepath.Join(fresh, "www"))
	})
	done(err)
	if err != nil {
		return content{}, fmt.Errorf("mirror: %w", err)
	}
	return c, nil
}

// Key is the armored OpenPGP public key that both package repositories are signed with.
func Key(ctx context.Context, options Options) (string, error) {
	c, err := prepare(ctx, options)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(c.root, "www", "key.asc"))
	if err != nil {
		return "", fmt.Errorf("mirror: %w", err)
	}
	return string(text), nil
}

// Address is where the twin connects the mirror to a subnet: where AWS has its resolver.
func Address(subnet string) (netip.Addr, error) {
	prefix, err := netip.ParsePrefix(subnet)
	if err != nil || !prefix.Addr().Is4() {
		return netip.Addr{}, fmt.Errorf("subnet %q: not an IPv4 CIDR block", subnet)
	}
	return prefix.Masked().Addr().Next().Next(), nil
}

// Config is the value of the stack's mirrors setting for nodes in a subnet.
func Config(ctx context.Context, options Options, subnet string) (map[string]string, error) {
	address, err := Address(subnet)
	if err != nil {
		return nil, err
	}
	key, err := Key(ctx, options)
	if err != nil {
		return nil, err
	}
	return settings(address, key), nil
}

func settings(address netip.Addr, key string) map[string]string {
	return map[string]string{
		"packages":    fmt.Sprintf("http://%s/apt", address),
		"packagesKey": key,
		"images":      fmt.Sprintf("http://%s:5000", address),
		"manifests":   fmt.Sprintf("http://%s/manifests", address),
	}
}
