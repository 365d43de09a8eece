package main

import (
	"context"
	"os"

	"ecommerce-platform/tests/lab/bench"
)

// measure runs the benchmarks.
func measure(ctx context.Context) error { return bench.Preview(ctx, os.Stdout) }
