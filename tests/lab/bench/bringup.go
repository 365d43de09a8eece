package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/platform"
)

// nodePort is the default of Pulumi.yaml, where the shop answers on each worker.
const nodePort = 30080

// askEvery is how long after a request that failed a URL is asked again.
const askEvery = 100 * time.Millisecond

// firstAnswer is how long the shop may take to answer once every pod is ready.
const firstAnswer = time.Minute

// bringUps are measured on one lab, one after the other: how long the platform takes from nothing to a URL that answers, and the
// floor, the least that makes the same cluster and shop on the same machines, a bare script without engine, providers or checks.
type bringUps struct {
	name, vpcCidr string
	// output is where the tools write as they go.
	output io.Writer

	// deployed is what the last bring-up of the platform left, for the floor to make the same.
	deployed  *deployed
	addresses map[string]string
}

// platform brings the platform up from nothing and leaves it running.
func (b *bringUps) platform(ctx context.Context) (*platform.Lab, stageTimes, error) {
	if err := platform.Down(ctx, b.name); err != nil {
		return nil, nil, err
	}
	lab, err := platform.Prepare(ctx, platform.Options{Name: b.name, VpcCidr: b.vpcCidr, Output: b.output})
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
	times[stageReady] = end.Sub(start)
	times[stageURL], err = b.since(answered, start)
	return lab, times, err
}

// url is where the shop answers on the first worker, seen from this host.
func (b *bringUps) url() string {
	return fmt.Sprintf("http://%s:%d/", b.addresses["worker-node-1"], nodePort)
}

// answer tells on a channel when the URL first answers with a page, or that ctx ended before.
func answer(ctx context.Context, url string) <-chan time.Time {
	answered := make(chan time.Time, 1)
	go func() {
		defer close(answered)
		// A machine that is not there yet does not refuse: its address just does not answer.
		if load.Await(ctx, askEvery, load.Options{URL: url, Timeout: time.Second}) == nil {
			answered <- time.Now()
		}
	}()
	return answered
}

func (b *bringUps) since(answered <-chan time.Time, start time.Time) (time.Duration, error) {
	select {
	case at := <-answered:
		return at.Sub(start), nil
	case <-time.After(firstAnswer):
		return 0, fmt.Errorf("%s: no answer within %s of the last rollout", b.url(), firstAnswer)
	}
}
