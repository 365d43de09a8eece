package bringup

import (
	"context"
	"time"

	"ecommerce-platform/tests/lab/load"
)

// every is how long after a request that failed a URL is asked again.
const every = 100 * time.Millisecond

// answer tells on a channel when the URL first answers with a page, or that ctx ended before.
func answer(ctx context.Context, url string) <-chan time.Time {
	answered := make(chan time.Time, 1)
	go func() {
		defer close(answered)
		// A machine that is not there yet does not refuse: its address just does not answer.
		if load.Await(ctx, every, load.Options{URL: url, Timeout: time.Second}) == nil {
			answered <- time.Now()
		}
	}()
	return answered
}
