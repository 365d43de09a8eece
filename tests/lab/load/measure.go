package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds end a measurement, whichever is met first.
type Bounds struct {
	// Clients ask at the same time, each again as soon as it has its answer. Required.
	Clients int
	// Requests are made by all clients together. 0 for no bound.
	Requests int
	// Duration is the time in which requests are begun. 0 for no bound.
	Duration time.Duration
}

// Measure asks as fast as answers come. PerSecond of the options does not matter.
func Measure(ctx context.Context, options Options, bounds Bounds) (*Report, error) {
	if bounds.Clients <= 0 || (bounds.Requests <= 0 && bounds.Duration <= 0) {
		return nil, errors.New("measurement: needs clients, and a bound of requests or of time")
	}
	options = options.complete()
	clients := newClients(bounds.Clients)
	defer clients[true].CloseIdleConnections()
	records := newRecorder(time.Now())
	var begun atomic.Int64
	var all sync.WaitGroup
	for range bounds.Clients {
		all.Go(func() {
			for ctx.Err() == nil {
				n, now := begun.Add(1), time.Now()
				if (bounds.Requests > 0 && n > int64(bounds.Requests)) || (bounds.Duration > 0 && now.Sub(records.start) >= bounds.Duration) {
					return
				}
				kept := options.Connections == Kept || (options.Connections == Alternate && n%2 == 0)
				err := ask(context.WithoutCancel(ctx), clients[kept], options)
				records.add(now, time.Now(), outcome(kept, err))
			}
		})
	}
	all.Wait()
	return records.report(time.Now()), ctx.Err()
}
