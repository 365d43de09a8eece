package main

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counted are the metrics of the shop by name and labels.
func (s *shop) counted() map[string]float64 {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.metrics+"/metrics", nil)
	require.NoError(s.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(s.t, http.StatusOK, response.StatusCode)
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	found := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		space := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[space+1:]), 64)
		require.NoError(s.t, err, line)
		found[line[:space]] = value
	}
	return found
}

func TestMetrics(t *testing.T) {
	s := open(t, nil)
	before := s.counted()
	s.get("/data")
	s.get("/data")
	s.get("/api/products/pine-candle")
	s.get("/api/products/nothing")
	s.get("/healthz")
	s.get("/elsewhere")
	s.buy("metrics", "pine-candle", 1)
	s.buy("metrics", "pine-candle", 1) // the same order
	after := s.counted()
	for name, want := range map[string]float64{
		`shop_http_requests_total{route="GET /data",code="200"}`:                 2,
		`shop_http_requests_total{route="GET /api/products/{id}",code="200"}`:    1,
		`shop_http_requests_total{route="GET /api/products/{id}",code="404"}`:    1,
		`shop_http_requests_total{route="/",code="404"}`:                         1,
		`shop_http_requests_total{route="POST /api/orders",code="201"}`:          1,
		`shop_http_requests_total{route="POST /api/orders",code="200"}`:          1,
		`shop_http_request_duration_seconds_count{route="GET /data"}`:            2,
		`shop_http_request_duration_seconds_bucket{route="GET /data",le="+Inf"}`: 2,
		`shop_orders_placed_total`:                                               1,
		`shop_cache_lookups_total{result="hit"}`:                                 1,
		`shop_cache_lookups_total{result="miss"}`:                                3,
		`shop_cache_lookups_total{result="error"}`:                               0,
	} {
		assert.InDelta(t, want, after[name]-before[name], 0, name)
	}
	assert.InDelta(t, 10, after["shop_database_connections_max"], 0)
	assert.Positive(t, after[`shop_database_connections{state="idle"}`]+after[`shop_database_connections{state="in_use"}`])
	assert.Contains(t, after, "shop_database_wait_seconds_total")
	assert.Positive(t, after["go_goroutines"])
	for name := range after {
		assert.NotContains(t, name, "healthz", "probes are no requests of customers")
	}
}

func TestMetricsAreNotOnTheShopsPort(t *testing.T) {
	assert.Equal(t, http.StatusNotFound, open(t, nil).get("/metrics").status)
}

func TestACacheThatIsAwayIsCounted(t *testing.T) {
	s := open(t, nil)
	s.redis.Kill()
	s.get("/data")
	s.get("/data")
	assert.InDelta(t, 2, s.counted()[`shop_cache_lookups_total{result="error"}`], 0, "the second one is not even asked")
}

func TestConnectionsInUseAreCounted(t *testing.T) {
	s := open(t, nil)
	hold, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = hold.Rollback(t.Context()) }()
	assert.InDelta(t, 1, s.counted()[`shop_database_connections{state="in_use"}`], 0)
}
