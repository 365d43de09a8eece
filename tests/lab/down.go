package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/toolchain"
)

// down removes a lab, and says what stays for the next.
func down(ctx context.Context) error {
	if err := platform.Down(ctx, cmp.Or(os.Getenv(labName), platform.DefaultName)); err != nil {
		return err
	}
	fmt.Println("removed every container, network, volume and file of the platform; for the next one there stay")
	cache, err := toolchain.CacheDir()
	if err != nil {
		return err
	}
	compiled, err := toolchain.Run(ctx, "go", "env", "GOCACHE")
	if err != nil {
		return err
	}
	for _, kept := range [][2]string{{cache, "tools and package repositories"}, {strings.TrimSpace(compiled), "what Go compiled, for any project"}} {
		size, err := toolchain.Run(ctx, "du", "--summarize", "--human-readable", kept[0])
		if err != nil {
			return err
		}
		fmt.Printf("  %-8s %s (%s)\n", strings.Fields(size)[0], kept[0], kept[1])
	}
	volumes, err := toolchain.Run(ctx, "docker", "system", "df", "--verbose", "--format", "{{range .Volumes}}{{println .Size .Name}}{{end}}")
	if err != nil {
		return err
	}
	for _, line := range strings.Split(volumes, "\n") {
		if size, name, _ := strings.Cut(line, " "); slices.Contains(mirror.Volumes, name) {
			fmt.Printf("  %-8s Docker volume %s (images that machines pull)\n", size, name)
		}
	}
	fmt.Printf("           Docker images %s* (what machines are made of)\nmake clean removes all of that but what Go compiled: go clean -cache\n", images.Prefix)
	return nil
}

// clean removes what labs keep on this machine, of which none may be up.
func clean(ctx context.Context) error {
	labs, err := platform.Up(ctx)
	if err != nil {
		return err
	}
	if len(labs) > 0 {
		return fmt.Errorf("lab %s is up: first make down LAB_NAME=%s", labs[0], labs[0])
	}
	cache, err := toolchain.CacheDir()
	if err != nil {
		return err
	}
	if err := errors.Join(mirror.Clean(ctx), images.Clean(ctx), os.RemoveAll(cache)); err != nil {
		return err
	}
	fmt.Printf("removed %s, the Docker volumes %s, and the Docker images %s*\n", cache, strings.Join(mirror.Volumes, " and "), images.Prefix)
	return nil
}
