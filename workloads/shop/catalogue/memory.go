package catalogue

import (
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
)

// remembered is how many answers a process remembers: more than the shop has products.
const remembered = 1024

// memory is what this process saw last, for when the database is away and the cache has nothing: one that has just started is
// empty, and one that is slow says nothing.
type memory struct {
	entries  *expirable.LRU[string, seen]
	lifetime time.Duration
}

type seen struct {
	value []byte
	at    time.Time
}

// newMemory forgets what no cache would hold any more.
func newMemory(settings Settings) memory {
	return memory{expirable.NewLRU[string, seen](remembered, nil, settings.Lifetime+settings.Keep), settings.Lifetime}
}

// put remembers what was the truth at a time.
func (m memory) put(key string, value []byte, at time.Time) { m.entries.Add(key, seen{value, at}) }

// get returns nil for what was never seen.
func (m memory) get(key string) *entry {
	last, ok := m.entries.Get(key)
	if !ok {
		return nil
	}
	return &entry{value: last.value, fresh: m.lifetime - time.Since(last.at)}
}
