package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/toolchain"
)

// Variables that choose a lab beside the one of `make up`.
const (
	labName   = "LAB_NAME"
	labBlock  = "LAB_VPC"
	labDebian = "LAB_DEBIAN"
)

// firstAnswer is how long the shop may take to answer once every pod is ready.
const firstAnswer = time.Minute

func up(ctx context.Context) error {
	start := time.Now()
	debian, err := images.ParseDebian(os.Getenv(labDebian))
	if err != nil {
		return fmt.Errorf("%s: %w", labDebian, err)
	}
	if err := toolchain.ChooseSources(ctx); err != nil {
		return err
	}
	lab, err := platform.Prepare(ctx, platform.Options{
		Name: os.Getenv(labName), VpcCidr: os.Getenv(labBlock), Output: os.Stdout, Mirror: mirror.Options{Debian: debian},
	})
	if err != nil {
		return err
	}
	fmt.Println("bringing the platform up: three machines, kubeadm, Calico, four tiers (about 4 minutes from nothing)")
	result, err := lab.Stack.Up(ctx)
	if err != nil {
		return fmt.Errorf("%w\n\nRun `make up` again: it goes on where it stopped. To look inside a machine: docker exec -it %s-<node> bash", err, lab.Name)
	}
	outputs, err := lab.Stack.Outputs(ctx)
	if err != nil {
		return err
	}
	url, _ := outputs["frontendUrl"].(string)
	if err := await(ctx, url); err != nil {
		return err
	}
	kubeconfig := filepath.Join(lab.Dir, "kubeconfig")
	text, _ := outputs["kubeconfig"].(string)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		return err
	}
	kubectl, err := toolchain.Tool(ctx, "kubectl")
	if err != nil {
		return err
	}

	if len(result.Changed()) == 0 {
		fmt.Println("\nThe platform was up already: nothing to change.")
	} else {
		fmt.Printf("\nThe platform is up: %d changes in %s.\n", len(result.Changed()), time.Since(start).Round(time.Second))
	}
	fmt.Printf(`
  shop      %s   (open it in a browser on this machine)
  kubectl   export KUBECONFIG=%s
            %s get pods -n ecommerce -o wide
  again     make up     remove it     make down

%s
`, url, kubeconfig, kubectl, url)
	return nil
}

// await returns when the shop answers as a browser would see it.
func await(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, firstAnswer)
	defer cancel()
	if err := load.Await(ctx, time.Second, load.Options{URL: url}); err != nil {
		return fmt.Errorf("frontendUrl %q: no answer within %s: %w", url, firstAnswer, err)
	}
	return nil
}
