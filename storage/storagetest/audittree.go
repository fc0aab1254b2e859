package storagetest

import (
	"bytes"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testAuditTree(t *testing.T, database NewDatabase) {
	withStore(t, database, "hashes of entries come in pages", testAuditHashes)
	withStore(t, database, "a node that stands stays", testTreeNodes)
	withStore(t, database, "nodes come in pages of one level", testTreePages)
	withStore(t, database, "a note is stored once", testNotes)
	withStore(t, database, "the newest cosignature of a witness and a size is kept", testCosignatures)
	withStore(t, database, "text that no engine can keep is refused", func(t *testing.T, s storage.Store) {
		wantError(t, "AddNote", s.AddNote(t.Context(), storage.Note{Size: 1, Text: "zero \x00"}), walletport.CodeInvalid, "text_malformed")
		for _, c := range []storage.Cosignature{{Size: 1, Witness: "zero \x00"}, {Size: 1, Line: "broken \xff"}} {
			wantError(t, "AddCosignature", s.AddCosignature(t.Context(), c), walletport.CodeInvalid, "text_malformed")
		}
	})
}

func testAuditHashes(t *testing.T, s storage.Store) {
	var all []storage.AuditHead
	mustAppend(t, s, func(head storage.AuditHead) ([]storage.AuditEntry, error) {
		entries, err := links("hash", 5)(head)
		for _, e := range entries {
			all = append(all, storage.AuditHead{Seq: e.Seq, Hash: e.Hash})
		}
		return entries, err
	})
	for _, p := range []struct {
		after int64
		limit int
		want  []storage.AuditHead
	}{
		{0, 10, all},
		{2, 2, all[2:4]},
		{5, 10, nil},
		{0, 0, nil},
	} {
		wantEqual(t, "hashes", must(s.AuditHashes(t.Context(), p.after, p.limit))(t, "AuditHashes"), p.want)
	}
}

// node makes the node of a level and number; mark makes it another.
func node(level int, number int64, mark byte) storage.TreeNode {
	return storage.TreeNode{Level: level, Number: number, Hash: append(bytes.Repeat([]byte{byte(level), byte(number)}, 15), 0, mark)}
}

func testTreeNodes(t *testing.T, s storage.Store) {
	wantEqual(t, "length of none", must(s.TreeLength(t.Context(), 1))(t, "TreeLength"), int64(0))
	wantEqual(t, "none", must(s.TreeNodes(t.Context(), 1, 0, 10))(t, "TreeNodes"), []storage.TreeNode{})
	for _, nodes := range [][]storage.TreeNode{
		nil,
		{node(1, 0, 1), node(1, 1, 1), node(2, 0, 1)},
		{node(1, 1, 2), node(1, 2, 2), node(2, 0, 2)}, // of another server, which was told something else
	} {
		if err := s.AddTreeNodes(t.Context(), nodes); err != nil {
			t.Fatalf("AddTreeNodes: %v", err)
		}
	}
	wantEqual(t, "level 1", must(s.TreeNodes(t.Context(), 1, 0, 10))(t, "TreeNodes"), []storage.TreeNode{node(1, 0, 1), node(1, 1, 1), node(1, 2, 2)})
	wantEqual(t, "level 2", must(s.TreeNodes(t.Context(), 2, 0, 10))(t, "TreeNodes"), []storage.TreeNode{node(2, 0, 1)})
	wantEqual(t, "length of level 1", must(s.TreeLength(t.Context(), 1))(t, "TreeLength"), int64(3))
	wantEqual(t, "length of level 2", must(s.TreeLength(t.Context(), 2))(t, "TreeLength"), int64(1))
	wantEqual(t, "length of level 3", must(s.TreeLength(t.Context(), 3))(t, "TreeLength"), int64(0))
}

func testTreePages(t *testing.T, s storage.Store) {
	var level1 []storage.TreeNode
	for number := range int64(5) {
		level1 = append(level1, node(1, number, 0))
	}
	if err := s.AddTreeNodes(t.Context(), append(level1, node(2, 0, 0), node(2, 1, 0))); err != nil {
		t.Fatalf("AddTreeNodes: %v", err)
	}
	for _, p := range []struct {
		first int64
		limit int
		want  []storage.TreeNode
	}{
		{0, 100, level1},
		{1, 3, level1[1:4]},
		{4, 100, level1[4:]},
		{5, 100, nil},
		{0, 0, nil},
	} {
		wantEqual(t, "nodes", must(s.TreeNodes(t.Context(), 1, p.first, p.limit))(t, "TreeNodes"), p.want)
	}
}

func testNotes(t *testing.T, s storage.Store) {
	first := storage.Note{Size: 10, Text: "log\n10\n\n— log zoë\n"}
	second := storage.Note{Size: 2, Text: "log\n2\n"}
	wantEqual(t, "the last of none", must(s.LastNote(t.Context()))(t, "LastNote"), storage.Note{})
	for _, n := range []storage.Note{first, second, {Size: 10, Text: "another"}} {
		if err := s.AddNote(t.Context(), n); err != nil {
			t.Fatalf("AddNote: %v", err)
		}
	}
	wantEqual(t, "all", must(s.Notes(t.Context(), 0, 10))(t, "Notes"), []storage.Note{second, first})
	wantEqual(t, "above 2", must(s.Notes(t.Context(), 2, 10))(t, "Notes"), []storage.Note{first})
	wantEqual(t, "one", must(s.Notes(t.Context(), 0, 1))(t, "Notes"), []storage.Note{second})
	wantEqual(t, "none", must(s.Notes(t.Context(), 10, 10))(t, "Notes"), []storage.Note{})
	wantEqual(t, "the last", must(s.LastNote(t.Context()))(t, "LastNote"), first)
}

func testCosignatures(t *testing.T, s storage.Store) {
	line := func(witness string, size int64, text string) storage.Cosignature {
		return storage.Cosignature{Size: size, Witness: witness, Line: "— " + witness + " " + text + "\n"}
	}
	for _, c := range []storage.Cosignature{
		line("w2.example", 10, "a"), line("w1.example", 10, "b"), line("w1.example", 7, "c"), line("w1.example", 10, "again"),
	} {
		if err := s.AddCosignature(t.Context(), c); err != nil {
			t.Fatalf("AddCosignature: %v", err)
		}
	}
	wantEqual(t, "of 10", must(s.Cosignatures(t.Context(), 10))(t, "Cosignatures"), []storage.Cosignature{line("w1.example", 10, "again"), line("w2.example", 10, "a")})
	wantEqual(t, "of 7", must(s.Cosignatures(t.Context(), 7))(t, "Cosignatures"), []storage.Cosignature{line("w1.example", 7, "c")})
	wantEqual(t, "of 8", must(s.Cosignatures(t.Context(), 8))(t, "Cosignatures"), []storage.Cosignature{})
	wantEqual(t, "the last", must(s.LastCosignature(t.Context(), "w1.example"))(t, "LastCosignature"), line("w1.example", 10, "again"))
	wantEqual(t, "the last of nobody", must(s.LastCosignature(t.Context(), "w3.example"))(t, "LastCosignature"), storage.Cosignature{})
}
