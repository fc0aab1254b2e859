package sim

import (
	"sync"
	"time"
)

// Bounds of what Handouts remember.
const (
	maxHandouts     = 10_000
	handoutLifetime = 24 * time.Hour
)

// Handout is something that a simulated wallet gave to an app: a nonce, a session, a
// device.
type Handout[T any] struct {
	Key   string
	Value T
	At    time.Time // when it was handed out
}

// Handouts are what a simulated wallet handed out, and what of it was used, each
// under its key. They are in memory only: a day, and no more than ten thousand. They
// are safe for concurrent use; nil Handouts are empty.
type Handouts[T any] struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[string]handoutEntry[T]
}

type handoutEntry[T any] struct {
	Handout[T]
	handedOut bool // false: brought by an app, remembered because it was used
	used      bool
}

// NewHandouts returns empty Handouts.
func NewHandouts[T any](now func() time.Time) *Handouts[T] {
	return &Handouts[T]{now: now, entries: make(map[string]handoutEntry[T])}
}

// Add hands out value under key; false if the key is known already.
func (h *Handouts[T]) Add(key string, value T) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.entries[key]; known {
		return false
	}
	h.put(key, handoutEntry[T]{Handout: Handout[T]{key, value, h.now()}, handedOut: true})
	return true
}

// Get returns what was handed out under key.
func (h *Handouts[T]) Get(key string) (Handout[T], bool) {
	return h.Find(func(candidate string, _ T) bool { return candidate == key })
}

// Find returns one that was handed out and is meant.
func (h *Handouts[T]) Find(isMeant func(key string, value T) bool) (found Handout[T], ok bool) {
	if h == nil {
		return found, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, entry := range h.entries {
		if entry.handedOut && isMeant(key, entry.Value) {
			return entry.Handout, true
		}
	}
	return found, false
}

// IsUsed reports whether a key was used before.
func (h *Handouts[T]) IsUsed(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.entries[key].used
}

// Use reports whether a key was unused until now; it is used from now on. It need
// not have been handed out.
func (h *Handouts[T]) Use(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	entry, known := h.entries[key]
	switch {
	case entry.used:
		return false
	case known:
		entry.used = true
		h.entries[key] = entry
	default:
		h.put(key, handoutEntry[T]{Handout: Handout[T]{Key: key, At: h.now()}, used: true})
	}
	return true
}

// put makes room first: it forgets what is old and, if there is still no room, the
// oldest.
func (h *Handouts[T]) put(key string, entry handoutEntry[T]) {
	if len(h.entries) >= maxHandouts {
		h.makeRoom()
	}
	h.entries[key] = entry
}

func (h *Handouts[T]) makeRoom() {
	oldest, oldestAt := "", h.now()
	for key, entry := range h.entries {
		if h.now().Sub(entry.At) > handoutLifetime {
			delete(h.entries, key)
		}
		if oldest == "" || entry.At.Before(oldestAt) {
			oldest, oldestAt = key, entry.At
		}
	}
	delete(h.entries, oldest)
}
