package main

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOverloadIsShedAtOnce(t *testing.T) {
	s := open(t, nil)
	s.serve(3)
	// Whoever orders a candle waits for this transaction.
	hold, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = hold.Exec(t.Context(), "SELECT 1 FROM products WHERE id = 'pine-candle' FOR UPDATE")
	require.NoError(t, err)
	var shed atomic.Int32
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			got := s.buy("overload-"+string(rune('a'+i)), "pine-candle", 1)
			if got.body.Error == "the shop has its hands full" {
				shed.Add(1)
				assert.Equal(t, http.StatusServiceUnavailable, got.status)
				assert.Equal(t, "2", got.header.Get("Retry-After"))
			}
		})
	}
	require.Eventually(t, func() bool { return shed.Load() == 7 }, 10*time.Second, time.Millisecond, "all but three, while those wait")
	assert.Equal(t, http.StatusOK, s.get("/healthz").status, "probes are not shed")
	require.NoError(t, hold.Rollback(t.Context()))
	group.Wait()
	assert.Equal(t, http.StatusOK, s.get("/data").status)
}

func TestARequestKeepsItsNameAndIsLogged(t *testing.T) {
	s := open(t, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/data", nil)
	require.NoError(t, err)
	request.Header.Set("X-Request-Id", "f00f-1")
	got := s.send(request)
	assert.Equal(t, "f00f-1", got.header.Get("X-Request-Id"))
	assert.Equal(t, "f00f-1", got.body.Request)
	require.Eventually(t, func() bool {
		return strings.Contains(s.log.String(), `"request":"f00f-1","method":"GET","path":"/data","status":200`)
	}, time.Second, time.Millisecond)

	request.Header.Set("X-Request-Id", "two\tlines")
	got = s.send(request)
	assert.NotEmpty(t, got.body.Request)
	assert.NotContains(t, got.body.Request, "lines")
}

func TestSchema(t *testing.T) {
	s := open(t, nil)
	t.Run("is made once by many that come at once", func(t *testing.T) {
		s.exec("DROP TABLE order_items, orders, products, goose_db_version")
		for range 3 {
			open(t, s)
		}
		s.ready()
		assert.Equal(t, 6, s.number("SELECT count(*) FROM products"))
	})
	t.Run("comes back where it was lost", func(t *testing.T) {
		s.exec("DROP TABLE order_items, orders, products, goose_db_version")
		s.forget()
		assert.Equal(t, http.StatusServiceUnavailable, s.buy("lost", "pine-candle", 1).status)
		require.Eventually(t, func() bool { return s.buy("lost", "pine-candle", 1).status < 300 }, 30*time.Second, 50*time.Millisecond)
	})
	t.Run("of a newer version serves this one", func(t *testing.T) {
		s.exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
		s.exec("ALTER TABLE products ADD COLUMN weight integer")
		older := open(t, s)
		require.Eventually(t, func() bool { return older.get("/data").status == http.StatusOK }, 10*time.Second, 20*time.Millisecond)
		assert.Equal(t, http.StatusCreated, older.buy("older", "pine-candle", 1).status)
		assert.NotContains(t, older.log.String(), "could not be brought up")
	})
}

func TestTheRoleOwnsItsDatabaseAndNothingElse(t *testing.T) {
	s := open(t, nil)
	for _, statement := range []string{
		"CREATE ROLE other", "CREATE DATABASE other", "COPY products TO PROGRAM 'true'", "SELECT pg_reload_conf()",
	} {
		_, err := s.pool.Exec(t.Context(), statement, pgx.QueryExecModeSimpleProtocol)
		var refused *pgconn.PgError
		if assert.ErrorAs(t, err, &refused, statement) {
			assert.Equal(t, "42501", refused.Code, statement) // insufficient_privilege
		}
	}
}
