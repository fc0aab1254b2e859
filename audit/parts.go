package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// ErrPartsOutOfOrder says that an export does not reach behind the ones before it. It is
// no fault of the trail: whoever named the exports names them again.
var ErrPartsOutOfOrder = errors.New("it does not reach behind the exports before it: name exports in the order of their records, and leave out one that another contains")

// Parts verifies exports that are parts of one trail, in the order of their records.
// Two may overlap: what both have must be the same, and counts once. It is not safe for
// concurrent use, and of no use after an error.
type Parts struct {
	trusted []TrustedKey
	noted   []Noted // those that are yet to come
	sum     Summary
	each    func(context.Context, *line) error
}

// NewParts returns a Parts that has verified nothing yet; see VerifyExport for trusted
// and noted.
func NewParts(trusted []TrustedKey, noted ...Noted) *Parts {
	return &Parts{trusted: trusted, noted: noted, each: func(context.Context, *line) error { return nil }}
}

// Next verifies the next export, as VerifyExport does, and that it is of the same trail
// as those before it. Errors: *Break, ErrPartsOutOfOrder, and the reader's.
func (p *Parts) Next(ctx context.Context, r io.Reader) error {
	v := newExportVerifier(r, p.trusted, p.noted)
	v.before, v.each, v.joined = p.sum, p.each, p.sum.Records == 0
	err := v.verify(ctx)
	p.noted = v.walker.noted
	switch read := v.walker.summary(); {
	case !v.joined:
	case read.FirstSeq > 0 && read.FirstSeq <= p.sum.FirstSeq:
		p.sum = read // it has all that those before it have
	default:
		p.sum = p.sum.Then(read)
	}
	return err
}

// End returns the *Break of a noted record that none of the exports has.
func (p *Parts) End() error {
	if broken := missed(p.noted, p.sum); broken != nil {
		return broken
	}
	return nil
}

// Summary says what was verified, of all exports together. After a Break it counts
// what is good before it, or else before the export that shows it.
func (p *Parts) Summary() Summary { return p.sum }

// join looks whether the last good record shows that the export goes on from those
// before it, or that it cannot. The hash of a record stands for all before it, so where
// two exports overlap, that of the last common record is enough.
func (v *exportVerifier) join() {
	last := v.before.LastSeq
	if v.joined || v.walker.at.Seq < last || v.apart != nil {
		return
	}
	switch {
	case v.start.Seq > last:
		v.apart = &Break{Seq: last + 1, Kind: Removed, Detail: fmt.Sprintf("records %d to %d are in none of the exports: name the one that has them", last+1, v.start.Seq)}
	case v.start.Seq == last && !bytes.Equal(v.start.Hash, v.before.Head):
		v.apart = &Break{Seq: last, Kind: Rewritten, Detail: fmt.Sprintf("the export before ends with the hash %x, this one goes on from the hash %x", v.before.Head, v.start.Hash)}
	case v.start.Seq < last && !bytes.Equal(v.walker.at.Hash, v.before.Head):
		v.apart = &Break{Seq: last, Kind: Rewritten, Detail: fmt.Sprintf("two exports overlap and differ: the record has the hash %x in the first, and %x in this one", v.before.Head, v.walker.at.Hash)}
	default:
		v.joined = true
		if v.start.Seq < last && v.walker.sum.FirstSeq > v.before.FirstSeq {
			v.walker.countFromHere(v.before.Unsigned == 0)
		}
	}
}
