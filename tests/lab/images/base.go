package images

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/toolchain"
)

// suite is the Debian release that container images are made of: the last one with the BIRD 1.6 that Calico configures.
const suite = "bookworm"

// debian is where packages come from; the environment may name mirrors nearer to the machine.
type debian struct{ main, security string }

func debianMirrors() debian {
	d := debian{main: os.Getenv("DEBIAN_MIRROR"), security: os.Getenv("DEBIAN_SECURITY_MIRROR")}
	if d.main == "" {
		d.main = "http://deb.debian.org/debian"
	}
	if d.security == "" {
		d.security = "http://deb.debian.org/debian-security"
	}
	return d
}

// base makes the Debian image of a release that the others start from and returns its tag.
func base(ctx context.Context, suite string) (string, error) {
	mirrors := debianMirrors()
	source, err := toolchain.Source("images", "base")
	if err != nil {
		return "", err
	}
	tree, err := toolchain.TreeKey(source)
	if err != nil {
		return "", err
	}
	rootfs := fmt.Sprintf(Prefix+"rootfs:%s-%s", suite, toolchain.Key(suite, mirrors.main))
	tag := fmt.Sprintf(Prefix+"debian:%s-%s", suite, toolchain.Key(rootfs, mirrors.security, tree))
	if present(ctx, tag) {
		return tag, nil
	}
	unlock, err := toolchain.Lock(ctx, "image-base-"+suite)
	if err != nil {
		return "", err
	}
	defer unlock()
	if present(ctx, tag) {
		return tag, nil
	}
	if !present(ctx, rootfs) {
		if err := bootstrap(ctx, suite, mirrors.main, rootfs); err != nil {
			return "", fmt.Errorf("image %s: %w", rootfs, err)
		}
	}
	err = build(ctx, source, tag, map[string]string{
		"ROOTFS": rootfs, "SUITE": suite, "MIRROR": mirrors.main, "SECURITY_MIRROR": mirrors.security,
	})
	return tag, err
}

// bootstrap imports a minimal Debian tree as an image.
func bootstrap(ctx context.Context, suite, mirror, tag string) (err error) {
	if err := toolchain.Commands(ctx, "debootstrap"); err != nil {
		return err
	}
	root, err := toolchain.AsRoot()
	if err != nil {
		return fmt.Errorf("debootstrap: %w", err)
	}
	cache, err := toolchain.CacheDir()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(cache, "debootstrap-*")
	if err != nil {
		return err
	}
	// The tree belongs to root, whoever runs the lab.
	defer func() {
		_, _ = toolchain.Run(context.WithoutCancel(ctx), slices.Concat(root, []string{"rm", "-rf", "--one-file-system", dir})...)
	}()
	done := toolchain.Step("bootstrapping Debian " + suite + " from " + mirror + " (about 1 min)")
	defer func() { done(err) }()
	tree, archive := filepath.Join(dir, "tree"), filepath.Join(dir, "tree.tar")
	debootstrap := slices.Concat(root, []string{
		"env", "PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin", "debootstrap", "--variant=minbase", suite, tree, mirror,
	})
	if _, err := toolchain.Run(ctx, debootstrap...); err != nil {
		return err
	}
	if _, err := toolchain.Run(ctx, slices.Concat(root, []string{"tar", "-C", tree, "--numeric-owner", "--exclude=./var/cache/apt/archives/*.deb",
		"--exclude=./var/lib/apt/lists/*_*", "--exclude=./dev/*", "-cf", archive, "."})...); err != nil {
		return err
	}
	_, err = toolchain.Run(ctx, "docker", "import", archive, tag)
	return err
}

// Proxies are the proxy settings of the environment, as NAME=value.
func Proxies() []string {
	var variables []string
	for _, name := range []string{"http_proxy", "https_proxy", "no_proxy"} {
		for _, variable := range []string{name, strings.ToUpper(name)} {
			if value := os.Getenv(variable); value != "" {
				variables = append(variables, variable+"="+value)
			}
		}
	}
	return variables
}
