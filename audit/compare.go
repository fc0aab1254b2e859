package audit

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/walletport/walletport/storage"
)

// Comparison says how an export and a stored trail agree.
type Comparison struct {
	Export Summary // what was verified of the export
	// Same counts the records of the exports, up to the first difference, that stand in the trail as they
	// were exported.
	Same int64
	// Last is the number of the trail's last record.
	Last int64
}

// Compare holds a stored trail against an export of it that was archived: a trail that
// was rewritten, or cut back to an earlier checkpoint, may be whole in itself, and only
// what lies elsewhere shows it. The export is verified as by VerifyExport, with the
// same errors; then a *Break names the first record that the trail no longer has
// (Truncated, Removed) or that is another (Rewritten). The trail may have more records
// and may grow meanwhile. Memory does not depend on the length of either.
func Compare(ctx context.Context, source Source, r io.Reader, trusted []TrustedKey) (Comparison, error) {
	c, err := NewComparer(ctx, source, trusted)
	if err != nil {
		return Comparison{}, err
	}
	err = c.Next(ctx, r)
	return c.Result(), err
}

// Comparer holds a stored trail against exports that are parts of one, see Parts and
// Compare. It is not safe for concurrent use, and of no use after an error.
type Comparer struct {
	parts      *Parts
	source     Source
	page       []line
	difference *Break // the first one stands until the export's end has proved whom to believe
	result     Comparison
}

// NewComparer returns a Comparer for the trail of source as long as it is now.
func NewComparer(ctx context.Context, source Source, trusted []TrustedKey) (*Comparer, error) {
	head, err := source.AuditHead(ctx)
	if err != nil {
		return nil, err
	}
	c := &Comparer{parts: NewParts(trusted), source: source, result: Comparison{Last: head.Seq}}
	c.parts.each = c.take
	return c, nil
}

// Next compares the next export.
func (c *Comparer) Next(ctx context.Context, r io.Reader) error {
	if err := c.parts.Next(ctx, r); err != nil {
		return fmt.Errorf("the export: %w", err)
	}
	if err := c.flush(ctx); err != nil {
		return err
	}
	if c.ended() {
		return c.difference
	}
	return nil
}

// Result says what was compared so far.
func (c *Comparer) Result() Comparison {
	c.result.Export = c.parts.Summary()
	return c.result
}

// ended reports whether the difference is found, after which nothing is compared.
func (c *Comparer) ended() bool { return c.difference != nil }

func (c *Comparer) take(ctx context.Context, l *line) error {
	before := c.parts.sum
	if c.ended() || before.Records > 0 && l.Seq >= before.FirstSeq && l.Seq <= before.LastSeq {
		return c.flush(ctx) // Parts says whether what an earlier export has, too, is the same
	}
	c.page = append(c.page, *l)
	if len(c.page) < pageSize {
		return nil
	}
	return c.flush(ctx)
}

func (c *Comparer) flush(ctx context.Context) error {
	if c.ended() || len(c.page) == 0 {
		return nil
	}
	entries, err := c.source.AuditAfter(ctx, c.page[0].Seq-1, len(c.page))
	if err != nil {
		return err
	}
	var hashes hasher
	for i := range c.page {
		c.difference = c.differs(&hashes, &c.page[i], entries, i)
		if c.ended() {
			return nil
		}
		c.result.Same++
	}
	c.page = c.page[:0]
	return nil
}

// differs compares the line l with the i-th entry that stands there.
func (c *Comparer) differs(hashes *hasher, l *line, entries []storage.AuditEntry, i int) *Break {
	if i >= len(entries) {
		return &Break{Seq: l.Seq, Kind: Truncated, Detail: fmt.Sprintf("the record was exported, with the time %s, and the trail ends at record %d", formatTime(l.Record.Time), l.Seq-1)}
	}
	e := &entries[i]
	switch {
	case e.Seq != l.Seq:
		return &Break{Seq: l.Seq, Kind: Removed, Detail: fmt.Sprintf("the record was exported, and the trail goes on with record %d", e.Seq)}
	case !bytes.Equal(e.Hash, l.Hash):
		return &Break{Seq: l.Seq, Kind: Rewritten, Detail: fmt.Sprintf("the record was exported with the time %s and the hash %x; in the trail it has the time %s and the hash %x",
			formatTime(l.Record.Time), l.Hash, formatTime(e.Record.Time), e.Hash)}
	case !hashes.fits(l.previous, l.Seq, e):
		return &Break{Seq: l.Seq, Kind: Rewritten, Detail: "the trail has the hash that was exported, over another record"}
	}
	return nil
}
