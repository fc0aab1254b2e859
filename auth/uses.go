package auth

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// usesEvery is how often the last uses of clients are stored, and how exact they are.
const usesEvery = time.Minute

// usesTime bounds one storing.
const usesTime = 5 * time.Second

// uses is when clients were let in last. A call costs it one load: what is stored is
// stored together, now and then. The zero value is empty.
type uses struct {
	all sync.Map // client id to *use; only who was let in is there
}

// use is the last use of one client.
type use struct {
	minute atomic.Int64 // since 1970
	stored int64        // of the minutes; only Run looks at it
}

func (u *uses) of(id string) *use {
	found, _ := u.all.LoadOrStore(id, &use{})
	one, _ := found.(*use)
	return one
}

func (u *use) note(now time.Time) {
	if minute := now.Unix() / 60; u.minute.Load() < minute {
		u.minute.Store(minute)
	}
}

// Run stores when clients were used last, every minute and at its end. It returns
// the error of the last storing; those before are made up for by the next.
func (a *Authenticator) Run(ctx context.Context) error {
	tick := time.NewTicker(usesEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return a.storeUses(context.WithoutCancel(ctx))
		case <-tick.C:
			_ = a.storeUses(ctx) // what is not stored is tried again
		}
	}
}

func (a *Authenticator) storeUses(ctx context.Context) error {
	at, minutes := make(map[string]time.Time), make(map[*use]int64)
	a.uses.all.Range(func(key, value any) bool {
		id, _ := key.(string)
		one, _ := value.(*use)
		if minute := one.minute.Load(); minute > one.stored {
			at[id], minutes[one] = time.Unix(minute*60, 0), minute
		}
		return true
	})
	if len(at) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, usesTime)
	defer cancel()
	if err := a.store.UseClients(ctx, at); err != nil {
		return fmt.Errorf("last uses of API clients not stored: %w", err)
	}
	for one, minute := range minutes {
		one.stored = minute
	}
	return nil
}
