package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
)

// mustChainOf returns a trail of another beginning, so that its tree is another.
func mustChainOf(t *testing.T, ring *keys.Ring, first, n int) *memory {
	t.Helper()
	m := newMemory()
	l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
	for i := range n {
		if err := l.Record(t.Context(), record(first+i)); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	return m
}

func (m *memory) noteAt(size int64) *storage.Note {
	m.lock.Lock()
	defer m.lock.Unlock()
	for i := range m.notes {
		if m.notes[i].Size == size {
			return &m.notes[i]
		}
	}
	return nil
}

// TestVerifyNamesTheFaultOfATree edits the tree of 1100 records, or its notes, of which
// there is one at each hundredth record.
func TestVerifyNamesTheFaultOfATree(t *testing.T) {
	ring := checkpointRing(t)
	good := mustChain(t, ring, 1100)
	other := mustChainOf(t, ring, 5000, 300)
	foreign := mustChain(t, checkpointRing(t), 300)
	for _, c := range []struct {
		name string
		do   func(m *memory)
		kind audit.Kind
		seq  int64
	}{
		{"a tree node changed", func(m *memory) { m.nodes[1].Hash = bytes.Repeat([]byte{7}, 32) }, audit.TreeChanged, 512},
		{"a tree node of half a hash", func(m *memory) { m.nodes[0].Hash = m.nodes[0].Hash[:16] }, audit.TreeChanged, 256},
		{"a tree node that is gone", func(m *memory) { m.nodes = slices.Delete(m.nodes, 2, 3) }, audit.TreeChanged, 768},
		{"two tree nodes that changed places", func(m *memory) {
			m.nodes[0].Hash, m.nodes[1].Hash = m.nodes[1].Hash, m.nodes[0].Hash
		}, audit.TreeChanged, 256},
		{"a checkpoint of another tree", func(m *memory) { m.noteAt(300).Text = other.noteAt(300).Text }, audit.NoteMismatch, 300},
		{"a checkpoint of another size", func(m *memory) { m.noteAt(300).Text = m.noteAt(400).Text }, audit.NoteMismatch, 300},
		{"a checkpoint of another key", func(m *memory) { m.noteAt(300).Text = foreign.noteAt(300).Text }, audit.CheckpointKeyUnknown, 300},
		{"a checkpoint with another root", func(m *memory) {
			lines := strings.Split(m.noteAt(300).Text, "\n")
			lines[2] = strings.Split(m.noteAt(400).Text, "\n")[2]
			m.noteAt(300).Text = strings.Join(lines, "\n")
		}, audit.NoteForged, 300},
		{"a checkpoint with a signature more", func(m *memory) {
			m.noteAt(300).Text += "\u2014 somebody.example " + strings.Repeat("A", 96) + "\n"
		}, audit.NoteForged, 300},
		{"a checkpoint with its signature twice", func(m *memory) {
			text := m.noteAt(300).Text
			m.noteAt(300).Text += text[strings.Index(text, "\n\n")+2:]
		}, audit.NoteForged, 300},
		{"a checkpoint that is none", func(m *memory) { m.noteAt(300).Text = "none" }, audit.NoteForged, 300},
		{"records rewritten, and their checkpoints deleted", func(m *memory) {
			m.rewrite(250)
			m.checkpoints = nil
		}, audit.TreeChanged, 256},
		{"records rewritten, and their checkpoints and nodes deleted", func(m *memory) {
			m.rewrite(250)
			m.checkpoints, m.nodes = nil, nil
		}, audit.TreeChanged, 256},
		{"records rewritten behind the last node", func(m *memory) {
			m.rewrite(1090)
			m.checkpoints = nil
		}, audit.NoteMismatch, 1100},
		{"the end is gone, and its checkpoints", func(m *memory) {
			m.entries = m.entries[:1050]
			m.head = storage.AuditHead{Seq: 1050, Hash: m.entries[1049].Hash}
			m.checkpoints = nil
		}, audit.Truncated, 1051},
		{"a checkpoint behind the end that is none", func(m *memory) {
			m.notes = append(m.notes, storage.Note{Size: 1200, Text: "none"})
		}, audit.NoteForged, 1200},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := good.clone()
			c.do(m)
			_, err := audit.Verify(t.Context(), m, audit.TrustedKeys(ring))
			wantBreak(t, err, c.kind, c.seq)
		})
	}
}

// TestNotesAreThoseOfTheOracle reads notes and trees with the packages of Go's checksum
// database.
func TestNotesAreThoseOfTheOracle(t *testing.T) {
	ring := checkpointRing(t)
	m := mustChain(t, ring, 700)
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) (list []tlog.Hash, err error) {
		for _, i := range indexes {
			list = append(list, hashes[i])
		}
		return list, nil
	})
	for i, e := range m.entries {
		added, err := tlog.StoredHashes(int64(i), e.Hash, read)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, added...)
	}
	if len(m.notes) != 7 {
		t.Fatalf("%d notes", len(m.notes))
	}
	for _, n := range m.notes {
		origin := fmt.Sprintf("walletport/audit/%x", m.entries[0].Hash[:8])
		vkey, err := note.NewEd25519VerifierKey(origin, publicOf(t, ring)[0].Public)
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := note.Open([]byte(n.Text), note.VerifierList(verifier))
		if err != nil {
			t.Fatal(err)
		}
		root, err := tlog.TreeHash(n.Size, read)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%s\n%d\n%s\n", origin, n.Size, root); opened.Text != want {
			t.Errorf("the note is\n%swant\n%s", opened.Text, want)
		}
	}
}

// TestATreeIsMadeOnceHoweverManyMakeIt has two servers note at once, and a third go on
// with what they stored.
func TestATreeIsMadeOnceHoweverManyMakeIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, database string) {
		ring, store := checkpointRing(t), mustOpen(t, database)
		settings := audit.Settings{CheckpointEvery: 50}
		config := audit.Config{Store: store, Keys: keystest.NewSource(ring), Settings: settings}
		one, stopOne := mustRun(t, config)
		two, stopTwo := mustRun(t, config)
		mustRecordAll(t, one, 300, 8)
		mustRecordAll(t, two, 300, 8)
		stopOne()
		stopTwo()
		three, stopThree := mustRun(t, config)
		mustRecordAll(t, three, 100, 1)
		stopThree()
		got := mustVerify(t, store, ring)
		if got.Tree == nil || got.Tree.Size != 700 || got.Notes < 2 {
			t.Errorf("Verify = %d notes, the last %+v", got.Notes, got.Tree)
		}
		nodes, err := store.TreeNodes(t.Context(), 1, 0, 10)
		if err != nil || len(nodes) != 2 {
			t.Errorf("%d nodes, %v", len(nodes), err)
		}
		mustExec(t, database, "UPDATE audit_tree SET hash = (SELECT hash FROM audit_entries WHERE seq = 1) WHERE level = 1 AND number = 1")
		_, err = audit.Verify(t.Context(), store, audit.TrustedKeys(ring))
		wantBreak(t, err, audit.TreeChanged, 512)
	})
}

// TestAnOldTrailGetsItsTree begins with a trail of before there were trees, and with one
// whose building was interrupted.
func TestAnOldTrailGetsItsTree(t *testing.T) {
	ring := checkpointRing(t)
	for _, c := range []struct {
		name  string
		nodes int // that are left
	}{{"never begun", 0}, {"interrupted", 2}, {"all nodes, and no note", 4}} {
		t.Run(c.name, func(t *testing.T) {
			m := mustChain(t, ring, 1100)
			whole := m.clone()
			m.nodes, m.notes = m.nodes[:c.nodes], nil
			if got := mustVerify(t, m, ring); got.Tree != nil {
				t.Errorf("before: %+v", got.Tree)
			}
			_, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
			stop()
			if got := mustVerify(t, m, ring); got.Tree == nil || got.Tree.Size != 1100 {
				t.Errorf("after: %+v", got.Tree)
			}
			if !slices.EqualFunc(m.nodes, whole.nodes, func(a, b storage.TreeNode) bool { return a.Number == b.Number && bytes.Equal(a.Hash, b.Hash) }) {
				t.Error("other nodes than before")
			}
		})
	}
}

// TestNoNoteIsSignedThatContradictsTheLast rewrites records that are noted, and lets a
// server go on. What somebody stored behind the last note does not make it forget that.
func TestNoNoteIsSignedThatContradictsTheLast(t *testing.T) {
	ring := checkpointRing(t)
	good, foreign := mustChain(t, ring, 300), mustChain(t, checkpointRing(t), 3)
	for _, c := range []struct {
		name   string
		behind func(m *memory)
		want   string
	}{
		{"", func(*memory) {}, "does not go on"},
		{"behind a note that is none", func(m *memory) { m.notes = append(m.notes, storage.Note{Size: 1000, Text: "none"}) }, "the note at record 1000"},
		{"behind a note of another size", func(m *memory) { m.notes = append(m.notes, storage.Note{Size: 1000, Text: m.notes[2].Text}) }, "is over 300 records"},
		{"behind a note of another key", func(m *memory) { m.notes = append(m.notes, storage.Note{Size: 1000, Text: foreign.notes[0].Text}) }, "does not go on"},
		{"behind many of another key", func(m *memory) {
			for i := range int64(1000) {
				m.notes = append(m.notes, storage.Note{Size: 1000 + i, Text: foreign.notes[0].Text})
			}
		}, "does not go on"},
		{"between others of another key", func(m *memory) {
			m.notes = append([]storage.Note{{Size: 1, Text: foreign.notes[0].Text}}, append(m.notes, storage.Note{Size: 1000, Text: foreign.notes[0].Text})...)
		}, "does not go on"},
		{"behind one that is none and one of another key", func(m *memory) {
			m.notes = append(m.notes, storage.Note{Size: 1000, Text: "none"}, storage.Note{Size: 1001, Text: foreign.notes[0].Text})
		}, "the note at record 1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := good.clone()
			m.rewrite(40)
			m.checkpoints, m.nodes = nil, nil
			c.behind(m)
			stored, seen := len(m.notes), &observed{}
			l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Observer: seen})
			mustRecordAll(t, l, 1, 1)
			stop()
			if len(seen.noted) > 0 || len(m.notes) != stored || len(seen.unnoted) == 0 || !strings.Contains(seen.unnoted[0].Error(), c.want) {
				t.Errorf("noted %v, %d notes of %d, refused %v", seen.noted, len(m.notes), stored, seen.unnoted)
			}
		})
	}
}

// TestATrailWhoseKeyWasLostIsNotedAgain: its notes are of a key that nobody has.
func TestATrailWhoseKeyWasLostIsNotedAgain(t *testing.T) {
	m := mustChain(t, checkpointRing(t), 300)
	ring := keystest.Ring(t, keys.Meta{Purpose: keys.AuditCheckpoint, Version: 2})
	seen := &observed{}
	l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Observer: seen, KeyLost: true})
	mustRecordAll(t, l, 1, 1)
	stop()
	l, stop = mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Observer: seen})
	mustRecordAll(t, l, 1, 1)
	stop()
	if m.noteAt(301) == nil || m.noteAt(302) == nil || len(seen.unnoted) > 0 {
		t.Errorf("%d notes, refused %v", len(m.notes), seen.unnoted)
	}
}

// TestNoNoteIsSignedOverWhatIsNoRecord: who can write the database puts a hash where a record's
// stands, until it is noted, and would have a proof of a record that never was. The server that
// wrote the record knows its hash, another one reads the record.
func TestNoNoteIsSignedOverWhatIsNoRecord(t *testing.T) {
	forged := record(1)
	forged.Outcome = "forged"
	ring := checkpointRing(t)
	good := mustChain(t, ring, 3)
	for _, c := range []struct {
		name string
		do   func(m *memory)
	}{
		{"a hash of another record", func(m *memory) {
			hash := audit.Hash(m.entries[0].Hash, 2, &forged)
			m.entries[1].Hash = hash[:]
		}},
		{"another record", func(m *memory) { m.entries[1].Record = forged }},
		{"a record that cannot be read", func(m *memory) { m.entries[1].Unreadable = map[string]string{"cardId": "x"} }},
		{"a record that is missing", func(m *memory) { m.entries = slices.Delete(m.entries, 1, 2) }},
		{"the last record is another", func(m *memory) { m.entries[2].Record = forged }},
		{"the last record is missing", func(m *memory) { m.entries = m.entries[:2] }},
		{"other records from there on, behind which the head was left", func(m *memory) {
			head := m.head
			m.rewrite(2)
			m.head = head
		}},
	} {
		t.Run("by another server: "+c.name, func(t *testing.T) {
			m, seen := good.clone(), &observed{}
			m.checkpoints, m.notes = nil, nil
			c.do(m)
			_, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Observer: seen})
			stop()
			if len(m.notes) > 0 || len(seen.unnoted) == 0 {
				t.Errorf("%d notes, refused %v", len(m.notes), seen.unnoted)
			}
		})
		t.Run("by the server that wrote it: "+c.name, func(t *testing.T) {
			m := newMemory()
			l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring)})
			for i := range 3 {
				if err := l.Record(t.Context(), record(i)); err != nil {
					t.Fatal(err)
				}
			}
			m.lock.Lock()
			c.do(m)
			m.lock.Unlock()
			stop()
			if m.noteAt(3) == nil || m.noteAt(3).Text != good.noteAt(3).Text {
				t.Errorf("the note is %+v, want %+v", m.noteAt(3), good.noteAt(3))
			}
		})
	}
}

// TestWhatAServerWroteItNeedNotRead to note it: however many commits it was, of batches and of
// changes, and where a note ends within them.
func TestWhatAServerWroteItNeedNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring, m, seen := checkpointRing(t), newMemory(), &observed{}
		m.readFail = func(method string) error {
			if method == "AuditAfter" {
				return errors.New("it reads records")
			}
			return nil
		}
		l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Observer: seen, Settings: audit.Settings{CheckpointEvery: 100}})
		for range 20 {
			mustRecordAll(t, l, 70, 7)
			synctest.Wait()
		}
		stop()
		m.readFail = nil
		if got := mustVerify(t, m, ring); got.Tree == nil || got.Tree.Size != 1400 || got.Notes < 10 || len(seen.unnoted) > 0 {
			t.Errorf("%d notes, the last %+v, refused %v", got.Notes, got.Tree, seen.unnoted)
		}
	})
}

// TestANodeThatNobodyMadeIsNotNoted: it stands where one will be, before there is a note that
// covers it. The note is over the records all the same, and the next one is not signed.
func TestANodeThatNobodyMadeIsNotNoted(t *testing.T) {
	ring := checkpointRing(t)
	run := func(m *memory, seen *observed, n int) {
		l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Observer: seen})
		mustRecordAll(t, l, n, 1)
		stop()
	}
	clean, m := newMemory(), newMemory()
	m.nodes = []storage.TreeNode{{Level: 1, Number: 0, Hash: bytes.Repeat([]byte{7}, 32)}}
	seen := &observed{}
	run(clean, &observed{}, 256)
	run(m, seen, 256)
	if m.noteAt(256) == nil || m.noteAt(256).Text != clean.noteAt(256).Text {
		t.Errorf("the note is %+v, want %+v", m.noteAt(256), clean.noteAt(256))
	}
	run(m, seen, 1)
	if len(m.notes) != 1 || len(seen.unnoted) == 0 || !errors.Is(seen.unnoted[0], audit.ErrInconsistent) {
		t.Errorf("%d notes, refused %v", len(m.notes), seen.unnoted)
	}
	_, err := audit.Verify(t.Context(), m, audit.TrustedKeys(ring))
	wantBreak(t, err, audit.TreeChanged, 256)
}

// TestATreeForgetsWhatTheDatabaseLost sets the database back under a server, and has another
// one write other records where the lost ones were. The first one, which knows of a note over
// them, signs no further one; the next server does. The checkpoints over the lost records, which
// Verify names, are taken away to see the tree alone.
func TestATreeForgetsWhatTheDatabaseLost(t *testing.T) {
	for _, c := range []struct {
		name               string
		own, others, again int // records of the server before, of another then, and of its own again
		found              int // records that the server finds, noted
		lost               []int64
	}{
		{"and has become longer", 300, 150, 300, 0, []int64{300}},
		{"and is shorter", 300, 50, 10, 0, []int64{300}},
		{"that the server found", 0, 150, 10, 300, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ring, m, seen := checkpointRing(t), newMemory(), &observed{}
				if c.found > 0 {
					m = mustChain(t, ring, c.found)
				}
				config := audit.Config{Store: m, Keys: keystest.NewSource(ring), Settings: audit.Settings{CheckpointInterval: time.Minute}, Observer: seen}
				l, stop := mustRun(t, config)
				mustRecordAll(t, l, c.own, 1)
				time.Sleep(time.Minute + time.Second)
				synctest.Wait() // for the notes too
				if m.noteAt(300) == nil || len(m.nodes) != 1 {
					t.Fatalf("%d notes, %d nodes", len(m.notes), len(m.nodes))
				}
				m.entries, m.checkpoints, m.notes, m.nodes = m.entries[:200], nil, nil, nil
				m.head = storage.AuditHead{Seq: 200, Hash: m.entries[199].Hash}
				another, stopAnother := mustRun(t, config)
				mustRecordAll(t, another, c.others, 1)
				stopAnother()
				mustRecordAll(t, l, c.again, 1)
				time.Sleep(time.Minute + time.Second)
				stop()
				end := int64(200 + c.others + c.again)
				if !slices.Equal(seen.lost, c.lost) || m.noteAt(end) != nil || len(seen.unnoted) == 0 || !errors.Is(seen.unnoted[0], audit.ErrInconsistent) {
					t.Errorf("lost %v, %d notes, refused %v", seen.lost, len(m.notes), seen.unnoted)
				}
				m.checkpoints = nil
				_, stopNext := mustRun(t, config)
				stopNext()
				if got := mustVerify(t, m, ring); got.Tree == nil || got.Tree.Size != end || len(m.nodes) != int(end)/256 {
					t.Errorf("the tree is %+v of %d nodes", got.Tree, len(m.nodes))
				}
			})
		})
	}
}

func TestAnOriginOfOnesOwn(t *testing.T) {
	m, ring := newMemory(), checkpointRing(t)
	l, stop := mustRun(t, audit.Config{Store: m, Keys: keystest.NewSource(ring), Settings: audit.Settings{Origin: "bank.example/audit"}})
	mustRecordAll(t, l, 1, 1)
	stop()
	if got := mustVerify(t, m, ring); got.Tree.Origin != "bank.example/audit" {
		t.Errorf("origin %q", got.Tree.Origin)
	}
	for _, wrong := range []string{"a b", "a+b", "a\nb", strings.Repeat("a", 256)} {
		if err := (audit.Settings{Origin: wrong}).Validate(); err == nil {
			t.Errorf("%q is an origin", wrong)
		}
	}
}
