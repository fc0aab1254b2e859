package vault

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
)

// seenKey names what a row is about, in 16 bytes. Those of cards sort as their ids do.
type seenKey [16]byte

// seenRow is what the import remembers of a row it took.
type seenRow struct {
	line   int64
	digest [8]byte
	// resumed: the row was taken before the import was broken off, and may have been refused
	// then.
	resumed bool
}

// seenTogether is how many rows are remembered in memory, at some 80 bytes each; the others
// are in scratch files, at 32.
const seenTogether = 1 << 18

// seenRows remembers the rows of a file, however many. Those in scratch files are found by a
// filter and an index of each file, which take two bytes of memory a row.
type seenRows struct {
	folder   string
	together int
	recent   map[seenKey]seenRow
	runs     []*seenRun
}

func newSeenRows(folder string) *seenRows {
	return &seenRows{folder: folder, together: seenTogether, recent: map[seenKey]seenRow{}}
}

// makeRoom makes room for the rows of one more chunk.
func (s *seenRows) makeRoom() error {
	if len(s.recent)+chunkRows <= s.together {
		return nil
	}
	run, err := writeSeenRun(s.folder, s.recent)
	if err != nil {
		return err
	}
	s.runs = append(s.runs, run)
	clear(s.recent)
	return nil
}

func (s *seenRows) find(key seenKey) (seenRow, bool, error) {
	if row, ok := s.recent[key]; ok {
		return row, true, nil
	}
	bits := bitsOf(key)
	for _, run := range slices.Backward(s.runs) { // a key that was noted again has its newer row in a later run
		if row, ok, err := run.find(key, bits); ok || err != nil {
			return row, ok, err
		}
	}
	return seenRow{}, false, nil
}

func (s *seenRows) close() {
	for _, run := range s.runs {
		run.file.Close()
	}
	s.runs = nil
}

const (
	seenBytes    = 32  // of a record: key, line with the mark of a resumed row, digest
	seenPage     = 128 // records that are read together
	filterBits   = 12  // a row; with filterHashes, one in 155 rows is looked for in vain
	filterHashes = 4
	resumedMark  = 1 << 63
)

// seenRun is rows in a scratch file, in the order of their keys.
type seenRun struct {
	file        *os.File
	rows        int
	first, last seenKey
	pages       []seenKey // the first key of each page
	filter      []uint64
}

func writeSeenRun(folder string, rows map[seenKey]seenRow) (*seenRun, error) {
	sorted := make([]seenKey, 0, len(rows))
	for key := range rows {
		sorted = append(sorted, key)
	}
	slices.SortFunc(sorted, func(a, b seenKey) int { return bytes.Compare(a[:], b[:]) })
	run := &seenRun{rows: len(sorted), first: sorted[0], last: sorted[len(sorted)-1], filter: make([]uint64, len(sorted)*filterBits/64+1)}
	content := make([]byte, 0, len(sorted)*seenBytes)
	for i, key := range sorted {
		if i%seenPage == 0 {
			run.pages = append(run.pages, key)
		}
		row := rows[key]
		line := uint64(row.line)
		if row.resumed {
			line |= resumedMark
		}
		content = append(content, key[:]...)
		content = binary.BigEndian.AppendUint64(content, line)
		content = append(content, row.digest[:]...)
		run.note(bitsOf(key))
	}
	f, err := scratchFile(folder)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(content); err != nil {
		f.Close()
		return nil, scratchFault(err)
	}
	run.file = f
	return run, nil
}

// find looks the row of a key up, which has these bits in the filters.
func (r *seenRun) find(key seenKey, bits keyBits) (seenRow, bool, error) {
	if bytes.Compare(key[:], r.first[:]) < 0 || bytes.Compare(key[:], r.last[:]) > 0 || !r.mayHave(bits) {
		return seenRow{}, false, nil
	}
	page, found := slices.BinarySearchFunc(r.pages, key, func(a, b seenKey) int { return bytes.Compare(a[:], b[:]) })
	if !found {
		page--
	}
	var space [seenPage * seenBytes]byte
	content := space[:min(seenPage, r.rows-page*seenPage)*seenBytes]
	if _, err := r.file.ReadAt(content, int64(page)*seenPage*seenBytes); err != nil {
		return seenRow{}, false, scratchFault(err)
	}
	for ; len(content) > 0; content = content[seenBytes:] {
		if !bytes.Equal(content[:len(key)], key[:]) {
			continue
		}
		line := binary.BigEndian.Uint64(content[len(key):])
		return seenRow{line: int64(line &^ resumedMark), digest: [8]byte(content[len(key)+8:]), resumed: line&resumedMark != 0}, true, nil
	}
	return seenRow{}, false, nil
}

func (r *seenRun) note(bits keyBits) {
	for i := range filterHashes {
		bit := bits.in(r.filter, i)
		r.filter[bit/64] |= 1 << (bit % 64)
	}
}

// mayHave is true of each key of the run, and of few others.
func (r *seenRun) mayHave(bits keyBits) bool {
	for i := range filterHashes {
		if bit := bits.in(r.filter, i); r.filter[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// keyBits are the bits of a key in filters of any size: a row of hashes that two of them give
// (Kirsch and Mitzenmacher). A key is hashed once, however many filters it is looked for in.
type keyBits struct{ first, step uint64 }

func bitsOf(key seenKey) keyBits {
	first := mixed(binary.BigEndian.Uint64(key[:8])) ^ mixed(binary.BigEndian.Uint64(key[8:])^0x9e3779b97f4a7c15)
	return keyBits{first, mixed(first) | 1}
}

// in returns the i-th bit in a filter.
func (b keyBits) in(filter []uint64, i int) uint64 {
	return (b.first + uint64(i)*b.step) % uint64(len(filter)*64)
}

// mixed is the last step of SplitMix64: each bit of x changes half of its bits.
func mixed(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
