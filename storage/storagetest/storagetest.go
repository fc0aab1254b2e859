// Package storagetest proves that an engine keeps the contract of package storage:
// both engines pass the same suite, and so answer alike. It also starts a real
// PostgreSQL for the tests and benchmarks of any package, and hands out databases of
// both engines that have their tables. Tests only.
package storagetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// Open opens one more Store on a database, as another replica would. The test
// closes it when it ends.
type Open func(t testing.TB) storage.Store

// NewDatabase makes an empty, migrated database.
type NewDatabase func(t testing.TB) Open

// Run is the suite.
func Run(t *testing.T, database NewDatabase) {
	t.Run("cards", func(t *testing.T) { testCards(t, database) })
	t.Run("imports", func(t *testing.T) { testImports(t, database) })
	t.Run("clients", func(t *testing.T) { testClients(t, database) })
	t.Run("audit", func(t *testing.T) { testAudit(t, database) })
	t.Run("audit tree", func(t *testing.T) { testAuditTree(t, database) })
	t.Run("nonces", func(t *testing.T) { testNonces(t, database) })
	t.Run("answers", func(t *testing.T) { testAnswers(t, database) })
	t.Run("tokens", func(t *testing.T) { testTokens(t, database) })
	t.Run("token changes", func(t *testing.T) { testTokenUpdates(t, database) })
	t.Run("customers", func(t *testing.T) { testCustomers(t, database) })
	t.Run("consumers", func(t *testing.T) { testConsumers(t, database) })
	t.Run("enrolments", func(t *testing.T) { testEnrolments(t, database) })
	t.Run("jobs", func(t *testing.T) { testJobs(t, database) })
	t.Run("transactions", func(t *testing.T) { testTransactions(t, database) })
	t.Run("updates", func(t *testing.T) { testUpdates(t, database) })
	t.Run("faults", func(t *testing.T) { testFaults(t, database) })
}

// withStore runs a test on a database of its own.
func withStore(t *testing.T, database NewDatabase, name string, test func(*testing.T, storage.Store)) {
	t.Run(name, func(t *testing.T) { test(t, database(t)(t)) })
}

// at is a moment with the precision that rows keep.
func at(ms int64) time.Time { return time.UnixMilli(1_780_000_000_000 + ms).UTC() }

// card makes a card whose columns all differ. version changes its content.
func card(id walletport.CardID, version int) storage.Card {
	seed := func(name string) []byte {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", name, id, version))
		return sum[:]
	}
	return storage.Card{
		CardSummary: walletport.CardSummary{
			ID:         id,
			Issuer:     "first-bank",
			CustomerID: fmt.Sprintf("customer-%d", id),
			Scheme:     walletport.Mastercard,
			Product:    fmt.Sprintf("gold-%d", version),
			Status:     walletport.CardOK,
			Expiry:     walletport.Expiry{Year: 2030 + version%10, Month: time.Month(1 + version%12)},
			BIN:        "52042477",
			LastFour:   "1471",
		},
		PANIndex:   seed("index"),
		Sealed:     bytes.Repeat(seed("sealed"), 3),
		WrappedKey: seed("key"),
		KEK:        "kek/1",
		ContentMAC: seed("mac"),
		UpdatedAt:  at(int64(version)),
	}
}

func cards(from, to walletport.CardID) []storage.Card {
	var list []storage.Card
	for id := from; id <= to; id++ {
		list = append(list, card(id, 0))
	}
	return list
}

func ids(cards []storage.Card) []walletport.CardID {
	list := []walletport.CardID{}
	for _, c := range cards {
		list = append(list, c.ID)
	}
	return list
}

// entry makes the entry behind head, chained to it as package audit would.
func entry(head storage.AuditHead, name string) storage.AuditEntry {
	seq := head.Seq + 1
	return storage.AuditEntry{
		Seq: seq,
		Record: walletport.AuditRecord{
			Time:          at(seq),
			RequestID:     name,
			ClientID:      "client",
			AuditUser:     "someone@example.com",
			Action:        walletport.ActionProvision(walletport.IssuerWallet),
			Issuer:        "first-bank",
			CardID:        walletport.CardID(seq),
			Wallet:        "wallet",
			Scheme:        walletport.Mastercard,
			Outcome:       walletport.OutcomeOK,
			KeyVersions:   []string{"mdes/3", "tav/1"},
			StepUp:        "eba-sca/fido",
			RemoteAddress: "192.0.2.1",
			Details:       walletport.AuditDetails{{Name: "change", Value: "a \"b\" <c> \\"}, {Name: "host", Value: "zürich"}},
		},
		Hash: chain(head.Hash, seq, name),
	}
}

func chain(previous []byte, seq int64, name string) []byte {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(bytes.Clone(previous), uint64(seq)), name...))
	return sum[:]
}

// links returns a linker of count entries named name-0, name-1, …
func links(name string, count int) func(storage.AuditHead) ([]storage.AuditEntry, error) {
	return func(head storage.AuditHead) ([]storage.AuditEntry, error) {
		entries := make([]storage.AuditEntry, count)
		for i := range entries {
			entries[i] = entry(head, fmt.Sprintf("%s-%d", name, i))
			head = storage.AuditHead{Seq: entries[i].Seq, Hash: entries[i].Hash}
		}
		return entries, nil
	}
}

func mustPut(t testing.TB, s storage.Store, cards ...storage.Card) storage.PutResult {
	t.Helper()
	result, err := s.PutCards(t.Context(), cards)
	if err != nil {
		t.Fatalf("PutCards: %v", err)
	}
	return result
}

func mustAppend(t testing.TB, s storage.Store, link func(storage.AuditHead) ([]storage.AuditEntry, error)) {
	t.Helper()
	if err := s.AppendAudit(t.Context(), link); err != nil {
		t.Fatalf("AppendAudit: %v", err)
	}
}

// must returns the value of a call that has to succeed.
func must[T any](value T, err error) func(t testing.TB, call string) T {
	return func(t testing.TB, call string) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		return value
	}
}

func wantEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantError(t testing.TB, what string, err error, code walletport.Code, reason string) {
	t.Helper()
	if walletport.CodeOf(err) != code || walletport.ReasonOf(err) != reason {
		t.Errorf("%s: got error %v, want code %s, reason %s", what, err, code, reason)
	}
}

// wantContextError proves that a caller who left can be told from a database that failed.
func wantContextError(t testing.TB, what string, err error) {
	t.Helper()
	wantError(t, what, err, walletport.CodeUnavailable, "store_unavailable")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%s: got error %v, want context.Canceled in its chain", what, err)
	}
}
