package sim_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/walletport/walletport/sim"
)

func TestHandouts(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	h := sim.NewHandouts[string](func() time.Time { return now })
	if !h.Add("a", "one") || h.Add("a", "two") {
		t.Error("a key is handed out once")
	}
	if got, ok := h.Get("a"); !ok || got.Value != "one" || !got.At.Equal(now) || got.Key != "a" {
		t.Errorf("got %+v, %v", got, ok)
	}
	if h.IsUsed("a") || !h.Use("a") || h.Use("a") || !h.IsUsed("a") {
		t.Error("a key is used once")
	}
	if !h.Use("foreign") || h.Use("foreign") {
		t.Error("a key from elsewhere is used once")
	}
	if _, ok := h.Get("foreign"); ok {
		t.Error("a key from elsewhere was not handed out")
	}
	if _, ok := h.Find(func(_ string, value string) bool { return value == "one" }); !ok {
		t.Error("not found by its value")
	}
	if _, ok := (*sim.Handouts[string])(nil).Get("a"); ok {
		t.Error("nil has something")
	}
}

func TestHandoutsAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	h := sim.NewHandouts[int](func() time.Time { return now })
	h.Add("first", 1)
	now = now.Add(time.Second)
	h.Add("second", 2)
	now = now.Add(time.Second)
	for i := range 9_999 {
		h.Add(strconv.Itoa(i), i)
	}
	_, first := h.Get("first")
	_, second := h.Get("second")
	if first || !second {
		t.Errorf("when full, the oldest goes: first %v, second %v", first, second)
	}
	now = now.Add(25 * time.Hour)
	h.Add("next day", 3)
	_, second = h.Get("second")
	if _, next := h.Get("next day"); second || !next {
		t.Errorf("a day later: second %v, next day %v", second, next)
	}
}
