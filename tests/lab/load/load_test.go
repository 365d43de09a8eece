package load_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/load"
)

// site answers by whatever handler it has at the moment, and counts requests and connections.
type site struct {
	*httptest.Server
	handler     atomic.Pointer[http.HandlerFunc]
	requests    atomic.Int64
	connections atomic.Int64
}

func open(t *testing.T) *site {
	t.Helper()
	s := &site{}
	s.does(func(http.ResponseWriter, *http.Request) {})
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		(*s.handler.Load())(w, r)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *site) does(handler http.HandlerFunc) { s.handler.Store(&handler) }

// sees waits until the site has had so many requests more.
func (s *site) sees(t *testing.T, more int64) {
	t.Helper()
	wanted := s.requests.Load() + more
	require.Eventually(t, func() bool { return s.requests.Load() >= wanted }, 20*time.Second, time.Millisecond)
}

func hangUp(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

func TestLoopAccountsForEveryRequest(t *testing.T) {
	s := open(t)
	loop := load.Start(t.Context(), load.Options{URL: s.URL, PerSecond: 200})
	s.sees(t, 50)
	report := loop.Stop()
	assert.EqualValues(t, s.requests.Load(), report.Sent)
	assert.Zero(t, report.Lost)
	assert.Empty(t, report.Failures)
	assert.Positive(t, report.P50)
	assert.GreaterOrEqual(t, report.P99, report.P50)
	assert.GreaterOrEqual(t, report.Max, report.P99)
	sent := 0
	for _, second := range report.Seconds {
		sent += second.Sent
	}
	assert.Equal(t, report.Sent, sent, "the seconds add up")
	assert.Same(t, report, loop.Stop(), "stopped once")
}

func TestLossesAreToldByReason(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		options load.Options
		reason  string
	}{
		"a status that is not 200": {
			handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, reason: "status 502",
		},
		"a connection that is closed instead of an answer": {handler: hangUp, reason: "closed before the answer was complete"},
		"an answer that breaks off": {
			handler: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "10")
				_, _ = w.Write([]byte("half"))
				_ = http.NewResponseController(w).Flush()
				hangUp(w, r)
			}, reason: "closed before the answer was complete",
		},
		"no answer in time": {
			handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			options: load.Options{Timeout: 20 * time.Millisecond}, reason: "no answer in time",
		},
		"an answer that is not the right one": {
			handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("sorry")) },
			options: load.Options{Check: func(_ int, body []byte) error { return errors.New("page says " + string(body)) }}, reason: "page says sorry",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.does(test.handler)
			test.options.URL, test.options.PerSecond, test.options.Connections = s.URL, 200, load.Fresh
			loop := load.Start(t.Context(), test.options)
			s.sees(t, 5)
			report := loop.Stop()
			assert.Equal(t, report.Sent, report.Lost)
			require.Len(t, report.Failures, 1)
			failure := report.Failures[0]
			assert.Equal(t, "fresh connection: "+test.reason, failure.Reason)
			assert.Equal(t, report.Lost, failure.Count)
			assert.True(t, failure.First.Before(failure.Last), "%s is before %s", failure.First, failure.Last)
		})
	}
}

func TestServerThatIsNotThereIsNamedWithoutPorts(t *testing.T) {
	s := open(t)
	s.Close()
	report, err := load.Measure(t.Context(), load.Options{URL: s.URL}, load.Bounds{Clients: 2, Requests: 10})
	require.NoError(t, err)
	assert.Equal(t, 10, report.Lost)
	for _, failure := range report.Failures {
		assert.True(t, strings.HasSuffix(failure.Reason, "connection: dial: connect: connection refused"), failure.Reason)
	}
	assert.Len(t, report.Failures, 2, "one for fresh and one for kept connections")
}

func TestLoopTellsOfAnOutage(t *testing.T) {
	s := open(t)
	loop := load.Start(t.Context(), load.Options{URL: s.URL, PerSecond: 100})
	s.sees(t, 20)
	s.does(hangUp)
	s.sees(t, 40)
	s.does(func(http.ResponseWriter, *http.Request) {})
	s.sees(t, 20)
	report := loop.Stop()
	assert.Positive(t, report.Gap)
	assert.Positive(t, report.Lost)
	assert.Less(t, report.Lost, report.Sent)
	text := report.String()
	assert.Contains(t, text, "lost, longest gap ")
	assert.Contains(t, text, "× kept connection: closed before the answer was complete, from ")
}

func TestSlowAnswersDoNotSlowTheLoopDown(t *testing.T) {
	s := open(t)
	release := make(chan struct{})
	s.does(func(http.ResponseWriter, *http.Request) { <-release })
	loop := load.Start(t.Context(), load.Options{URL: s.URL, PerSecond: 100})
	s.sees(t, 20) // although none of them has its answer
	close(release)
	report := loop.Stop()
	assert.Zero(t, report.Lost, "the answers were late, and came")
	assert.Greater(t, report.Max, report.Gap/2, "the first request waited for as long as there was no answer")
}

func TestConnectionsAreKeptOrNot(t *testing.T) {
	for name, test := range map[string]struct {
		connections load.Connections
		want        int64
	}{
		"kept": {load.Kept, 1}, "fresh": {load.Fresh, 20}, "alternate": {load.Alternate, 11},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			report, err := load.Measure(t.Context(), load.Options{URL: s.URL, Connections: test.connections}, load.Bounds{Clients: 1, Requests: 20})
			require.NoError(t, err)
			assert.Zero(t, report.Lost)
			assert.Equal(t, test.want, s.connections.Load())
		})
	}
}

func TestRequestsOfOnesOwn(t *testing.T) {
	s := open(t)
	var asked atomic.Int64
	report, err := load.Measure(t.Context(), load.Options{Ask: func(ctx context.Context, client *http.Client) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		if asked.Add(1)%2 == 0 {
			err = errors.New("every second one")
		}
		return errors.Join(err, response.Body.Close())
	}}, load.Bounds{Clients: 1, Requests: 10})
	require.NoError(t, err)
	assert.Equal(t, 10, report.Sent)
	assert.Equal(t, 5, report.Lost)
	assert.EqualValues(t, 10, s.requests.Load())
}

func TestMeasureKeepsToItsBounds(t *testing.T) {
	s := open(t)
	options := load.Options{URL: s.URL, Connections: load.Kept}
	t.Run("of requests", func(t *testing.T) {
		report, err := load.Measure(t.Context(), options, load.Bounds{Clients: 4, Requests: 100})
		require.NoError(t, err)
		assert.Equal(t, 100, report.Sent)
		assert.EqualValues(t, 100, s.requests.Load())
		assert.Positive(t, report.Rate())
	})
	t.Run("of time", func(t *testing.T) {
		report, err := load.Measure(t.Context(), options, load.Bounds{Clients: 4, Duration: 50 * time.Millisecond})
		require.NoError(t, err)
		assert.Positive(t, report.Sent)
		assert.GreaterOrEqual(t, report.End.Sub(report.Start), 50*time.Millisecond)
	})
	t.Run("which it must have", func(t *testing.T) {
		_, err := load.Measure(t.Context(), options, load.Bounds{Clients: 1})
		require.EqualError(t, err, "measurement: needs clients, and a bound of requests or of time")
	})
	t.Run("and to its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := load.Measure(ctx, options, load.Bounds{Clients: 1, Requests: 100})
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestAwait(t *testing.T) {
	t.Run("goes on until there is an answer", func(t *testing.T) {
		s := open(t)
		var asked atomic.Int64
		s.does(func(w http.ResponseWriter, r *http.Request) {
			switch asked.Add(1) {
			case 1:
				hangUp(w, r)
			case 2:
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		require.NoError(t, load.Await(t.Context(), time.Millisecond, load.Options{URL: s.URL}))
		assert.EqualValues(t, 3, asked.Load())
	})
	t.Run("tells what was wrong last", func(t *testing.T) {
		s := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		err := load.Await(ctx, time.Hour, load.Options{URL: s.URL, Check: func(int, []byte) error {
			cancel()
			return errors.New("an empty page")
		}})
		require.EqualError(t, err, "an empty page")
	})
}
