package vault_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/walletport/walletport/vault"
)

// TestSorterSortsMoreThanMemoryHolds: records of many runs come in one order, as often as they
// are asked for.
func TestSorterSortsMoreThanMemoryHolds(t *testing.T) {
	s := vault.NewSorter(t.TempDir(), 1000)
	defer s.Close()
	var want []string
	state := uint32(1)
	for range 5000 {
		state = state*1664525 + 1013904223
		record := binary.BigEndian.AppendUint32(nil, state>>8)[:2+state>>31]
		want = append(want, string(record))
		must(t, s.Add(record))
	}
	slices.Sort(want)
	for range 2 {
		var got []string
		must(t, s.Each(func(record []byte) error {
			got = append(got, string(record))
			return nil
		}))
		if !slices.Equal(got, want) {
			t.Fatalf("%d records came, not in order or not those that were added", len(got))
		}
	}
}

// seenKeyOf is the key of the i-th row; neighbours are far from one another.
func seenKeyOf(i int) (key [16]byte) {
	binary.BigEndian.PutUint64(key[8:], uint64(i)*0x9e3779b97f4a7c15)
	return key
}

// TestSeenRowsAreFoundInScratchFiles: a row is known however many came since, with its line and
// whether it was taken before the import was broken off.
func TestSeenRowsAreFoundInScratchFiles(t *testing.T) {
	const rows = 60_000
	seen := vault.NewSeenRows(t.TempDir(), 4000)
	defer seen.Close()
	row := func(i int) vault.SeenRow { return vault.SeenRow{Line: int64(i + 1), Resumed: i%3 == 0} }
	for i := range rows {
		must(t, seen.Note(seenKeyOf(i), row(i)))
	}
	if seen.Runs() < 10 {
		t.Fatalf("%d scratch files, want ten at least", seen.Runs())
	}
	for i := range 2 * rows {
		got, found, err := seen.Find(seenKeyOf(i))
		must(t, err)
		if found != (i < rows) || found && got != row(i) {
			t.Fatalf("row %d: found %t, %+v", i+1, found, got)
		}
	}
}

// TestASeenRowThatIsNotedAgain is the newer one, in whichever scratch files the two are.
func TestASeenRowThatIsNotedAgain(t *testing.T) {
	const rows = 9_000
	seen := vault.NewSeenRows(t.TempDir(), 4000)
	defer seen.Close()
	for pass := range 2 {
		for i := range rows {
			must(t, seen.Note(seenKeyOf(i), vault.SeenRow{Line: int64(pass*rows + i + 1), Resumed: pass == 0}))
		}
	}
	for i := range rows {
		got, found, err := seen.Find(seenKeyOf(i))
		must(t, err)
		if want := (vault.SeenRow{Line: int64(rows + i + 1)}); !found || got != want {
			t.Fatalf("row %d: found %t, %+v, want %+v", i+1, found, got, want)
		}
	}
}

// TestTheFilterOfSeenRows lets one key in 155 through that its scratch file does not have: (1 -
// e^(-4/12))^4 of them.
func TestTheFilterOfSeenRows(t *testing.T) {
	const rows, others = 3001, 200_000 // of so few in memory, the next chunk makes the room
	seen := vault.NewSeenRows(t.TempDir(), 4000)
	defer seen.Close()
	for i := range rows {
		must(t, seen.Note(seenKeyOf(i), vault.SeenRow{Line: int64(i + 1)}))
	}
	inVain := 0
	for i := range others {
		if seen.LooksInVain(seenKeyOf(rows + i)) {
			inVain++
		}
	}
	if inVain < others/200 || inVain > others/120 {
		t.Errorf("%d of %d keys are looked for in vain, want one in 155", inVain, others)
	}
}
