package storagetest

import (
	"math"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testAudit(t *testing.T, database NewDatabase) {
	withStore(t, database, "an empty chain has a head of zeros", func(t *testing.T, s storage.Store) {
		want := storage.AuditHead{Seq: 0, Hash: make([]byte, 32)}
		wantEqual(t, "AuditHead", must(s.AuditHead(t.Context()))(t, "AuditHead"), want)
		mustAppend(t, s, func(head storage.AuditHead) ([]storage.AuditEntry, error) {
			wantEqual(t, "the linker's head", head, want)
			return nil, nil
		})
		wantEqual(t, "after an empty batch", must(s.AuditHead(t.Context()))(t, "AuditHead"), want)
		wantEqual(t, "entries", must(s.AuditAfter(t.Context(), 0, 10))(t, "AuditAfter"), []storage.AuditEntry{})
	})
	withStore(t, database, "an entry comes back as it was appended", testEntryRoundTrip)
	withStore(t, database, "batches of any size follow each other", testBatches)
	withStore(t, database, "pages come in order and end", testAuditPages)
	withStore(t, database, "text that no engine can keep is refused", func(t *testing.T, s storage.Store) {
		for _, change := range []func(*walletport.AuditRecord){
			func(r *walletport.AuditRecord) { r.Wallet = "zero \x00" },
			func(r *walletport.AuditRecord) { r.ClientID = "broken \xff" },
			func(r *walletport.AuditRecord) { r.StepUp = "zero \x00" },
			func(r *walletport.AuditRecord) { r.KeyVersions = []string{"fine", "broken \xff"} },
			func(r *walletport.AuditRecord) { r.SetDetail(walletport.DetailHost, "zero \x00") },
		} {
			err := s.AppendAudit(t.Context(), func(head storage.AuditHead) ([]storage.AuditEntry, error) {
				e := entry(head, "odd")
				change(&e.Record)
				return []storage.AuditEntry{e}, nil
			})
			wantError(t, "AppendAudit", err, walletport.CodeInvalid, "text_malformed")
		}
		wantEqual(t, "head", must(s.AuditHead(t.Context()))(t, "AuditHead").Seq, int64(0))
	})
	withStore(t, database, "a checkpoint is stored once", testCheckpoints)
}

func testEntryRoundTrip(t *testing.T, s storage.Store) {
	odd := entry(storage.AuditHead{}, "odd")
	odd.Record.AuditUser = "Zoë 客戶 \U0001F4B3 'x' \\"
	odd.Record.KeyVersions = []string{"a,b", "{c}", `"d"`, ""}
	odd.Record.CardID = math.MinInt64
	bare := storage.AuditEntry{Seq: 2, Record: walletport.AuditRecord{Time: at(3)}, Hash: make([]byte, 32)}
	want := []storage.AuditEntry{odd, bare}
	mustAppend(t, s, func(storage.AuditHead) ([]storage.AuditEntry, error) { return want, nil })
	got := must(s.AuditAfter(t.Context(), 0, 10))(t, "AuditAfter")
	wantEqual(t, "entries", got, want)
	wantEqual(t, "head", must(s.AuditHead(t.Context()))(t, "AuditHead"), storage.AuditHead{Seq: 2, Hash: bare.Hash})
	if location := got[0].Record.Time.Location().String(); location != "UTC" {
		t.Errorf("time is in %s, want UTC", location)
	}
}

func testBatches(t *testing.T, s storage.Store) {
	var want []storage.AuditEntry
	for _, size := range []int{1, 3, 1, 70, 2, 31, 32, 33, 0} {
		mustAppend(t, s, func(head storage.AuditHead) ([]storage.AuditEntry, error) {
			entries, err := links("batch", size)(head)
			want = append(want, entries...)
			return entries, err
		})
	}
	wantEqual(t, "entries", must(s.AuditAfter(t.Context(), 0, 1000))(t, "AuditAfter"), want)
	wantChain(t, s, 173)
}

func testAuditPages(t *testing.T, s storage.Store) {
	mustAppend(t, s, links("page", 10))
	for _, p := range []struct {
		after int64
		limit int
		want  []int64
	}{
		{0, 3, []int64{1, 2, 3}},
		{3, 3, []int64{4, 5, 6}},
		{8, 100, []int64{9, 10}},
		{10, 100, nil},
		{0, 0, nil},
		{0, -1, nil},
	} {
		var got []int64
		for _, e := range must(s.AuditAfter(t.Context(), p.after, p.limit))(t, "AuditAfter") {
			got = append(got, e.Seq)
		}
		wantEqual(t, "sequence numbers", got, p.want)
	}
}

func testCheckpoints(t *testing.T, s storage.Store) {
	first := storage.Checkpoint{Seq: 10, Hash: chain(nil, 10, "a"), Time: at(1), KeyID: "checkpoint/1", Signature: []byte("one")}
	second := storage.Checkpoint{Seq: 2, Hash: chain(nil, 2, "b"), Time: at(2), KeyID: "checkpoint/1", Signature: []byte("two")}
	again := first
	again.Signature = []byte("other")
	wantEqual(t, "the last of none", must(s.LastCheckpoint(t.Context()))(t, "LastCheckpoint"), storage.Checkpoint{})
	for _, c := range []storage.Checkpoint{first, second, again} {
		if err := s.AddCheckpoint(t.Context(), c); err != nil {
			t.Fatalf("AddCheckpoint: %v", err)
		}
	}
	wantEqual(t, "all", must(s.Checkpoints(t.Context(), 0, 10))(t, "Checkpoints"), []storage.Checkpoint{second, first})
	wantEqual(t, "the last", must(s.LastCheckpoint(t.Context()))(t, "LastCheckpoint"), first)
	wantEqual(t, "above 2", must(s.Checkpoints(t.Context(), 2, 10))(t, "Checkpoints"), []storage.Checkpoint{first})
	wantEqual(t, "one", must(s.Checkpoints(t.Context(), 0, 1))(t, "Checkpoints"), []storage.Checkpoint{second})
	wantEqual(t, "none", must(s.Checkpoints(t.Context(), 10, 1))(t, "Checkpoints"), []storage.Checkpoint{})

	again.KeyID = "zero \x00"
	wantError(t, "AddCheckpoint", s.AddCheckpoint(t.Context(), again), walletport.CodeInvalid, "text_malformed")
}

// wantChain proves that the stored entries are one chain of length entries.
func wantChain(t testing.TB, s storage.Store, length int64) {
	t.Helper()
	head := storage.AuditHead{Hash: make([]byte, 32)}
	for {
		page, err := s.AuditAfter(t.Context(), head.Seq, 100)
		if err != nil {
			t.Fatalf("AuditAfter: %v", err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if want := entry(head, e.Record.RequestID); e.Seq != want.Seq || string(e.Hash) != string(want.Hash) {
				t.Fatalf("entry %d does not continue the chain behind %d", e.Seq, head.Seq)
			}
			head = storage.AuditHead{Seq: e.Seq, Hash: e.Hash}
		}
	}
	if head.Seq != length {
		t.Errorf("the chain has %d entries, want %d", head.Seq, length)
	}
	stored, err := s.AuditHead(t.Context())
	if err != nil {
		t.Fatalf("AuditHead: %v", err)
	}
	wantEqual(t, "stored head", stored, head)
}
