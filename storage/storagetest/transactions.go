package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testTransactions(t *testing.T, database NewDatabase) {
	t.Run("a linker's error leaves the chain as it was", func(t *testing.T) { testLinkError(t, database(t)(t)) })
	t.Run("a gap in the sequence is refused", func(t *testing.T) { testGap(t, database(t)(t)) })
	t.Run("a put that fails in the middle leaves nothing", func(t *testing.T) { testPutRollback(t, database(t)(t)) })
	t.Run("replicas append to one chain at once", func(t *testing.T) { testConcurrentAppend(t, database(t)) })
	t.Run("replicas put the same cards at once", func(t *testing.T) { testConcurrentPut(t, database(t)) })
	t.Run("no change of a card is lost", func(t *testing.T) { testConcurrentChange(t, database(t)) })
	t.Run("one of many replicas changes a card", func(t *testing.T) { testConcurrentChanges(t, database(t)) })
	t.Run("one of two replicas re-wraps a card", func(t *testing.T) { testConcurrentRewrap(t, database(t)) })
	t.Run("one of many replicas uses a nonce", func(t *testing.T) { testConcurrentUse(t, database(t)) })
	t.Run("one of many replicas uses each nonce of a batch", func(t *testing.T) { testConcurrentUses(t, database(t)) })
	t.Run("a replica reads what another one wrote", func(t *testing.T) {
		open := database(t)
		writer, reader := open(t), open(t)
		for id := walletport.CardID(1); id <= 20; id++ {
			mustPut(t, writer, card(id, 0))
			wantEqual(t, "card", must(reader.Card(t.Context(), id))(t, "Card"), card(id, 0))
		}
	})
	t.Run("readers are not held up by a writer in its transaction", func(t *testing.T) { testReadDuringWrite(t, database(t)) })
}

func testLinkError(t *testing.T, s storage.Store) {
	mustAppend(t, s, links("first", 2))
	before := must(s.AuditHead(t.Context()))(t, "AuditHead")
	refusal := errors.New("the linker refuses")
	err := s.AppendAudit(t.Context(), func(storage.AuditHead) ([]storage.AuditEntry, error) { return nil, refusal })
	if !errors.Is(err, refusal) {
		t.Errorf("AppendAudit: got error %v, want the linker's", err)
	}
	if walletport.CodeOf(err) != walletport.CodeInternal {
		t.Errorf("AppendAudit: the linker's error became one of the database: %v", err)
	}
	wantEqual(t, "head", must(s.AuditHead(t.Context()))(t, "AuditHead"), before)
	mustAppend(t, s, links("second", 2)) // the lock is free again
	wantChain(t, s, 4)
}

func testGap(t *testing.T, s storage.Store) {
	mustAppend(t, s, links("first", 2))
	for _, shift := range []int64{-1, 1} {
		err := s.AppendAudit(t.Context(), func(head storage.AuditHead) ([]storage.AuditEntry, error) {
			entries, err := links("gap", 3)(head)
			entries[2].Seq += shift
			return entries, err
		})
		if walletport.CodeOf(err) != walletport.CodeInternal {
			t.Errorf("AppendAudit with a sequence number off by %d: got error %v, want one of the code internal", shift, err)
		}
	}
	wantChain(t, s, 2)
}

// testPutRollback cancels a call in its middle: all of it or nothing may stand.
func testPutRollback(t *testing.T, s storage.Store) {
	mustPut(t, s, card(1, 0))
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	_, err := s.PutCards(ctx, cards(2, 2000))
	count := len(must(s.CardsAfter(t.Context(), "first-bank", 0, 5000))(t, "CardsAfter"))
	if err != nil {
		wantContextError(t, "PutCards", err)
	}
	if count != 1 && count != 2000 {
		t.Errorf("%d cards stand after a call that ended with %v, want 1 or 2000", count, err)
	}
}

// each runs act count times at once and returns the errors.
func each(count int, act func(i int) error) []error {
	failures := make([]error, count)
	var group sync.WaitGroup
	for i := range count {
		group.Go(func() { failures[i] = act(i) })
	}
	group.Wait()
	return failures
}

func wantNoErrors(t testing.TB, failures []error) {
	t.Helper()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
}

func testConcurrentAppend(t *testing.T, open Open) {
	const appenders, batches = 6, 15
	replicas := []storage.Store{open(t), open(t), open(t)}
	wantNoErrors(t, each(appenders, func(i int) error {
		for n := range batches {
			err := replicas[i%len(replicas)].AppendAudit(t.Context(), links(fmt.Sprintf("%d-%d", i, n), 1+n%4))
			if err != nil {
				return err
			}
		}
		return nil
	}))
	perAppender := int64(0)
	for n := range batches {
		perAppender += int64(1 + n%4)
	}
	wantChain(t, replicas[0], appenders*perAppender)
}

func testConcurrentPut(t *testing.T, open Open) {
	const writers = 4
	replicas := []storage.Store{open(t), open(t)}
	results := make([]storage.PutResult, writers)
	wantNoErrors(t, each(writers, func(i int) error {
		list := cards(1, 200)
		if i%2 == 1 { // against the order of the others
			for a, b := 0, len(list)-1; a < b; a, b = a+1, b-1 {
				list[a], list[b] = list[b], list[a]
			}
		}
		var err error
		results[i], err = replicas[i%len(replicas)].PutCards(t.Context(), list)
		return err
	}))
	var sum storage.PutResult
	for _, r := range results {
		sum.Inserted += r.Inserted
		sum.Updated += r.Updated
		sum.Unchanged += r.Unchanged
	}
	wantEqual(t, "all results", sum, storage.PutResult{Inserted: 200, Unchanged: 200 * (writers - 1)})
}

func testConcurrentRewrap(t *testing.T, open Open) {
	replicas := []storage.Store{open(t), open(t)}
	mustPut(t, replicas[0], cards(1, 50)...)
	replaced := make([]int, len(replicas))
	wantNoErrors(t, each(len(replicas), func(i int) error {
		var changes []storage.CardRewrapping
		for _, c := range cards(1, 50) {
			changes = append(changes, storage.CardRewrapping{ID: c.ID, Old: c.WrappedKey, New: fmt.Append(nil, "by ", i), KEK: "kek/2"})
		}
		var err error
		replaced[i], err = replicas[i].Rewrap(t.Context(), changes)
		return err
	}))
	wantEqual(t, "replaced by both", replaced[0]+replaced[1], 50)
}

func testReadDuringWrite(t *testing.T, open Open) {
	writer, reader := open(t), open(t)
	mustPut(t, writer, card(1, 0))
	locked, read := make(chan struct{}), make(chan struct{})
	appended := make(chan error, 1)
	go func() {
		appended <- writer.AppendAudit(t.Context(), func(head storage.AuditHead) ([]storage.AuditEntry, error) {
			close(locked)
			<-read
			return links("entry", 1)(head)
		})
	}()
	<-locked
	for _, s := range []storage.Store{writer, reader} {
		wantEqual(t, "card", must(s.Card(t.Context(), 1))(t, "Card"), card(1, 0))
		wantEqual(t, "head", must(s.AuditHead(t.Context()))(t, "AuditHead").Seq, int64(0))
	}
	close(read)
	wantNoErrors(t, []error{<-appended})
	wantChain(t, reader, 1)
}
