package load_test

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/load"
)

// redis answers every command of three lines and their header with one line.
func redis(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = connection.Close() }()
		lines := bufio.NewScanner(connection)
		for n := 1; lines.Scan(); n++ {
			if n%5 == 0 {
				_, _ = connection.Write([]byte(answer))
			}
		}
	}()
	return listener.Addr().String()
}

func TestProbeTellsHowLongAnswersTake(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	for _, p := range []load.Probe{
		{Name: "page", Kind: load.HTTP, Targets: []string{server.URL}, Clients: 2, Count: 50},
		{Name: "cache", Kind: load.Redis, Targets: []string{redis(t, "$-1\r\n")}, Count: 50},
	} {
		t.Run(p.Name, func(t *testing.T) {
			answer, err := p.Run(t.Context())
			require.NoError(t, err)
			assert.Equal(t, p.Name, answer.Name)
			assert.Positive(t, answer.Rate)
			assert.Positive(t, answer.P50)
			assert.GreaterOrEqual(t, answer.P99, answer.P50)
			assert.Zero(t, answer.Lost)
		})
	}
}

func TestProbeAsksAnewAndOrders(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Method+" "+r.URL.RawQuery+r.Header.Get("Idempotency-Key")] = true
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
		}
	}))
	t.Cleanup(server.Close)
	for _, kind := range []string{load.Anew, load.Order} {
		answer, err := load.Probe{Kind: kind, Targets: []string{server.URL}, Clients: 2, Count: 20}.Run(t.Context())
		require.NoError(t, err)
		assert.Zero(t, answer.Lost, kind)
	}
	assert.Len(t, seen, 40, "each request is one of its own")
}

func TestProbeTellsWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name   string
		probe  load.Probe
		reason string
	}{
		{"a kind that there is none of", load.Probe{Kind: "smtp", Count: 1}, `kind "smtp": must be http, anew, order, dns, redis or postgres`},
		{"no number of questions", load.Probe{Kind: load.Redis}, "count 0: must be positive"},
		{"an answer that is not the right one", load.Probe{Kind: load.Redis, Targets: []string{redis(t, "-ERR no\r\n")}, Count: 1}, `redis answered "-ERR no\r\n"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.probe.Run(t.Context())
			require.ErrorContains(t, err, test.reason)
		})
	}
}
