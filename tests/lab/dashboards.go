package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/toolchain"
)

// views are the Services of the monitoring that have a page, with their ports and where it begins.
var views = []struct{ service, port, page string }{
	{"victoria-metrics", "8428", "/vmui/#/dashboards"},
	{"alertmanager", "9093", "/"},
}

// dashboards opens the monitoring's pages on this machine, until it is interrupted.
func dashboards(ctx context.Context) error {
	if err := toolchain.ChooseSources(ctx); err != nil {
		return err
	}
	lab, err := platform.Attach(ctx, platform.Options{Name: os.Getenv(labName), VpcCidr: os.Getenv(labBlock)})
	if err != nil {
		return err
	}
	kubectl, err := toolchain.Tool(ctx, "kubectl")
	if err != nil {
		return err
	}
	group, running := errgroup.WithContext(ctx)
	for _, view := range views {
		fmt.Printf("  %-17s http://localhost:%s%s\n", view.service, view.port, view.page)
		group.Go(func() error {
			command := exec.CommandContext(running, kubectl, "--kubeconfig", filepath.Join(lab.Dir, "kubeconfig"),
				"port-forward", "--namespace", "monitoring", "service/"+view.service, view.port)
			command.Stderr = os.Stderr
			return command.Run()
		})
	}
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return errors.New("the pages end; is monitoring.enabled true, and the platform up?")
	}
	return nil
}
