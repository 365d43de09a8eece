package toolchain

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"ecommerce-platform/cluster/versions"
)

// downloads gives a file a quarter of an hour: a server that falls silent would hold a run up for good.
var downloads = &http.Client{Timeout: 15 * time.Minute}

// Artifact is a file for linux/amd64 that a project publishes with its release.
type Artifact struct {
	// Host and Path are where it lies.
	Host, Path string
	// SHA256 is the checksum of the file. Where it is empty, Checksums says where the project publishes it.
	SHA256    string
	Checksums Checksums
	// Members are the files of the archive by the name of the tool that each is. Of no archive, the file is the tool.
	Members map[string]string
}

// Checksums is a file with the SHA-256 of one file, or of several in the format of sha256sum.
type Checksums struct{ Host, Path string }

// Artifacts are the tools that are published, by name.
var Artifacts = map[string]Artifact{
	"pulumi":                     pulumiRelease,
	"pulumi-language-go":         pulumiRelease,
	"pulumi-resource-kubernetes": pluginRelease("kubernetes", KubernetesProviderVersion, ""),
	// The sum is that of nixpkgs, pkgs/tools/admin/pulumi-bin/data.nix.
	"pulumi-resource-command": pluginRelease("command", CommandProviderVersion,
		"34664f39935585c3270a18b1b8a37ab64f5a7d67d9832b1fe321bdb57cdb7a3c"),
	"kubectl": kubectlRelease(),
}

var pulumiRelease = Artifact{
	Host: PulumiReleases, Path: "/releases/sdk/pulumi-v" + PulumiVersion + "-linux-x64.tar.gz",
	SHA256:  "cf559568e2c32f7fae56ea3de8ae5fa48973ba8c5aa9dd2b3dc0c8898fe50dba",
	Members: map[string]string{"pulumi": "pulumi/pulumi", "pulumi-language-go": "pulumi/pulumi-language-go"},
}

func pluginRelease(name, version, sum string) Artifact {
	binary := "pulumi-resource-" + name
	return Artifact{
		Host: PulumiReleases, Path: fmt.Sprintf("/releases/plugins/%s-v%s-linux-amd64.tar.gz", binary, version), SHA256: sum,
		Checksums: Checksums{GitHub, fmt.Sprintf("/pulumi/pulumi-%s/releases/download/v%s/pulumi-%s_%s_checksums.txt", name, version, name, version)},
		Members:   map[string]string{binary: binary},
	}
}

func kubectlRelease() Artifact {
	file := "/release/v" + versions.All.Kubernetes.New().Version + "/bin/linux/amd64/kubectl"
	return Artifact{Host: KubernetesReleases, Path: file, Checksums: Checksums{KubernetesReleases, file + ".sha256"}}
}

// published returns the path of a tool that is published, fetching what it comes in first if the cache does not have it.
func published(ctx context.Context, name string, a Artifact) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	base, err := Upstream(a.Host)
	if err != nil {
		return "", err
	}
	file := path.Base(a.Path)
	dir := filepath.Join(cache, "bin", strings.TrimSuffix(file, ".tar.gz")+"-"+Key(base+a.Path, a.SHA256))
	unlock, err := Lock(ctx, "artifact-"+file)
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) {
		return filepath.Join(dir, name), nil
	}
	done := Step("fetching " + file + " from " + a.Host)
	err = Publish(dir, func(temporary string) error { return a.fetch(ctx, name, temporary) })
	done(err)
	if err != nil {
		return "", fmt.Errorf("tool %s: %w\n%s=%s builds it instead", name, err, sourcesVariable, Modules)
	}
	return filepath.Join(dir, name), nil
}

// fetch lays the tools into a directory once the file has proved to be the one that was published.
func (a Artifact) fetch(ctx context.Context, name, dir string) error {
	want, err := a.sum(ctx)
	if err != nil {
		return err
	}
	content, err := Download(ctx, a.Host, a.Path)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	if got := hex.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("%s%s: SHA-256 %s, want %s", a.Host, a.Path, got, want)
	}
	if len(a.Members) == 0 {
		return os.WriteFile(filepath.Join(dir, name), content, 0o755)
	}
	return a.unpack(content, dir)
}

// sum is the checksum that the file must have.
func (a Artifact) sum(ctx context.Context) (string, error) {
	if a.SHA256 != "" {
		return a.SHA256, nil
	}
	list, err := Download(ctx, a.Checksums.Host, a.Checksums.Path)
	if err != nil {
		return "", err
	}
	for lines := bufio.NewScanner(bytes.NewReader(list)); lines.Scan(); {
		words := strings.Fields(lines.Text())
		alone := len(words) == 1
		if alone || len(words) == 2 && strings.TrimPrefix(words[1], "*") == path.Base(a.Path) {
			return words[0], nil
		}
	}
	return "", fmt.Errorf("%s%s: no checksum of %s", a.Checksums.Host, a.Checksums.Path, path.Base(a.Path))
}

// unpack writes the archive's members, all of which must be there.
func (a Artifact) unpack(archive []byte, dir string) error {
	compressed, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return fmt.Errorf("%s: %w", a.Path, err)
	}
	names := map[string]string{}
	for name, member := range a.Members {
		names[member] = name
	}
	for files := tar.NewReader(compressed); len(names) > 0; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: has no member %q", a.Path, names)
		} else if err != nil {
			return fmt.Errorf("%s: %w", a.Path, err)
		}
		member := path.Clean(header.Name)
		name, ok := names[member]
		if !ok {
			continue
		}
		content, err := io.ReadAll(files)
		if err != nil {
			return fmt.Errorf("%s: %w", a.Path, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o755); err != nil {
			return err
		}
		delete(names, member)
	}
	return nil
}

// Download is a file of a public host, or of what stands for that.
func Download(ctx context.Context, host, path string) ([]byte, error) {
	base, err := Upstream(host)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := downloads.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s%s: %s", base, path, response.Status)
	}
	return io.ReadAll(response.Body)
}
