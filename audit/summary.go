package audit

import (
	"fmt"
	"time"

	"github.com/walletport/walletport/audit/note"
)

// promptly is within what time a record is signed by servers that run: their
// checkpoint interval is shorter, and so is any call.
const promptly = 10 * time.Minute

// concurrency is by how much a record may be older than one before it because calls
// run at once: a record has the time at which its call began and the number with which
// it ended. What is above comes from a clock.
const concurrency = time.Minute

// Summary says what was verified. After a Break it counts what is good before it.
type Summary struct {
	Records             int64
	FirstSeq, LastSeq   int64     // 0 without records; FirstSeq above 1 in a partial export
	FirstTime, LastTime time.Time // of the first and the last record, UTC
	Previous            []byte    // hash of the record before the first, 32 bytes; nil without records
	Head                []byte    // hash of the last record, 32 bytes; nil without one
	Checkpoints         int64     // whose signature and hash agree

	// Notes counts the signed notes over the Merkle tree that agree, and Tree is the last of
	// them, nil without one. Exports have neither.
	Notes int64
	Tree  *note.Checkpoint

	// Unsigned counts the records after the last checkpoint, or after the export's
	// end: only the hashes protect them. UnsignedSince is the time of the first.
	Unsigned      int64
	UnsignedSince time.Time
	// SignedLate counts records that were not signed within ten minutes, but later, the
	// first of them SignedLateFrom: the servers were down or killed, or checkpoints were
	// deleted. What stood there before they were signed, hashes alone protected.
	SignedLate, SignedLateFrom int64

	// OutOfOrder counts records that are up to a minute older than one before them,
	// OutOfOrderBy at most: calls that run at once end in another order than they began.
	OutOfOrder   int64
	OutOfOrderBy time.Duration
	// ClockSteps counts how often the time of the trail went back by more than that,
	// ClockBack at most, first at record ClockStepAt. A clock was set, or those of
	// replicas differ. The sequence number is the order, so it is no break.
	ClockSteps, ClockStepAt int64
	ClockBack               time.Duration
}

// time notes the time of the next record.
func (s *Summary) time(seq int64, at time.Time, newest *time.Time) {
	back := newest.Sub(at)
	switch {
	case back <= 0:
		*newest = at
	case back <= concurrency:
		s.OutOfOrder++
		s.OutOfOrderBy = max(s.OutOfOrderBy, back)
	default:
		if s.ClockSteps == 0 {
			s.ClockStepAt = seq
		}
		s.ClockSteps++
		s.ClockBack = max(s.ClockBack, back)
		*newest = at // the clock goes on from there
	}
}

// Lack is what a trail lacks to be whole, though what there is of it is good.
type Lack struct {
	Code   string // empty, beginning or signature
	Detail string // for a person
}

// Lacks says what is missing, as seen at now, where the newest record is signed within
// interval: a trail of any length begins with record 1, has one, and is signed but for
// what is younger than ten minutes or two intervals.
func (s Summary) Lacks(now time.Time, interval time.Duration) []Lack {
	if s.Records == 0 {
		return []Lack{{"empty", "the trail has no record"}}
	}
	var lacks []Lack
	if s.FirstSeq > 1 {
		lacks = append(lacks, Lack{"beginning", fmt.Sprintf("it begins at record %d: nothing is proved of the %d before", s.FirstSeq, s.FirstSeq-1)})
	}
	if s.Unsigned > 0 && s.UnsignedSince.Before(now.Add(-max(promptly, 2*interval))) {
		lacks = append(lacks, Lack{"signature", fmt.Sprintf("%d records at the end are not signed, the first since %s", s.Unsigned, s.UnsignedSince.Format(time.RFC3339))})
	}
	return lacks
}

// Noted is a record that was noted elsewhere, to hold the trail against.
type Noted struct {
	Seq  int64
	Hash []byte // nil: only that there was a record of this number
}

// Then returns the summary of a trail that was verified in two parts, the second of
// which goes on from the first.
func (s Summary) Then(next Summary) Summary {
	switch {
	case s.Records == 0:
		return next
	case next.Records == 0:
		return s
	}
	whole := next
	whole.FirstSeq, whole.FirstTime, whole.Previous = s.FirstSeq, s.FirstTime, s.Previous
	whole.Records += s.Records
	whole.Checkpoints += s.Checkpoints
	whole.SignedLate += s.SignedLate
	if s.SignedLate > 0 {
		whole.SignedLateFrom = s.SignedLateFrom
	}
	whole.OutOfOrder += s.OutOfOrder
	whole.OutOfOrderBy = max(s.OutOfOrderBy, next.OutOfOrderBy)
	whole.ClockSteps += s.ClockSteps
	if s.ClockSteps > 0 {
		whole.ClockStepAt = s.ClockStepAt
	}
	whole.ClockBack = max(s.ClockBack, next.ClockBack)
	return whole
}
