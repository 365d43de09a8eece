package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"ecommerce-platform/tests/lab/bench"
	"ecommerce-platform/tests/lab/toolchain"
)

// measure runs the benchmarks, or those that PARTS names.
func measure(ctx context.Context) error {
	path, err := toolchain.Source("..", "..", "docs")
	if err != nil {
		return err
	}
	return bench.Run(ctx, os.Stdout, filepath.Join(path, "benchmarks.md"), strings.Fields(os.Getenv("PARTS")))
}
