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

// TestSeenRowsAreFoundInScratchFiles: a row is known however many came since.
func TestSeenRowsAreFoundInScratchFiles(t *testing.T) {
	const rows = 60_000
	seen := vault.NewSeenRows(t.TempDir(), 4000)
	defer seen.Close()
	key := func(i int) (key [16]byte) { // neighbours are far from one another
		binary.BigEndian.PutUint64(key[8:], uint64(i)*0x9e3779b97f4a7c15)
		return key
	}
	for i := range rows {
		must(t, seen.Note(key(i), int64(i+1)))
	}
	if seen.Runs() < 10 {
		t.Fatalf("%d scratch files, want ten at least", seen.Runs())
	}
	for i := range 2 * rows {
		line, found, err := seen.Find(key(i))
		must(t, err)
		if found != (i < rows) || found && line != int64(i+1) {
			t.Fatalf("row %d: found %t on line %d", i+1, found, line)
		}
	}
}
