// Package load asks servers for answers as clients do, and tells what became of every request: steadily in the background
// while something happens to the platform, or as fast as they answer.
package load

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	defaultRate    = 20
	defaultTimeout = 5 * time.Second
)

// Connections say on which connections requests travel.
type Connections int

const (
	// Alternate makes every second request on a connection of its own, the others on kept ones.
	Alternate Connections = iota
	// Fresh makes each request on a connection of its own.
	Fresh
	// Kept reuses connections.
	Kept
)

// Options say what is asked, and how.
type Options struct {
	// URL is what every request gets.
	URL string
	// PerSecond is the rate of a loop, whether or not answers come. Default, 20.
	PerSecond int
	// Timeout bounds a request; one without an answer by then is lost. Default, 5 s.
	Timeout time.Duration
	// Connections, by default both kinds in turn.
	Connections Connections
	// Check tells what is wrong with an answer. Default, any status but 200 is.
	Check func(status int, body []byte) error
	// Ask makes a request and tells why it is lost, if it is. Default, a GET of URL that is judged by Check.
	Ask func(ctx context.Context, client *http.Client) error
}

func (o Options) complete() Options {
	if o.PerSecond == 0 {
		o.PerSecond = defaultRate
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Check == nil {
		o.Check = checkStatus
	}
	return o
}

// Loop is a request loop in the background.
type Loop struct {
	options Options
	clients map[bool]*http.Client // by whether connections are kept
	records *recorder
	stop    context.CancelFunc
	over    chan struct{}
	report  func() *Report
}

// Start begins a loop, which goes on until Stop or until ctx ends.
func Start(ctx context.Context, options Options) *Loop {
	pace, cancel := context.WithCancel(ctx)
	l := &Loop{options: options.complete(), clients: newClients(1), records: newRecorder(time.Now()), stop: cancel, over: make(chan struct{})}
	l.report = sync.OnceValue(func() *Report { return l.records.report(time.Now()) })
	go func() {
		defer close(l.over)
		l.run(pace)
	}()
	return l
}

// run starts requests on schedule and waits for the answers of all.
func (l *Loop) run(pace context.Context) {
	var open sync.WaitGroup
	defer open.Wait()
	interval := time.Second / time.Duration(l.options.PerSecond)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; n++ {
		select {
		case <-pace.Done():
			return
		case <-timer.C:
		}
		// From when it was due, not from when this machine got round to it, or a slow answer would hide the next ones'.
		due := l.records.start.Add(time.Duration(n) * interval)
		kept := l.options.Connections == Kept || (l.options.Connections == Alternate && n%2 == 0)
		open.Go(func() {
			// What is on its way when the loop ends still gets its answer.
			err := ask(context.WithoutCancel(pace), l.clients[kept], l.options)
			l.records.add(due, time.Now(), outcome(kept, err))
		})
		timer.Reset(time.Until(due.Add(interval)))
	}
}

// Stop ends the loop and returns the report once every request has ended.
func (l *Loop) Stop() *Report {
	l.stop()
	<-l.over
	for _, client := range l.clients {
		client.CloseIdleConnections()
	}
	return l.report()
}
