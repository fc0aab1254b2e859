package vault

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/vault/rowfile"
)

// chunkRows and chunkBytes bound what is sealed by one worker and stored in one
// transaction: the rows of a database's statement, and the text of the lines.
const (
	chunkRows  = 1000
	chunkBytes = 256 << 10
)

// chunk is a run of lines on its way through an import.
type chunk[K comparable, C any] struct {
	text  []byte // the lines, one behind the other; it is secret, never grows and is wiped
	lines []textLine
	bytes int64 // of the file, up to the end of the chunk

	done    chan struct{} // closed when the rest is filled in
	rings   []*keys.Ring  // by whose keys the rows are sealed
	rows    []row[K, C]
	taken   []row[K, C] // what was taken before the import was broken off: line, key and digest
	faults  []RowError
	bad     int64  // rows with faults
	refused []K    // what those are about, as far as that can be told
	finds   []byte // of the cards, see cardIntake.ahead
	blank   int64  // rows that say nothing
	err     error  // a fault of ours, not of a row
}

type textLine struct {
	number     int64
	begin, end int // in text
	tooLong    bool
}

// row is a good row of the file: what it does to its card or customer.
type row[K comparable, C any] struct {
	line   textLine
	digest [8]byte // of what the row says: enough to tell equal from unequal
	key    K
	change C        // to be stored; zero where nothing changes
	fields []string // names of what changes of a stored one; empty when it stays as it is
	isNew  bool
}

// isChange reports whether there is something to store.
func (r *row[K, C]) isChange() bool { return r.isNew || len(r.fields) > 0 }

func (in *intake[K, C]) newChunk() *chunk[K, C] {
	select {
	case c := <-in.free:
		*c = chunk[K, C]{text: c.text[:0], lines: c.lines[:0], rows: c.rows[:0], faults: c.faults[:0], finds: c.finds[:0], done: make(chan struct{})}
		return c
	default:
		c := &chunk[K, C]{
			text: make([]byte, 0, chunkBytes), lines: make([]textLine, 0, chunkRows), rows: make([]row[K, C], 0, chunkRows),
			done: make(chan struct{}),
		}
		in.chunks = append(in.chunks, c)
		return c
	}
}

// wipe clears the text. Until the chunk is stored it is needed: what somebody
// else changed meanwhile is read again.
func (c *chunk[K, C]) wipe() { clear(c.text[:cap(c.text)]) }

// recycle keeps the chunk's memory for another one.
func (in *intake[K, C]) recycle(c *chunk[K, C]) {
	c.wipe()
	clear(c.rows)
	select {
	case in.free <- c:
	default:
	}
}

// fillChunk reads up to chunkRows lines, as many as have room for sure. Its error
// stands behind what was read.
func (in *intake[K, C]) fillChunk(c *chunk[K, C]) error {
	for len(c.lines) < chunkRows && cap(c.text)-len(c.text) >= rowfile.MaxLineBytes {
		line, tooLong, err := in.file.Next()
		c.bytes = in.file.Bytes()
		if err != nil {
			return err
		}
		if len(line) == 0 && !tooLong {
			continue
		}
		l := textLine{number: in.file.Number(), begin: len(c.text), tooLong: tooLong}
		if !tooLong {
			c.text = append(c.text, line...)
		}
		l.end = len(c.text)
		c.lines = append(c.lines, l)
	}
	return nil
}

func (c *chunk[K, C]) reject(number int64, faults []walletport.Field) {
	c.bad++
	for _, f := range faults {
		c.faults = append(c.faults, RowError{Line: number, Field: f.Name, Rule: f.Reason})
	}
}
