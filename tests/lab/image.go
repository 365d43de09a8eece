package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"ecommerce-platform/tests/lab/shopimage"
	"ecommerce-platform/tests/lab/toolchain"
)

// image builds the backend's image, and says how to configure it.
func image(ctx context.Context) error {
	repository, tag := os.Getenv("REPOSITORY"), os.Getenv("TAG")
	if repository != "" {
		digest, err := shopimage.Push(ctx, repository, tag)
		if err != nil {
			return err
		}
		fmt.Printf("pulumi config set --path backend.image %s@%s\npulumi config set --path backend.readinessPath /readyz\n", repository, digest)
		return nil
	}
	if tag != "" {
		return fmt.Errorf("TAG %q: is for a REPOSITORY, which is not set", tag)
	}
	built, err := shopimage.Build(ctx)
	if err != nil {
		return err
	}
	root, err := toolchain.Source("..", "..")
	if err != nil {
		return err
	}
	path := filepath.Join(root, "bin", "shop.tar")
	if err := built.Archive(path); err != nil {
		return err
	}
	fmt.Printf("%s\n%s\n", path, built.Digest)
	return nil
}
