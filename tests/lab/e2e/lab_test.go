//go:build lab

// Package e2e checks the platform from outside, as it runs on real machines in containers.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/labtest"
)

// The tests' lab lies beside that of `make up`, in the very block and at the very addresses of the specification.
var options = labtest.Options{Name: "ecommerce-platform-e2e", VpcCidr: "172.31.16.0/20"}

// shop is the lab under test.
var shop struct {
	*labtest.Lab
	first *engine.Result
	// seen are the command lines that ran on the machines during the bootstrap.
	seen *commandLines
}

func TestMain(m *testing.M) {
	labtest.Flags(&options)
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL: bringing the lab up:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Minute)
	defer cancel()
	if shop.Lab, err = labtest.Open(ctx, options); err != nil {
		return 1, err
	}
	defer func() {
		if code != 0 || err != nil {
			shop.Diagnose(context.WithoutCancel(ctx), os.Stderr)
		}
		if closeErr := shop.Close(context.WithoutCancel(ctx)); err == nil {
			err = closeErr
		}
	}()
	shop.seen = watchCommandLines(ctx)
	shop.first, err = shop.Stack.Up(ctx)
	shop.seen.stop()
	if err != nil {
		return 1, err
	}
	if err := shop.Connect(ctx); err != nil {
		return 1, err
	}
	return m.Run(), nil
}
