// Package bringup measures how long the platform takes from nothing to a URL that answers, beside the floor: the least that
// makes the same cluster and shop on the same machines, a bare script without engine, providers or checks.
package bringup

import (
	"context"
	"fmt"
	"io"
	"time"

	"ecommerce-platform/tests/lab/platform"
)

// nodePort is the default of Pulumi.yaml, where the shop answers on each worker.
const nodePort = 30080

// firstAnswer is how long the shop may take to answer once every pod is ready.
const firstAnswer = time.Minute

// Bench is a lab on which bring-ups are measured, one after the other.
type Bench struct {
	Name, VpcCidr string
	// Output is where the tools write as they go.
	Output io.Writer

	// deployed is what the last bring-up of the platform left, for the floor to make the same.
	deployed  *deployed
	addresses map[string]string
}

// Platform brings the platform up from nothing and leaves it running.
func (b *Bench) Platform(ctx context.Context) (*platform.Lab, Times, error) {
	if err := platform.Down(ctx, b.Name); err != nil {
		return nil, nil, err
	}
	lab, err := platform.Prepare(ctx, platform.Options{Name: b.Name, VpcCidr: b.VpcCidr, Output: b.Output})
	if err != nil {
		return nil, nil, err
	}
	b.addresses = lab.Addresses
	if b.deployed == nil {
		// Compiles the program where that has not been done: neither an everyday up nor the floor does.
		if _, err := lab.Stack.Preview(ctx); err != nil {
			return nil, nil, err
		}
	}

	watching, stop := context.WithCancel(ctx)
	defer stop()
	answered := answer(watching, b.url())
	start := time.Now()
	if _, err := lab.Stack.Up(ctx); err != nil {
		return nil, nil, err
	}
	end := time.Now()
	state, err := lab.Stack.Export(ctx, "--show-secrets")
	if err != nil {
		return nil, nil, err
	}
	if b.deployed, err = readDeployed(state); err != nil {
		return nil, nil, err
	}
	times := b.deployed.stages(start)
	times[Ready] = end.Sub(start)
	times[URL], err = b.since(answered, start)
	return lab, times, err
}

// url is where the shop answers on the first worker, seen from this host.
func (b *Bench) url() string {
	return fmt.Sprintf("http://%s:%d/", b.addresses["worker-node-1"], nodePort)
}

func (b *Bench) since(answered <-chan time.Time, start time.Time) (time.Duration, error) {
	select {
	case at := <-answered:
		return at.Sub(start), nil
	case <-time.After(firstAnswer):
		return 0, fmt.Errorf("%s: no answer within %s of the last rollout", b.url(), firstAnswer)
	}
}
