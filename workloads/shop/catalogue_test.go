package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCatalogueIsReadFromTheCacheAndOnAMissFromTheDatabase(t *testing.T) {
	s := open(t, nil)
	for _, path := range []string{"/data", "/api/products/pine-candle"} {
		miss, hit := s.get(path), s.get(path)
		assert.Equal(t, "database", miss.body.Source, path)
		assert.Equal(t, "cache", hit.body.Source, path)
		assert.Equal(t, miss.body.Products, hit.body.Products, path)
		assert.Equal(t, miss.body.Product, hit.body.Product, path)
		assert.False(t, hit.body.Stale)
		assert.Equal(t, "backend", hit.body.Tier)
		assert.Equal(t, "backend-1", hit.body.Pod)
		assert.Equal(t, "worker-node-2", hit.body.Node)
		assert.WithinDuration(t, time.Now(), hit.body.Time, time.Minute)
	}
	list := s.get("/api/products")
	require.Len(t, list.body.Products, 6)
	assert.Equal(t, "stoneware-mug", list.body.Products[0].ID)
	assert.Equal(t, "cache", list.body.Source, "/data and /api/products are one answer")

	assert.Equal(t, http.StatusNotFound, s.get("/api/products/nothing").status)
	assert.Equal(t, http.StatusNotFound, s.get("/api/products/NOT%20AN%20ID").status)
	assert.Equal(t, http.StatusNotFound, s.get("/elsewhere").status)
}

// The bound is the lifetime: neither two caches that know nothing of each other nor a proxy that keeps answers go past it.
func TestAChangeIsSeenByEveryReaderWithinALifetime(t *testing.T) {
	one := open(t, nil)
	other := open(t, one)
	for _, s := range []*shop{one, other} {
		s.get("/data")
		require.Equal(t, "cache", s.get("/data").body.Source)
	}
	one.exec("UPDATE products SET price_cents = 1 WHERE id = 'stoneware-mug'")
	committed := time.Now()
	for _, s := range []*shop{one, other} {
		require.Eventually(t, func() bool {
			asked := time.Now()
			got := s.get("/data")
			changed := got.body.Products[0].PriceCents == 1
			if asked.Sub(committed) > lifetime {
				require.True(t, changed, "older than its lifetime")
			}
			return changed
		}, 2*lifetime, 10*time.Millisecond)
	}
}

func TestAProxyMayKeepAnAnswerForNoLongerThanItIsTrue(t *testing.T) {
	s := open(t, nil)
	assert.Equal(t, "public, max-age=0, s-maxage=1", s.get("/data").header.Get("Cache-Control"))
	require.Eventually(t, func() bool { return s.get("/data").header.Get("Cache-Control") == "no-store" }, lifetime, 10*time.Millisecond,
		"in the last second")
}

func TestWithoutItsCacheTheShopServesFromTheDatabase(t *testing.T) {
	for name, fail := range map[string]func(*shop){
		"killed": func(s *shop) { s.redis.Kill() },
		"silent": func(s *shop) { s.redis.Halt() },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, nil)
			s.get("/data")
			fail(s)
			for range 5 {
				got := s.get("/data")
				assert.Equal(t, http.StatusOK, got.status)
				assert.Equal(t, "database", got.body.Source)
			}
			assert.Equal(t, http.StatusCreated, s.buy("without-cache", "pine-candle", 1).status, "an order needs no cache")
			if name == "silent" {
				s.redis.Resume()
			} else {
				s.redis.Start()
			}
			require.Eventually(t, func() bool { return s.get("/data").body.Source == "cache" }, 10*time.Second, 20*time.Millisecond, "it is used again")
		})
	}
}

func TestWithoutItsDatabaseTheShopServesWhatIsCached(t *testing.T) {
	s := open(t, nil)
	s.get("/data")
	s.postgres.Kill()
	require.Eventually(t, func() bool { return s.get("/data").body.Stale }, 3*lifetime, 50*time.Millisecond)
	stale := s.get("/data")
	assert.Equal(t, http.StatusOK, stale.status)
	assert.Equal(t, "cache", stale.body.Source)
	assert.Len(t, stale.body.Products, 6)
	assert.Equal(t, "no-store", stale.header.Get("Cache-Control"), "nobody keeps what is old already")

	for _, got := range []answer{s.get("/api/products/day-pack"), s.buy("away", "pine-candle", 1)} {
		assert.Equal(t, http.StatusServiceUnavailable, got.status)
		assert.Equal(t, "2", got.header.Get("Retry-After"))
		assert.Equal(t, "the database does not answer", got.body.Error)
	}
	assert.Equal(t, http.StatusOK, s.get("/readyz").status, "readiness is this process's own")

	s.postgres.Start()
	require.Eventually(t, func() bool { return !s.get("/data").body.Stale }, 10*time.Second, 50*time.Millisecond)
	assert.Equal(t, http.StatusCreated, s.buy("away", "pine-candle", 1).status)
}

// A cache that has just started again is empty, one that is slow says nothing: what this process saw last is better than either.
func TestWithoutItsDatabaseTheShopServesWhatItSawLast(t *testing.T) {
	for name, fail := range map[string]func(*shop){
		"the cache is gone":   func(s *shop) { s.redis.Kill() },
		"the cache is silent": func(s *shop) { s.redis.Halt() },
		"the cache is empty":  func(s *shop) { s.redis.Kill(); s.redis.Start() },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, nil)
			s.get("/data")
			require.Equal(t, "cache", s.get("/data").body.Source)
			s.postgres.Kill()
			fail(s)
			require.Eventually(t, func() bool { return s.get("/data").body.Stale }, 5*lifetime, 50*time.Millisecond)
			got := s.get("/data")
			assert.Equal(t, http.StatusOK, got.status)
			assert.Equal(t, "cache", got.body.Source)
			assert.Len(t, got.body.Products, 6)
			assert.Equal(t, http.StatusServiceUnavailable, s.get("/api/products/day-pack").status, "which nobody asked for before")
		})
	}
}

func TestADatabaseThatIsSilentHoldsNobody(t *testing.T) {
	s := open(t, nil)
	s.postgres.Superuser("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop'")
	s.postgres.Halt() // takes connections and answers none
	got := s.get("/api/products/day-pack")
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.NotEmpty(t, got.header.Get("Retry-After"))
}

func TestOneReaderRenewsBeforeALifetimeEnds(t *testing.T) {
	s := open(t, nil)
	s.get("/data")
	start := time.Now()
	for last := start; time.Since(start) < 3*lifetime; {
		got := s.get("/data")
		// Where this machine let nobody read for so long, there was nobody to renew.
		if time.Since(last) < lifetime/4 {
			require.Equal(t, "cache", got.body.Source, "nobody waits for the database while others read")
		}
		last = time.Now()
	}
}
