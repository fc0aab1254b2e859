package vault

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/vault/rowfile"
)

// desk is where a clerk works through lines: it parses them, and marks each row with the
// digest of what it says. It is for one goroutine, and wiped after use.
type desk[K comparable, C any] struct {
	clerk  clerk[K, C]
	parser rowfile.Parser
	record rowfile.Record
	digest hash.Hash
	said   []byte // what a row says, for its digest: it is secret
}

// process fills in the rows of a chunk. Of the lines that were taken before the import was
// broken off it remembers what they are about.
func (in *intake[K, C]) process(ctx context.Context, c *chunk[K, C]) error {
	taken, _ := slices.BinarySearchFunc(c.lines, in.claim.point.Line+1, func(l textLine, line int64) int { return cmp.Compare(l.number, line) })
	in.recall(c, c.lines[:taken])
	c.lines = c.lines[taken:]
	return in.make(ctx, c, c.lines)
}

// recall fills in which rows were taken before. Those that were refused leave their place to
// later ones: rows with faults of their own, and those of errors that the report still lists. A row
// beyond them may have been refused for what was stored then.
func (in *intake[K, C]) recall(c *chunk[K, C], lines []textLine) {
	if len(lines) == 0 {
		return
	}
	d := in.newDesk(nil)
	defer d.wipe()
	for _, l := range lines {
		if l.tooLong || in.claim.point.wasRefused(l.number) || len(d.parser.Parse(c.text[l.begin:l.end], &d.record)) > 0 {
			continue
		}
		if key, ok := d.clerk.keyOf(&d.record); ok && d.clerk.isSound(&d.record) {
			c.taken = append(c.taken, row[K, C]{line: l, key: key, digest: d.digestOf()})
		}
	}
}

func (in *intake[K, C]) newDesk(ring *keys.Ring) *desk[K, C] {
	return &desk[K, C]{
		clerk: in.kind.newClerk(ring), parser: in.file.NewParser(), digest: hmac.New(sha256.New, in.digestKey),
		said: make([]byte, 0, in.rules.schema.MaxRecordBytes()),
	}
}

// make fills in the rows of some of the chunk's lines: of all at first, later of those
// whose cards or customers were changed meanwhile.
func (in *intake[K, C]) make(ctx context.Context, c *chunk[K, C], lines []textLine) error {
	if len(lines) == 0 {
		return nil
	}
	ring := in.vault.newestRing()
	if !slices.Contains(c.rings, ring) {
		c.rings = append(c.rings, ring)
	}
	d := in.newDesk(ring)
	defer d.wipe()
	if err := d.clerk.lookUp(ctx, d.about(c, lines)); err != nil {
		return err
	}
	for _, l := range lines {
		faults, err := d.line(c, l)
		if err != nil {
			return err
		}
		if len(faults) > 0 {
			c.reject(l.number, faults)
		}
	}
	return nil
}

func (d *desk[K, C]) wipe() {
	d.parser.Wipe()
	d.clerk.wipe()
	clear(d.said[:cap(d.said)])
}

// about returns what the lines are about.
func (d *desk[K, C]) about(c *chunk[K, C], lines []textLine) []K {
	about := make([]K, 0, len(lines))
	for _, l := range lines {
		if l.tooLong || len(d.parser.Parse(c.text[l.begin:l.end], &d.record)) > 0 {
			continue
		}
		if key, ok := d.clerk.keyOf(&d.record); ok {
			about = append(about, key)
		}
	}
	return about
}

// line adds the row of a line to the chunk, or says what is wrong with it.
func (d *desk[K, C]) line(c *chunk[K, C], l textLine) ([]walletport.Field, error) {
	if l.tooLong {
		return rowfile.LineFault("is longer than 8192 bytes"), nil
	}
	if faults := d.parser.Parse(c.text[l.begin:l.end], &d.record); len(faults) > 0 {
		return faults, nil
	}
	if d.record.IsBlank() {
		c.blank++
		return nil, nil
	}
	made, faults, err := d.clerk.make(&d.record)
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		if key, ok := d.clerk.keyOf(&d.record); ok {
			c.refused = append(c.refused, key)
		}
		return faults, nil
	}
	made.line, made.digest = l, d.digestOf()
	c.rows = append(c.rows, made)
	return nil, nil
}

// digestOf is keyed, for there are few PANs and telephone numbers to try.
func (d *desk[K, C]) digestOf() [8]byte {
	d.said = d.record.AppendTo(d.said[:0])
	d.digest.Reset()
	d.digest.Write(d.said)
	var sum [sha256.Size]byte
	return [8]byte(d.digest.Sum(sum[:0]))
}
