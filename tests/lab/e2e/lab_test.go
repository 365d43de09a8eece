//go:build lab

// Package e2e checks the platform from outside, as it runs on real machines in containers.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
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
		fmt.Fprintln(os.Stderr, "FAIL: the lab:", err)
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
	shop.first = &engine.Result{}
	shop.seen = watchCommandLines(ctx)
	if !options.Attach {
		shop.first, err = shop.Stack.Up(ctx)
	}
	shop.seen.stop()
	if err != nil {
		return 1, err
	}
	if err := shop.Connect(ctx); err != nil {
		return 1, err
	}
	if code = m.Run(); code != 0 || options.Keep || options.Attach {
		return code, nil
	}
	return destroy(ctx)
}

// destroy ends the tests with `pulumi destroy` of the healthy platform, which leaves nothing.
func destroy(ctx context.Context) (code int, err error) {
	if _, err := shop.Stack.Destroy(ctx); err != nil {
		return 1, err
	}
	left, err := shop.Leftovers(ctx)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("after pulumi destroy there is still: %s", strings.Join(left, ", "))
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
