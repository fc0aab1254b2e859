package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// ExportOptions says what to export and who signs it.
type ExportOptions struct {
	Keys *keys.Ring // verifies the checkpoints; its active audit-checkpoint key signs the end
	Now  time.Time
	// Former are keys that verify checkpoints, too: public halves of keys that Keys lost.
	Former []TrustedKey
	// FromSeq is the first record of the export; 0 is 1.
	FromSeq int64
	// After, unless nil, is the last record of an earlier export, which this one goes on
	// from. If the trail no longer has that record, it is a *Break.
	After *Noted
	// FromTime, unless zero, begins the export with the first record of that time
	// or later, FromSeq or later. Where clocks stepped back, records of that time
	// may stand before it.
	FromTime time.Time
}

// Exported says what Export verified, and what it wrote: of a broken trail that is more.
type Exported struct {
	Summary
	FirstWritten, LastWritten int64 // records of the first and the last line; 0 without lines
	// Unwritten is why not all that stands in a broken trail was written; nil if all of it was.
	// The error of Export says it as well.
	Unwritten error
}

// Export writes the stored trail to w as JSON Lines, see the package comment, up
// to the head that it finds when it begins. It verifies what it writes. A trail
// that is broken is written to the end all the same, for it is evidence, but
// nobody signs its end, and the *Break is returned. If the break is where the export begins, it
// is written from there, and not from its own beginning. Without an active key nothing
// is written (CodeUnavailable, key_unavailable). A trail without records is an
// export without lines.
func Export(ctx context.Context, source Source, w io.Writer, o ExportOptions) (Exported, error) {
	key, err := o.Keys.Select(keys.AuditCheckpoint, "", "", o.Now)
	if err != nil {
		return Exported{}, err
	}
	head, err := source.AuditHead(ctx)
	if err != nil {
		return Exported{}, err
	}
	start, startErr := exportStart(ctx, source, head, o)
	_, broken := errors.AsType[*Break](startErr)
	if startErr != nil && !broken {
		return Exported{}, startErr
	}
	x := exporter{
		verifier: newVerifier(source, append(TrustedKeys(o.Keys), o.Former...), start, head, nil),
		out:      bufio.NewWriterSize(w, 64<<10),
		start:    start, written: start,
	}
	if broken {
		return x.end(ctx, Summary{}, startErr)
	}
	err = x.export(ctx, key, o.Now)
	return x.end(ctx, x.walker.summary(), err)
}

// end writes what stands behind a break, if that is what ended the walk.
func (x *exporter) end(ctx context.Context, verified Summary, err error) (Exported, error) {
	made := Exported{Summary: verified}
	if _, broken := errors.AsType[*Break](err); broken {
		made.Unwritten = errors.Join(x.writeRest(ctx), x.out.Flush())
		err = errors.Join(err, made.Unwritten)
	} else {
		err = errors.Join(err, x.out.Flush())
	}
	if made.FirstWritten = x.first; x.first > 0 {
		made.LastWritten = x.written.Seq
	}
	return made, err
}

// exportStart returns the record that stands before the first one of the export, or a
// *Break and what stands for it.
func exportStart(ctx context.Context, source Source, head storage.AuditHead, o ExportOptions) (storage.AuditHead, error) {
	from, err := exportFrom(ctx, source, head, o)
	if err != nil || from <= 1 && o.After == nil {
		return origin(), err
	}
	if from <= 1 {
		return origin(), continues(origin(), o.After)
	}
	before, err := source.AuditAfter(ctx, from-2, 1)
	if err != nil {
		return storage.AuditHead{}, err
	}
	if len(before) == 0 || before[0].Seq != from-1 {
		return storage.AuditHead{Seq: from - 1, Hash: origin().Hash}, &Break{Seq: from - 1, Kind: Removed, Detail: "the record before the export's first one is missing"}
	}
	start := storage.AuditHead{Seq: before[0].Seq, Hash: before[0].Hash}
	return start, continues(start, o.After)
}

// continues returns the break of a trail whose record at start is not the one that an
// earlier export ended with.
func continues(start storage.AuditHead, after *Noted) error {
	switch {
	case after == nil:
	case start.Seq < after.Seq:
		return &Break{Seq: start.Seq + 1, Kind: Truncated, Detail: fmt.Sprintf("record %d was exported before, but the trail ends at record %d", after.Seq, start.Seq)}
	case after.Hash != nil && !bytes.Equal(start.Hash, after.Hash):
		return &Break{Seq: start.Seq, Kind: Rewritten, Detail: fmt.Sprintf("the record was exported with the hash %x and has the hash %x", after.Hash, start.Hash)}
	}
	return nil
}

// exportFrom returns the number of the first record. It looks a time up by
// halving, for the trail may be long.
func exportFrom(ctx context.Context, source Source, head storage.AuditHead, o ExportOptions) (int64, error) {
	from := max(o.FromSeq, 1)
	if o.After != nil {
		from = max(from, o.After.Seq+1)
	}
	from = min(from, head.Seq+1)
	if o.FromTime.IsZero() {
		return from, nil
	}
	var failed error
	offset := sort.Search(int(head.Seq+1-from), func(i int) bool {
		at, err := source.AuditAfter(ctx, from+int64(i)-1, 1)
		if err != nil {
			failed = err
		}
		return failed != nil || len(at) == 0 || !at[0].Record.Time.Before(o.FromTime)
	})
	return from + int64(offset), failed
}

// exporter writes lines while the verifier in it walks.
type exporter struct {
	*verifier
	out     *bufio.Writer
	start   storage.AuditHead
	first   int64             // the record of the first line that was written; 0 before that
	written storage.AuditHead // the record of the last one, or what the export goes on from
	last    *line             // waits for its end
}

func (x *exporter) export(ctx context.Context, key *keys.Key, now time.Time) error {
	err := x.walk(ctx, x.write)
	if err == nil {
		err = x.checkBeyond(ctx)
	}
	if err != nil || x.last == nil {
		return err
	}
	end, err := signExport(x.start, x.head, now, key)
	if err != nil {
		return err
	}
	x.last.end = &end
	return x.put(x.last)
}

// write puts l out, but holds the last one back.
func (x *exporter) write(l *line) error {
	if l.Seq == x.head.Seq {
		x.last = l
		return nil
	}
	return x.put(l)
}

func (x *exporter) put(l *line) error {
	text, err := encodeLine(l)
	if err != nil {
		return err
	}
	if x.first == 0 {
		x.first = l.Seq
	}
	x.written = storage.AuditHead{Seq: l.Seq, Hash: l.Hash}
	_, err = x.out.Write(text)
	return err
}

// writeRest writes what stands behind a break as it is stored, also behind a head
// that was set back.
func (x *exporter) writeRest(ctx context.Context) error {
	for {
		page, err := x.source.AuditAfter(ctx, x.written.Seq, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			c, err := x.checkpoints.at(ctx, page[i].Seq)
			if err != nil {
				return err
			}
			if err := x.put(&line{AuditEntry: page[i], previous: x.written.Hash, checkpoint: c}); err != nil {
				return err
			}
		}
	}
}
