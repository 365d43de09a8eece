// Package shopimage makes the container image of the shop's backend, without a Docker engine.
package shopimage

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ecommerce-platform/tests/lab/toolchain"
)

// Repository is the image's name in the lab, in the default registry of containerd.
const Repository = "ecommerce-platform/shop"

// Image is one that was built.
type Image struct {
	// Layout is the directory that holds it as an OCI image layout, SBOM the file that says what it is made of, in SPDX.
	Layout, SBOM string
	// Digest is that of its index: sha256 and a colon before.
	Digest string
}

// Build makes the image of this checkout's backend, unless the cache has it.
func Build(ctx context.Context) (Image, error) {
	source, builder, err := inputs(ctx)
	if err != nil {
		return Image{}, err
	}
	tree, err := toolchain.TreeKey(source)
	if err != nil {
		return Image{}, err
	}
	version, err := toolchain.Command{Dir: source, Args: []string{"go", "env", "GOVERSION"}}.Output(ctx)
	if err != nil {
		return Image{}, err
	}
	cache, err := toolchain.CacheDir()
	if err != nil {
		return Image{}, err
	}
	dir := filepath.Join(cache, "shop", toolchain.Key(tree, strings.TrimSpace(version), filepath.Base(filepath.Dir(builder))))
	image := Image{Layout: filepath.Join(dir, "layout"), SBOM: filepath.Join(dir, "sbom", "shop.spdx.json")}
	unlock, err := toolchain.Lock(ctx, "shop-image")
	if err != nil {
		return Image{}, err
	}
	defer unlock()
	if _, err := os.Stat(dir); err != nil {
		done := toolchain.Step("making the image of the shop's backend")
		err := toolchain.Publish(dir, func(fresh string) error {
			_, err := run(ctx, builder, "-source", source, "-layout", filepath.Join(fresh, "layout"), "-sbom", filepath.Join(fresh, "sbom"))
			return err
		})
		done(err)
		if err != nil {
			return Image{}, fmt.Errorf("image of the shop's backend: %w", err)
		}
	}
	image.Digest, err = indexDigest(image.Layout)
	return image, err
}

// Push builds the image into a repository of a registry, and returns its digest. Without a tag it is known by that only.
func Push(ctx context.Context, repository, tag string) (string, error) {
	source, builder, err := inputs(ctx)
	if err != nil {
		return "", err
	}
	args := []string{"-source", source, "-repository", repository}
	if tag != "" {
		args = append(args, "-tag", tag)
	}
	digest, err := run(ctx, builder, args...)
	if err != nil {
		err = fmt.Errorf("REPOSITORY %q: %w", repository, err)
	}
	return digest, err
}

func inputs(ctx context.Context) (source, builder string, err error) {
	if source, err = toolchain.Source("..", "..", "workloads", "shop"); err != nil {
		return "", "", err
	}
	builder, err = toolchain.Tool(ctx, "image")
	return source, builder, err
}

// run returns the digest, the last line that the builder prints.
func run(ctx context.Context, builder string, args ...string) (string, error) {
	out, err := toolchain.Command{Args: append([]string{builder}, args...)}.Output(ctx)
	if err != nil {
		return "", err
	}
	lines := strings.Fields(out)
	if len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "sha256:") {
		return "", fmt.Errorf("%s: printed no digest: %q", builder, out)
	}
	return lines[len(lines)-1], nil
}

// indexDigest is the digest of the one image of a layout.
func indexDigest(layout string) (string, error) {
	path := filepath.Join(layout, "index.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var index struct{ Manifests []struct{ Digest string } }
	if err := json.Unmarshal(text, &index); err != nil || len(index.Manifests) != 1 {
		return "", fmt.Errorf("%s: %d images: %w", path, len(index.Manifests), err)
	}
	return index.Manifests[0].Digest, nil
}
