package catalogue

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/workloads/shop/meter"
	"ecommerce-platform/workloads/shop/servers"
)

// readers is how many miss at once.
const readers = 100

func TestAMissIsAskedOfTheDatabaseOnce(t *testing.T) {
	cache := servers.StartRedis(t)
	client, err := OpenCache(cache.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	for _, test := range []struct {
		name string
		fail func()
	}{{"with a cache", func() {}}, {"without one", cache.Kill}} {
		t.Run(test.name, func(t *testing.T) {
			test.fail()
			c := New(nil, client, nil, meter.New(nil), Settings{Lifetime: time.Hour, Keep: time.Hour})
			var asked, came atomic.Int32
			all := make(chan struct{})
			load := func(ctx context.Context) (string, error) {
				asked.Add(1)
				select { // everybody is there before the first is answered
				case <-all:
				case <-ctx.Done():
				}
				return "products", ctx.Err()
			}
			var group sync.WaitGroup
			for range readers {
				group.Go(func() {
					if came.Add(1) == readers {
						close(all)
					}
					answer, err := renew(t.Context(), c, t.Name(), load)
					if assert.NoError(t, err) {
						assert.Equal(t, "products", answer.Value)
					}
				})
			}
			group.Wait()
			// Who was held up until just after the answer asks anew.
			assert.Less(t, asked.Load(), int32(readers/10), "questions to the database")
		})
	}
}
