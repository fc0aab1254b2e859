package idempotency_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/walletport/walletport/idempotency"
	"github.com/walletport/walletport/storage"
)

// heap is a database with so many old answers, which notes how they are taken away.
type heap struct {
	storage.Answers // nil: nobody asks

	lock   sync.Mutex // guards what follows
	old    int
	bites  []int
	before time.Time
	err    error // of the next time
}

func (h *heap) taken() ([]int, time.Time) {
	h.lock.Lock()
	defer h.lock.Unlock()
	return slices.Clone(h.bites), h.before
}

func (h *heap) Now(context.Context) (time.Time, error) { return time.Now(), nil }

func (h *heap) ForgetAnswers(_ context.Context, before time.Time, limit int) (int, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if err := h.err; err != nil {
		h.err = nil
		return 0, err
	}
	n := min(h.old, limit)
	h.old -= n
	h.bites, h.before = append(h.bites, n), before
	return n, nil
}

// TestOldAnswersAreForgottenEveryTenMinutes in bites, and again after a failure.
func TestOldAnswersAreForgottenEveryTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := &heap{old: 1200, err: errors.New("locked")}
		k := idempotency.New(h, idempotency.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, stop := context.WithCancel(t.Context())
		var ran sync.WaitGroup
		ran.Go(func() { must(t, k.Run(ctx)) })
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		if bites, _ := h.taken(); len(bites) != 0 {
			t.Errorf("after a failure: bites of %v", bites)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if bites, before := h.taken(); !slices.Equal(bites, []int{500, 500, 200}) || time.Since(before) < 24*time.Hour {
			t.Errorf("bites of %v, before %s", bites, before)
		}
		stop()
		ran.Wait()
		if strings.Count(log.String(), "locked") != 1 {
			t.Errorf("the log has not the one failure: %s", &log)
		}
	})
}
