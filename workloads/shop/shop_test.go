package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/workloads/shop/catalogue"
	"ecommerce-platform/workloads/shop/database"
	"ecommerce-platform/workloads/shop/meter"
	"ecommerce-platform/workloads/shop/order"
	"ecommerce-platform/workloads/shop/servers"
	"ecommerce-platform/workloads/shop/web"
)

// lifetime is short, so that tests see entries of the cache grow old.
const lifetime = 2 * time.Second

// shop is one backend on servers of the test's own.
type shop struct {
	t        *testing.T
	url      string
	metrics  string
	pool     *pgxpool.Pool
	postgres servers.Postgres
	redis    servers.Redis
	log      *locked
}

// open starts a backend, on the database of another one if there is one, but on a cache of its own.
func open(t *testing.T, beside *shop) *shop {
	t.Helper()
	s := &shop{t: t, redis: servers.StartRedis(t), log: &locked{w: &bytes.Buffer{}}}
	if beside == nil {
		s.postgres = servers.StartPostgres(t)
	} else {
		s.postgres = beside.postgres
	}
	s.serve(128)
	if beside == nil {
		s.ready()
	}
	return s
}

func (s *shop) serve(most int) {
	t := s.t
	pool, err := database.Open(t.Context(), s.postgres.URL())
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	cache, err := catalogue.OpenCache(s.redis.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = cache.Close() })
	log := slog.New(slog.NewJSONHandler(s.log, nil))
	schema := database.NewSchema(pool, log)
	ctx, cancel := context.WithCancel(t.Context())
	kept := make(chan struct{})
	go func() { defer close(kept); schema.Keep(ctx) }()
	t.Cleanup(func() { cancel(); <-kept })
	counts := meter.New(pool)
	metrics := httptest.NewServer(counts.Handler())
	t.Cleanup(metrics.Close)
	server := httptest.NewServer((&web.Shop{
		Catalogue: catalogue.New(pool, cache, schema, counts, catalogue.Settings{Lifetime: lifetime, Keep: time.Minute}),
		Orders:    order.NewBook(pool, schema),
		Server:    web.Server{Tier: "backend", Pod: "backend-1", Node: "worker-node-2", Address: "192.168.19.131"},
		Meter:     counts, Log: log, Most: most,
	}).Handler())
	t.Cleanup(server.Close)
	s.url, s.metrics, s.pool = server.URL, metrics.URL, pool
}

// answer is what the shop said.
type answer struct {
	status int
	header http.Header
	body   struct {
		Tier, Pod, Node, Request, Source, Error, ProductID string
		Stale                                              bool
		Left                                               *int
		Time                                               time.Time
		Products                                           []catalogue.Product
		Product                                            catalogue.Product
		Order                                              order.Order
	}
	took time.Duration
}

func (s *shop) send(request *http.Request) answer {
	s.t.Helper()
	started := time.Now()
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	got := answer{status: response.StatusCode, header: response.Header, took: time.Since(started)}
	require.NoError(s.t, json.Unmarshal(text, &got.body), string(text))
	return got
}

func (s *shop) get(path string) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	require.NoError(s.t, err)
	return s.send(request)
}

func (s *shop) order(key, items string) answer {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/api/orders", strings.NewReader(`{"items":`+items+`}`))
	require.NoError(s.t, err)
	request.Header.Set("Idempotency-Key", key)
	return s.send(request)
}

// buy orders some of one product.
func (s *shop) buy(key, product string, quantity int) answer {
	s.t.Helper()
	return s.order(key, fmt.Sprintf(`[{"productId":%q,"quantity":%d}]`, product, quantity))
}

// exec changes the database behind the shop's back.
func (s *shop) exec(statement string) {
	s.t.Helper()
	_, err := s.pool.Exec(s.t.Context(), statement)
	require.NoError(s.t, err)
}

func (s *shop) number(query string, args ...any) int {
	s.t.Helper()
	var number int
	require.NoError(s.t, s.pool.QueryRow(s.t.Context(), query, args...).Scan(&number))
	return number
}

func (s *shop) stock(product string) int {
	s.t.Helper()
	return s.number("SELECT stock FROM products WHERE id = $1", product)
}

// ready waits until the schema is there, and leaves the cache empty.
func (s *shop) ready() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		_, err := s.pool.Exec(s.t.Context(), "SELECT FROM order_items")
		return err == nil && s.get("/data").status == http.StatusOK
	}, 30*time.Second, 20*time.Millisecond, "the schema")
	s.forget()
}

// forget empties the cache.
func (s *shop) forget() {
	s.t.Helper()
	cache, err := catalogue.OpenCache(s.redis.URL())
	require.NoError(s.t, err)
	defer func() { _ = cache.Close() }()
	require.NoError(s.t, cache.FlushAll(s.t.Context()).Err())
}
