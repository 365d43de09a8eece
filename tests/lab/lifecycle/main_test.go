//go:build lab

// Package lifecycle takes one lab through the platform's life: a bring-up that is killed on its way, machines that come, go
// and fail, and its end. Continuous integration runs the short way through it, `make lifecycle` all of it.
package lifecycle

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
)

var options = labtest.Options{Name: "ecommerce-platform-lifecycle", VpcCidr: "172.31.32.0/20"}

// shop is the lab under test; nil until a stage needs it.
var shop *labtest.Lab

func TestMain(m *testing.M) {
	labtest.Flags(&options)
	flag.Parse()
	code := m.Run()
	if shop != nil {
		ctx := context.Background()
		if code != 0 {
			shop.Diagnose(ctx, os.Stderr)
		}
		if err := shop.Close(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "FAIL: taking the lab down:", err)
			code = 1
		}
	} else if err := labtest.Down(context.Background(), options); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL: taking the lab down:", err)
		code = 1
	}
	report.print(os.Stdout)
	os.Exit(code)
}

// stage is a part of the platform's life. Each finds the platform working, and leaves it so.
type stage struct {
	name string
	run  func(*testing.T)
}

// TestLifecycle runs the stages in order. One of them alone, `-run TestLifecycle/<name>`, finds the platform up as well.
func TestLifecycle(t *testing.T) {
	for i, stage := range stages {
		passed := t.Run(stage.name, func(t *testing.T) {
			recordResult(t)
			if i > 0 {
				bringUp(t)
			}
			stage.run(t)
		})
		if i == 0 && !passed {
			return // there is no platform for the others
		}
	}
}

// bringUp opens the lab unless an earlier stage did, and brings the platform up on it.
func bringUp(t *testing.T) {
	t.Helper()
	if shop != nil {
		return
	}
	lab, err := labtest.Open(t.Context(), options)
	require.NoError(t, err)
	shop = lab
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, shop.Connect(t.Context()))
}
