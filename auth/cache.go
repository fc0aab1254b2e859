package auth

import (
	"sync"
	"sync/atomic"
	"time"
)

// maxCached bounds each cache. Only what was authenticated is kept, so callers without
// credentials cannot fill it.
const maxCached = 10_000

// cache remembers values until a moment each. Reading takes no lock. When it is
// full it forgets everything, which costs each caller one miss.
type cache[K comparable, V any] struct {
	entries sync.Map // K to cached[V]
	size    atomic.Int64
}

type cached[V any] struct {
	value V
	until time.Time
}

func (c *cache[K, V]) get(key K, now time.Time) (V, bool) {
	var none V
	found, ok := c.entries.Load(key)
	if !ok {
		return none, false
	}
	entry, ok := found.(*cached[V])
	if !ok || !now.Before(entry.until) {
		return none, false
	}
	return entry.value, true
}

func (c *cache[K, V]) put(key K, value V, until time.Time) {
	if c.size.Load() >= maxCached {
		c.entries.Clear()
		c.size.Store(0)
	}
	if _, existed := c.entries.Swap(key, &cached[V]{value: value, until: until}); !existed {
		c.size.Add(1)
	}
}
