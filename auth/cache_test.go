package auth

import (
	"testing"
	"time"
)

// The bound is unexported, so this test looks from inside.
func TestCacheIsBounded(t *testing.T) {
	var c cache[int, int]
	now := time.Unix(0, 0)
	for i := range 3*maxCached + 7 {
		c.put(i, i, now.Add(time.Second))
	}
	kept := 0
	c.entries.Range(func(any, any) bool { kept++; return true })
	if kept > maxCached || int64(kept) != c.size.Load() {
		t.Errorf("%d entries are kept, counted %d, the bound is %d", kept, c.size.Load(), maxCached)
	}
	if v, ok := c.get(3*maxCached+6, now); !ok || v != 3*maxCached+6 {
		t.Errorf("the last entry is lost")
	}
	c.put(1, 1, now.Add(time.Second))
	c.put(1, 2, now.Add(2*time.Second))
	if v, ok := c.get(1, now.Add(time.Second)); !ok || v != 2 {
		t.Errorf("a newer entry does not replace: %d %v", v, ok)
	}
	if _, ok := c.get(1, now.Add(2*time.Second)); ok {
		t.Errorf("an entry outlives its time")
	}
}
