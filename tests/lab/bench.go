package main

import (
	"context"
	"os"
	"strings"

	"ecommerce-platform/tests/lab/bench"
	"ecommerce-platform/tests/lab/toolchain"
)

// measure runs the benchmarks, or those that PARTS names.
func measure(ctx context.Context) error {
	dir, err := toolchain.Source("..", "..", "docs")
	if err != nil {
		return err
	}
	return bench.Run(ctx, os.Stdout, dir, strings.Fields(os.Getenv("PARTS")))
}
