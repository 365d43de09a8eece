package mirror

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/toolchain"
)

// download fetches packages and what they depend on, beyond what the machine image has, into /out.
const download = `set -eu
apt-get -q -o Acquire::Retries=3 update
apt-get -q -o Acquire::Retries=3 -y --no-install-recommends --download-only install "$@"
cp /var/cache/apt/archives/*.deb /out/
chown "$OWNER" /out/*.deb`

// repositories makes the signed repositories below root/www.
func repositories(ctx context.Context, root, image, node string, options Options, releases []versions.Release, tools map[string]string) error {
	in, out := filepath.Join(root, "in"), filepath.Join(root, "www")
	debs := filepath.Join(in, "debian")
	for _, dir := range []string{debs, out} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	owner := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	fetch := []string{
		"docker", "run", "--rm", "--network", "host", "--entrypoint", "/bin/sh", "-e", "OWNER=" + owner,
		"-v", debs + ":/out",
	}
	for _, variable := range images.Proxies() {
		fetch = append(fetch, "-e", variable)
	}
	fetch = append(fetch, node, "-c", download, "sh")
	if _, err := toolchain.Run(ctx, append(fetch, debianPackages(options.Before)...)...); err != nil {
		return err
	}
	for _, p := range runtimePackages(options.Before) {
		if err := p.lay(filepath.Join(in, "docker", p.Name+"-"+p.Version), runtime.GOARCH, tools); err != nil {
			return fmt.Errorf("package %s: %w", p.Name, err)
		}
	}
	var minors []string
	for _, r := range releases {
		minors = append(minors, repository(r))
		for _, p := range packages(r) {
			if err := p.lay(filepath.Join(in, "packages", repository(r), p.Name), runtime.GOARCH, tools); err != nil {
				return fmt.Errorf("package %s: %w", p.Name, err)
			}
		}
	}
	keys, err := keyring()
	if err != nil {
		return err
	}
	_, err = toolchain.Run(ctx, "docker", "run", "--rm", "--network", "none", "--user", owner,
		"-e", "SUITE="+options.Debian.Suite(), "-e", "KUBERNETES="+strings.Join(minors, " "), "-e", "GNUPGHOME=/keys",
		"-v", in+":/in:ro", "-v", out+":/out", "-v", keys+":/keys", "--tmpfs", "/tmp",
		"--entrypoint", "/usr/local/sbin/repositories.sh", image)
	if err != nil {
		return err
	}
	// The repositories hold everything that was laid out for them.
	return os.RemoveAll(in)
}

// keyring is the GnuPG home of the signing key, which is made once and signs for this machine's labs only.
func keyring() (string, error) {
	cache, err := toolchain.CacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "mirror", "gnupg")
	return dir, os.MkdirAll(dir, 0o700)
}

// Names of manifests, as their projects publish them.
const calicoFile = "calico.yaml"

var cloudNativePGFile = "cnpg-" + versions.All.CloudNativePG.Version + ".yaml"

// manifests puts the manifests that the program fetches where the mirror serves them: the same files that the projects publish for these
// versions.
func manifests(ctx context.Context, www string) error {
	for _, m := range []struct {
		project, module, dir, file string
		version                    versions.Manifest
	}{
		{"calico", toolchain.CalicoModule, "manifests", calicoFile, versions.All.Calico.Lab},
		{"cloudnative-pg", toolchain.CloudNativePGModule, "releases", cloudNativePGFile, versions.All.CloudNativePG},
	} {
		module, err := toolchain.ModuleDir(ctx, m.project, m.module)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(filepath.Join(module, m.dir, m.file))
		if err != nil {
			return err
		}
		if err := placeManifest(www, text, m.project, m.file, m.version); err != nil {
			return err
		}
	}
	return nil
}
