package audit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/walletport/walletport/storage"
)

// MaxLineBytes bounds a line of an export. The longest line that Export can write
// for a record of a Log has about 180 kB: 58 texts of 512 bytes, each byte escaped
// to six, and 32 names.
const MaxLineBytes = 256 << 10

// VerifyExport proves an export without a database: that each line is a record and
// nothing else, that each follows from the one before, that checkpoints and end are
// signed by one of the trusted keys, and that it holds the records that were noted
// elsewhere. It returns what it verified, and a *Break for the first fault, or the
// reader's error. An export without lines is Truncated: nothing in it says that
// nothing was removed.
//
// A partial export (Summary.FirstSeq above 1, see Summary.Lacks) proves its own lines
// only. Without trusted keys no signature is checked, Summary.Unsigned counts every
// record, and the export shows only that it is consistent: who rewrote all of it, or
// cut its beginning, goes unnoticed.
//
// Memory does not depend on the length of the export.
func VerifyExport(ctx context.Context, r io.Reader, trusted []TrustedKey, noted ...Noted) (Summary, error) {
	parts := NewParts(trusted, noted...)
	if err := parts.Next(ctx, r); err != nil {
		return parts.Summary(), err
	}
	return parts.Summary(), parts.End()
}

type exportVerifier struct {
	lines  *bufio.Scanner
	number int // of the line that was read last, from 1
	signer *signers
	noted  []Noted
	walker *walker
	start  storage.AuditHead // what the first line follows
	each   func(context.Context, *line) error

	before Summary // of the exports that this one goes on from
	joined bool    // it does
	apart  *Break  // it does not
}

func newExportVerifier(r io.Reader, trusted []TrustedKey, noted []Noted) *exportVerifier {
	v := &exportVerifier{lines: bufio.NewScanner(r), noted: noted}
	v.lines.Buffer(make([]byte, 0, 64<<10), MaxLineBytes)
	if len(trusted) > 0 {
		v.signer = newSigners(trusted)
	}
	v.walker = newWalker(origin(), v.signer, noted)
	return v
}

func (v *exportVerifier) verify(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		l, err := v.next()
		if err != nil {
			return err
		}
		if l == nil {
			return v.broken(Truncated, "the export stops without its end")
		}
		if v.number == 1 {
			v.begin(l)
		}
		if err := v.step(l); err != nil {
			return err
		}
		v.join()
		if err := v.each(ctx, l); err != nil {
			return err
		}
		if l.end != nil {
			return v.finish(*l.end)
		}
	}
}

// next returns the next line, or nil at the end of the input.
func (v *exportVerifier) next() (*line, error) {
	if !v.lines.Scan() {
		if errors.Is(v.lines.Err(), bufio.ErrTooLong) {
			return nil, v.broken(Malformed, fmt.Sprintf("line %d is longer than any record", v.number+1))
		}
		return nil, v.readError()
	}
	v.number++
	l, err := decodeLine(v.lines.Bytes())
	if err == nil {
		return l, nil
	}
	detail := fmt.Sprintf("line %d is no record: %v", v.number, err)
	if v.lines.Scan() || errors.Is(v.lines.Err(), bufio.ErrTooLong) {
		return nil, v.broken(Malformed, detail)
	}
	if err := v.readError(); err != nil {
		return nil, err // it cut the line
	}
	if errors.Is(err, errNotJSON) {
		return nil, v.broken(Truncated, detail+"; it is the last one, so it may have been cut off")
	}
	return nil, v.broken(Malformed, detail)
}

// readError returns the reader's error. A compressed file that stops before its end is
// an export that was cut.
func (v *exportVerifier) readError() error {
	err := v.lines.Err()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return v.broken(Truncated, "the compressed file stops before its end")
	}
	return err
}

func (v *exportVerifier) broken(kind Kind, detail string) *Break {
	return &Break{Seq: v.walker.at.Seq + 1, Kind: kind, Detail: detail}
}

// begin takes the first line's word for what it follows, unless it is the first
// record of all. The end is signed over it.
func (v *exportVerifier) begin(first *line) {
	v.start = origin()
	if first.Seq > 1 {
		v.start = storage.AuditHead{Seq: first.Seq - 1, Hash: first.previous}
	}
	v.walker = newWalker(v.start, v.signer, v.noted)
}

func (v *exportVerifier) step(l *line) error {
	if !v.walker.take(l) {
		return diagnose(v.walker.at, v.following(l))
	}
	if broken := v.walker.compare(); broken != nil {
		return broken
	}
	if l.checkpoint == nil {
		return nil
	}
	if broken := v.walker.checkpoint(*l.checkpoint); broken != nil {
		return broken
	}
	return nil
}

// following returns l and the lines after it, as far as a diagnosis looks.
func (v *exportVerifier) following(l *line) []line {
	rows := []line{*l}
	for len(rows) < window {
		next, err := v.next()
		if err != nil || next == nil {
			break
		}
		rows = append(rows, *next)
	}
	return rows
}

func (v *exportVerifier) finish(end storage.Checkpoint) error {
	broken := v.walker.vouch(end, exportPrefix(v.start))
	unproved := broken != nil && (broken.Kind == CheckpointForged || broken.Kind == CheckpointKeyUnknown)
	if unproved && v.signer.check(end, exportPrefix(origin())) == nil {
		return &Break{Seq: 1, Kind: Removed, Detail: fmt.Sprintf("records 1 to %d are missing at the beginning of the export", v.start.Seq)}
	}
	if broken != nil && broken.Kind == CheckpointMismatch && end.Seq > v.walker.at.Seq {
		return v.broken(Truncated, fmt.Sprintf("the export was made up to record %d", end.Seq))
	}
	if broken != nil {
		return broken
	}
	if v.lines.Scan() || errors.Is(v.lines.Err(), bufio.ErrTooLong) {
		return v.broken(Inserted, "something follows the end of the export")
	}
	if err := v.readError(); err != nil {
		return err
	}
	switch {
	case v.apart != nil:
		return v.apart
	case !v.joined:
		return ErrPartsOutOfOrder
	}
	return nil
}
