package storagetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// Bench reports, beside the time that passed, the processor time of this process
// (cpu-µs/op), which other work on the machine does not change. A database server's
// is not in it.
//
// It measures an engine: cards put in batches of 1,000 (new and unchanged ones),
// one card looked up among few and among many, audit records appended alone and in
// batches, by one caller and by several, a card changed in one commit with its record,
// the tokens of one card listed, changed and put again among those of few and of many, and
// requests of Click to Pay that are accepted and done beside few open ones and many.
func Bench(b *testing.B, database NewDatabase) {
	b.Run("put 1000 new cards", func(b *testing.B) { benchPut(b, database(b)(b)) })
	b.Run("put 1000 unchanged cards", func(b *testing.B) { benchPutUnchanged(b, database(b)(b)) })
	for _, count := range []int{1_000, 200_000} {
		b.Run(fmt.Sprintf("look up one of %d cards", count), func(b *testing.B) {
			s := database(b)(b)
			fill(b, s, count)
			b.Run("by one caller", func(b *testing.B) { benchCard(b, s, count) })
			b.Run("by all processors", func(b *testing.B) { benchCardParallel(b, s, count) })
		})
	}
	for _, size := range []int{1, 32, 256} {
		b.Run(fmt.Sprintf("append %d records", size), func(b *testing.B) { benchAppend(b, database(b)(b), size) })
	}
	b.Run("change a card with its record", func(b *testing.B) { benchUpdate(b, database(b)(b)) })
	for _, count := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("tokens of one of %d cards", count), func(b *testing.B) { benchTokens(b, database(b)(b), count) })
	}
	benchEnrolments(b, database)
	b.Run("append 32 records, two replicas", func(b *testing.B) { benchAppendReplicas(b, database(b)) })
}

const putBatch = 1000

// batch makes cards with ids that follow first. Their bytes need not be random, but
// PAN indexes have to arrive in random order, as they do in life.
func batch(first walletport.CardID, count int) []storage.Card {
	list := make([]storage.Card, count)
	for i := range list {
		list[i] = card(first+walletport.CardID(i), 0)
	}
	return list
}

func fill(b *testing.B, s storage.Store, count int) {
	for first := 0; first < count; first += putBatch {
		mustPut(b, s, batch(walletport.CardID(first), min(putBatch, count-first))...)
	}
}

func benchPut(b *testing.B, s storage.Store) {
	first := walletport.CardID(0)
	defer reportCPU(b)()
	for b.Loop() {
		b.StopTimer()
		list := batch(first, putBatch)
		first += putBatch
		b.StartTimer()
		if result := mustPut(b, s, list...); result.Inserted != putBatch {
			b.Fatalf("inserted %d cards, want %d", result.Inserted, putBatch)
		}
	}
	b.ReportMetric(float64(b.N*putBatch)/b.Elapsed().Seconds(), "cards/s")
}

func benchPutUnchanged(b *testing.B, s storage.Store) {
	list := batch(1, putBatch)
	mustPut(b, s, list...)
	defer reportCPU(b)()
	for b.Loop() {
		if result := mustPut(b, s, list...); result.Unchanged != putBatch {
			b.Fatalf("left %d cards unchanged, want %d", result.Unchanged, putBatch)
		}
	}
	b.ReportMetric(float64(b.N*putBatch)/b.Elapsed().Seconds(), "cards/s")
}

// reportCPU returns the function that reports what was used since.
func reportCPU(b *testing.B) func() {
	start := processorTime()
	return func() {
		used := processorTime() - start
		b.ReportMetric(float64(used.Nanoseconds())/1e3/float64(b.N), "cpu-µs/op")
	}
}

// scatter turns 0, 1, 2, … into card ids all over the range (Fibonacci hashing).
func scatter(i uint64, count int) walletport.CardID {
	return walletport.CardID((i * 0x9E3779B97F4A7C15) >> 11 % uint64(count))
}

func benchCard(b *testing.B, s storage.Store, count int) {
	b.ReportAllocs()
	i := uint64(0)
	defer reportCPU(b)()
	for b.Loop() {
		i++
		if _, err := s.Card(b.Context(), scatter(i, count)); err != nil {
			b.Fatal(err)
		}
	}
}

func benchCardParallel(b *testing.B, s storage.Store, count int) {
	b.RunParallel(func(pb *testing.PB) {
		i := uint64(0)
		for pb.Next() {
			i++
			if _, err := s.Card(b.Context(), scatter(i, count)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// benchLink chains entries without hashing, for the hash is not the store's work.
// They name cards all over, as in life.
func benchLink(entries []storage.AuditEntry) func(storage.AuditHead) ([]storage.AuditEntry, error) {
	return func(head storage.AuditHead) ([]storage.AuditEntry, error) {
		for i := range entries {
			entries[i].Seq = head.Seq + 1 + int64(i)
			entries[i].Record.CardID = scatter(uint64(entries[i].Seq), 1_000_000)
			binary.BigEndian.PutUint64(entries[i].Hash, uint64(entries[i].Seq))
		}
		return entries, nil
	}
}

func benchEntries(size int) []storage.AuditEntry {
	entries := make([]storage.AuditEntry, size)
	for i := range entries {
		entries[i] = entry(storage.AuditHead{Seq: int64(i)}, "0192f0c1-2b1e-7c3a-9d55-3f7f0a1b2c3d")
		entries[i].Record.Details = nil // calls have none
	}
	return entries
}

func benchAppend(b *testing.B, s storage.Store, size int) {
	b.ReportAllocs()
	link := benchLink(benchEntries(size))
	defer reportCPU(b)()
	for b.Loop() {
		mustAppend(b, s, link)
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "records/s")
}

func benchUpdate(b *testing.B, s storage.Store) {
	b.ReportAllocs()
	mustPut(b, s, card(1, 0))
	link := benchLink(benchEntries(1))
	defer reportCPU(b)()
	for b.Loop() {
		mustUpdate(b, s, func(tx storage.Tx) error {
			return errors.Join(tx.UpdateCard(1, func(c storage.Card) (storage.Card, error) { return c, nil }), tx.AppendAudit(link))
		})
	}
}

const (
	tokensOfACard  = 3
	historyOfAFew  = 100 // entries of one token in a hundred
	cardsTogether  = 500 // whose tokens are put in one commit
	historyEvery   = 100
	asOfBenchStart = 1_000_000
)

// benchTokens lists the tokens of cards, and puts them as if their scheme had shown them
// again, unchanged.
func benchTokens(b *testing.B, s storage.Store, count int) {
	for first := 0; first < count; first += cardsTogether {
		mustFillTokens(b, s, first, min(cardsTogether, count-first))
	}
	b.Run("listed", func(b *testing.B) {
		b.ReportAllocs()
		i := uint64(0)
		defer reportCPU(b)()
		for b.Loop() {
			i++
			list, err := s.TokensOfCard(b.Context(), 1+scatter(i, count))
			if err != nil || len(list.Tokens) != tokensOfACard {
				b.Fatalf("%d tokens, %v", len(list.Tokens), err)
			}
		}
	})
	b.Run("history of one", func(b *testing.B) {
		defer reportCPU(b)()
		for b.Loop() {
			entries, err := s.TokenHistory(b.Context(), 1, 0, 20)
			if err != nil || len(entries) != 20 {
				b.Fatalf("%d entries, %v", len(entries), err)
			}
		}
	})
	b.Run("changed", func(b *testing.B) { benchTokenChange(b, s, count) })
	b.Run("put again", func(b *testing.B) {
		i, version := uint64(0), asOfBenchStart
		defer reportCPU(b)()
		for b.Loop() {
			i++
			version++
			card := 1 + scatter(i, count)
			mustUpdate(b, s, func(tx storage.Tx) error {
				_, err := tx.PutTokens(benchCardTokens(card, version))
				return errors.Join(err, tx.TokensListed(card, at(int64(version))))
			})
		}
	})
}

// benchTokenChange changes tokens as the flow does: the intent in one commit with its
// history and its record, the outcome in another.
func benchTokenChange(b *testing.B, s storage.Store, count int) {
	link := benchLink(benchEntries(1))
	i := uint64(0)
	step := func(id walletport.TokenID, change func(*storage.Token)) {
		entry := storage.TokenHistoryEntry{Token: id, At: at(int64(i)), What: storage.TokenChangeDone, From: "ACTIVE", To: "SUSPENDED"}
		mustUpdate(b, s, func(tx storage.Tx) error {
			return errors.Join(tx.UpdateToken(id, changed(change)), tx.AddTokenHistory(entry), tx.AppendAudit(link))
		})
	}
	defer reportCPU(b)()
	for b.Loop() {
		i++
		id := walletport.TokenID(1 + scatter(i, count*tokensOfACard))
		step(id, asked(fmt.Sprint("change ", i)))
		step(id, moved(storage.ChangeDone))
	}
}

func benchCardTokens(card walletport.CardID, version int) []storage.SeenToken {
	seen := make([]storage.SeenToken, tokensOfACard)
	for n := range seen {
		seen[n] = token(int(card)*tokensOfACard+n, 0)
		seen[n].CardID, seen[n].AsOf = card, at(int64(version))
	}
	return seen
}

func mustFillTokens(b *testing.B, s storage.Store, first, count int) {
	b.Helper()
	mustUpdate(b, s, func(tx storage.Tx) error {
		var seen []storage.SeenToken
		for card := 1 + first; card <= first+count; card++ {
			seen = append(seen, benchCardTokens(walletport.CardID(card), 1)...)
		}
		puts, err := tx.PutTokens(seen)
		if err != nil {
			return err
		}
		var entries []storage.TokenHistoryEntry
		for i, put := range puts {
			if i%historyEvery != 0 {
				continue
			}
			for range historyOfAFew {
				entries = append(entries, storage.TokenHistoryEntry{Token: put.ID, At: at(1), What: storage.TokenChangeDone, From: "ACTIVE", To: "SUSPENDED"})
			}
		}
		return tx.AddTokenHistory(entries...)
	})
}

func benchAppendReplicas(b *testing.B, open Open) {
	const size = 32
	replicas := []storage.Store{open(b), open(b)}
	b.ResetTimer()
	wantNoErrors(b, each(len(replicas), func(i int) error {
		link := benchLink(benchEntries(size))
		for n := i; n < b.N; n += len(replicas) {
			if err := replicas[i].AppendAudit(b.Context(), link); err != nil {
				return err
			}
		}
		return nil
	}))
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "records/s")
}
