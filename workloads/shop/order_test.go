package main

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnOrderFallsTheStockAndIsThere(t *testing.T) {
	s := open(t, nil)
	before := s.stock("pine-candle")
	placed := s.order("first", `[{"productId":"pine-candle","quantity":2},{"productId":"day-pack","quantity":1}]`)
	require.Equal(t, http.StatusCreated, placed.status, placed.body.Error)
	assert.Equal(t, 2*2200+9400, placed.body.Order.TotalCents)
	assert.Positive(t, placed.body.Order.Number)
	assert.Equal(t, before-2, s.stock("pine-candle"))

	found := s.get(placed.header.Get("Location"))
	assert.Equal(t, http.StatusOK, found.status)
	assert.Equal(t, placed.body.Order.Items, found.body.Order.Items)
	assert.Equal(t, placed.body.Order.TotalCents, found.body.Order.TotalCents)
	assert.Equal(t, http.StatusNotFound, s.get("/api/orders/00000000-0000-0000-0000-000000000000").status)
	assert.Equal(t, http.StatusNotFound, s.get("/api/orders/1").status)
}

func TestOneKeyIsOneOrder(t *testing.T) {
	s := open(t, nil)
	before := s.stock("pine-candle")
	numbers := sync.Map{}
	var created atomic.Int32
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			got := s.buy("once", "pine-candle", 3)
			if got.status == http.StatusCreated {
				created.Add(1)
			} else {
				assert.Equal(t, http.StatusOK, got.status, got.body.Error)
			}
			numbers.Store(got.body.Order.Number, true)
		})
	}
	group.Wait()
	assert.Equal(t, int32(1), created.Load())
	count := 0
	numbers.Range(func(any, any) bool { count++; return true })
	assert.Equal(t, 1, count, "order numbers")
	assert.Equal(t, before-3, s.stock("pine-candle"))
	assert.Equal(t, 1, s.number("SELECT count(*) FROM orders"))

	other := s.buy("once", "pine-candle", 4)
	assert.Equal(t, http.StatusUnprocessableEntity, other.status, "another order under the key")
	assert.Equal(t, before-3, s.stock("pine-candle"))
}

func TestNoMoreIsSoldThanThereIs(t *testing.T) {
	s := open(t, nil)
	s.exec("UPDATE products SET stock = 20 WHERE id IN ('day-pack', 'pine-candle')")
	var sold, refused atomic.Int32
	var group sync.WaitGroup
	for i := range 60 {
		items := `[{"productId":"day-pack","quantity":1},{"productId":"pine-candle","quantity":1}]`
		if i%2 == 0 { // the other way round: two that wait for each other would never end
			items = `[{"productId":"pine-candle","quantity":1},{"productId":"day-pack","quantity":1}]`
		}
		group.Go(func() {
			for {
				switch got := s.order(fmt.Sprintf("race-%d", i), items); got.status {
				case http.StatusCreated:
					sold.Add(1)
					return
				case http.StatusConflict:
					refused.Add(1)
					assert.Equal(t, "day-pack", got.body.ProductID)
					if assert.NotNil(t, got.body.Left) {
						assert.Zero(t, *got.body.Left)
					}
					return
				case http.StatusServiceUnavailable: // its turn did not come; the key makes it safe to ask again
				default:
					assert.Fail(t, "unexpected", "%d %s", got.status, got.body.Error)
					return
				}
			}
		})
	}
	group.Wait()
	assert.Equal(t, int32(20), sold.Load())
	assert.Equal(t, int32(40), refused.Load())
	assert.Zero(t, s.stock("day-pack"))
	assert.Equal(t, 20, s.number("SELECT count(*) FROM orders"), "a refused order is not there")
}

func TestARefusedOrderSellsNothing(t *testing.T) {
	s := open(t, nil)
	s.exec("UPDATE products SET stock = 5 WHERE id = 'day-pack'")
	before := s.stock("pine-candle")
	for name, test := range map[string]struct {
		key, items string
		status     int
		error      string
	}{
		"one of two is sold out": {"a", `[{"productId":"pine-candle","quantity":1},{"productId":"day-pack","quantity":6}]`, http.StatusConflict, `not enough of "day-pack": 6 ordered, 5 left`},
		"unknown product":        {"b", `[{"productId":"nothing","quantity":1}]`, http.StatusBadRequest, `items: no product "nothing"`},
		"no key":                 {"", `[{"productId":"pine-candle","quantity":1}]`, http.StatusBadRequest, "Idempotency-Key <unset>: required"},
		"no items":               {"c", `[]`, http.StatusBadRequest, "items []: at least one"},
		"none of it":             {"d", `[{"productId":"pine-candle","quantity":0}]`, http.StatusBadRequest, "items[0].quantity 0: must be between 1 and 1000"},
		"fewer than none":        {"e", `[{"productId":"pine-candle","quantity":-1}]`, http.StatusBadRequest, "items[0].quantity -1: must be between 1 and 1000"},
		"one product twice":      {"f", `[{"productId":"pine-candle","quantity":1},{"productId":"pine-candle","quantity":1}]`, http.StatusBadRequest, `items: "pine-candle" twice`},
		"a field too much":       {"g", `[{"productId":"pine-candle","quantity":1,"price":1}]`, http.StatusBadRequest, `the body is not an order: json: unknown field "price"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.order(test.key, test.items)
			assert.Equal(t, test.status, got.status)
			assert.Equal(t, test.error, got.body.Error)
		})
	}
	assert.Equal(t, before, s.stock("pine-candle"))
	assert.Zero(t, s.number("SELECT count(*) FROM orders"))
}

// What was acknowledged is there after crashes of the server, and what was sold was ordered.
func TestAnAcknowledgedOrderOutlivesTheDatabasesCrashes(t *testing.T) {
	s := open(t, nil)
	before := s.stock("heather-honey")
	done := make(chan struct{})
	var acknowledged sync.Map
	var group sync.WaitGroup
	for client := range 4 {
		group.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("crash-%d-%d", client, i)
				for s.buy(key, "heather-honey", 1).status >= http.StatusInternalServerError {
					select {
					case <-done:
						return // its outcome is not known
					case <-time.After(20 * time.Millisecond):
					}
				}
				acknowledged.Store(key, true)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 3 {
		orders := s.number("SELECT count(*) FROM orders")
		require.Eventually(t, func() bool {
			var now int
			err := s.pool.QueryRow(t.Context(), "SELECT count(*) FROM orders").Scan(&now)
			return err == nil && now > orders+20
		}, 30*time.Second, 20*time.Millisecond)
		s.postgres.Kill()
		s.postgres.Start()
		require.Eventually(t, func() bool { return s.get("/data").status == http.StatusOK && s.pool.Ping(t.Context()) == nil }, 20*time.Second, 50*time.Millisecond)
	}
	close(done)
	group.Wait()
	count := 0
	acknowledged.Range(func(key, _ any) bool {
		count++
		assert.Equal(t, 1, s.number("SELECT count(*) FROM orders WHERE idempotency_key = $1", key), "order %s", key)
		return true
	})
	assert.Greater(t, count, 60)
	assert.Equal(t, before-s.stock("heather-honey"), s.number("SELECT count(*) FROM orders"), "sold and ordered")
}
