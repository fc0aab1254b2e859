package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/audit/note"
)

type auditVerifyCommand struct {
	File []string `arg:"" optional:"" help:"Exports in the order of their records, each going on from the one before or overlapping it; without any, the database is verified. - is standard input."`
	trust
	Partial    bool        `help:"Accept a trail that is good but not whole: it begins after record 1, has no record, or is not signed to its end."`
	ExpectHead notedRecord `help:"Demand this record, as an earlier verification printed the head." placeholder:"SEQ:HASH"`
	AtLeast    *int64      `help:"Demand that the trail reaches this record." placeholder:"SEQ"`
	JSON       bool        `help:"Print JSON."`
	witnessing
	unrecorded
	location
}

func (c auditVerifyCommand) Run(ctx context.Context, con console) error {
	if err := c.usage(); err != nil {
		return err
	}
	if len(c.File) > 0 {
		if len(c.Witness) > 0 {
			return usagef("--witness is of the database: an export has no notes")
		}
		found, err := c.verifyExports(ctx, con)
		if err != nil {
			return err
		}
		return c.print(con, found)
	}
	return c.opened(ctx, func(ctx context.Context, o *operator) error { return c.verifyDatabase(ctx, con, o) })
}

// usage returns what is wrong with what is demanded.
func (c auditVerifyCommand) usage() error {
	if c.AtLeast != nil && *c.AtLeast < 1 || c.ExpectHead.Noted != nil && c.ExpectHead.Seq < 1 {
		return usagef("--at-least and --expect-head name a record, and the first is 1")
	}
	return c.witnessing.usage()
}

func (c auditVerifyCommand) verifyDatabase(ctx context.Context, con console, o *operator) error {
	former, err := readCheckpointKeys(c.Key) // that the store has lost
	if err != nil {
		return err
	}
	trusted := append(audit.TrustedKeys(o.keys.Current()), former...)
	summary, err := audit.Verify(ctx, o.db, trusted, c.noted()...)
	if foreign := o.foreign(ctx, err); foreign != nil {
		return foreign
	}
	var confirmed []note.Opened
	if err == nil {
		confirmed, err = c.check(ctx, o, trusted)
	}
	found, err := c.judge(summary, err, o.settings.Audit.CheckpointInterval)
	if err != nil {
		return err
	}
	found.confirmed = confirmed
	printErr := c.print(con, found)
	return c.recorded(con, printErr, c.record(ctx, o, walletport.ActionAuditVerify, summary, found.outcome()))
}

func (c auditVerifyCommand) noted() []audit.Noted {
	var noted []audit.Noted
	if c.ExpectHead.Noted != nil {
		noted = append(noted, *c.ExpectHead.Noted)
	}
	if c.AtLeast != nil {
		noted = append(noted, audit.Noted{Seq: *c.AtLeast})
	}
	return noted
}

// verifyExports verifies one export after the other, which must be one trail.
func (c auditVerifyCommand) verifyExports(ctx context.Context, con console) (verification, error) {
	trusted, err := c.keys(c.location)
	if err != nil {
		return verification{}, err
	}
	parts := audit.NewParts(trusted, c.noted()...)
	if err = eachExport(ctx, con.In, c.File, parts.Next); err == nil {
		err = parts.End()
	}
	return c.judge(parts.Summary(), err, 0)
}

// verification is what was found: a break, what the trail lacks, or neither.
type verification struct {
	audit.Summary
	broken *audit.Break
	fault  error // the break, with the export that shows it
	lacks  []audit.Lack

	confirmed []note.Opened // by each witness that was asked for
}

// judge keeps a break apart from an error of another kind.
func (c auditVerifyCommand) judge(s audit.Summary, err error, interval time.Duration) (verification, error) {
	broken, isBreak := errors.AsType[*audit.Break](err)
	if err != nil && !isBreak {
		return verification{}, err
	}
	found := verification{Summary: s, broken: broken, fault: err}
	if broken == nil {
		found.lacks = s.Lacks(now(), interval)
	}
	return found, nil
}

func (v verification) outcome() string {
	switch {
	case v.broken != nil:
		return "audit_" + string(v.broken.Kind)
	case len(v.lacks) > 0:
		return walletport.OutcomeIncomplete
	}
	return walletport.OutcomeOK
}

// fault is how the command ends, once it has said what it found.
func (c auditVerifyCommand) fault(v verification) error {
	if v.broken != nil || len(v.lacks) > 0 && !c.Partial {
		return errFault
	}
	return nil
}

func (c auditVerifyCommand) print(con console, v verification) error {
	if c.JSON {
		if err := json.NewEncoder(con.Out).Encode(newVerificationJSON(v)); err != nil {
			return err
		}
		return c.fault(v)
	}
	if v.broken != nil {
		fmt.Fprintln(con.Out, v.fault)
		fmt.Fprintln(con.Out, v.good())
		return c.fault(v)
	}
	fmt.Fprintf(con.Out, "audit trail verified: %d records, %d signed checkpoints, %d records after the last signature\n", v.Records, v.Checkpoints, v.Unsigned)
	if v.Records > 0 {
		fmt.Fprintf(con.Out, "records %d to %d, from %s to %s, signed up to %d\n", v.FirstSeq, v.LastSeq, v.FirstTime.Format(time.RFC3339), v.LastTime.Format(time.RFC3339), v.LastSeq-v.Unsigned)
		fmt.Fprintf(con.Out, "head %d:%x\n", v.LastSeq, v.Head)
	}
	if v.Tree != nil {
		fmt.Fprintf(con.Out, "tree of %d records, root %x, %d signed notes\n", v.Tree.Size, v.Tree.Root, v.Notes)
	}
	for _, n := range v.confirmed {
		w := n.Cosigned[0]
		fmt.Fprintf(con.Out, "witness %s confirmed records 1 to %d at %s\n", w.Witness.Name(), n.Size, w.At.Format(time.RFC3339))
	}
	for _, notice := range v.notices() {
		fmt.Fprintln(con.Out, "notice:", notice)
	}
	for _, lack := range v.lacks {
		fmt.Fprintln(con.Out, "not whole:", lack.Detail)
	}
	if len(v.lacks) > 0 && !c.Partial {
		fmt.Fprintln(con.Out, "give --partial if that is as it should be")
	}
	return c.fault(v)
}

// good says what is good in spite of the break. That a witness did not confirm the trail is no
// break within it.
func (v verification) good() string {
	if v.broken.Kind == audit.Unwitnessed {
		return fmt.Sprintf("but for that it is good: %d records", v.Records)
	}
	return fmt.Sprintf("good before it: %d records", v.Records)
}

// notices are worth a look and no fault.
func (v verification) notices() []string {
	var list []string
	if v.SignedLate > 0 {
		list = append(list, fmt.Sprintf("%d records were signed more than ten minutes after they were written, first record %d: no server ran then, or checkpoints were deleted", v.SignedLate, v.SignedLateFrom))
	}
	if v.OutOfOrder > 0 {
		list = append(list, fmt.Sprintf("%d records began before one that ended before them, by up to %s, as calls do that run at once", v.OutOfOrder, v.OutOfOrderBy))
	}
	if v.ClockSteps > 0 {
		list = append(list, fmt.Sprintf("a clock went back %d times, by up to %s, first at record %d: it was set, or the clocks of replicas differ; the sequence numbers are the order", v.ClockSteps, v.ClockBack, v.ClockStepAt))
	}
	return list
}

// verificationJSON is a verification as scripts read it.
type verificationJSON struct {
	Verified     bool       `json:"verified"` // nothing is broken
	Whole        bool       `json:"whole"`    // and nothing is missing
	Records      int64      `json:"records"`
	FirstSeq     int64      `json:"firstSeq"`
	LastSeq      int64      `json:"lastSeq"`
	FirstTime    *time.Time `json:"firstTime,omitempty"`
	LastTime     *time.Time `json:"lastTime,omitempty"`
	Checkpoints  int64      `json:"checkpoints"`
	SignedUpTo   int64      `json:"signedUpTo"`
	Unsigned     int64      `json:"unsigned"`
	UnsignedFrom *time.Time `json:"unsignedSince,omitempty"`
	SignedLate   int64      `json:"signedLate"`
	OutOfOrder   int64      `json:"outOfOrder"`
	ClockSteps   int64      `json:"clockSteps"`
	Head         string     `json:"head"`
	Tree         *treeJSON  `json:"tree,omitempty"` // that the last signed note is over
	Lacks        []lackJSON `json:"lacks,omitempty"`
	Break        *breakJSON `json:"break,omitempty"`

	Witnesses []witnessedJSON `json:"witnesses,omitempty"`
}

type treeJSON struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
	Notes  int64  `json:"notes"`
}

type lackJSON struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

type breakJSON struct {
	Seq    int64  `json:"seq"`
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
}

func newBreakJSON(b *audit.Break) *breakJSON {
	if b == nil {
		return nil
	}
	return &breakJSON{b.Seq, string(b.Kind), b.Detail}
}

func newVerificationJSON(v verification) verificationJSON {
	optional := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	out := verificationJSON{
		Verified: v.broken == nil, Whole: v.broken == nil && len(v.lacks) == 0,
		Records: v.Records, FirstSeq: v.FirstSeq, LastSeq: v.LastSeq, FirstTime: optional(v.FirstTime), LastTime: optional(v.LastTime),
		Checkpoints: v.Checkpoints, SignedUpTo: v.LastSeq - v.Unsigned, Unsigned: v.Unsigned, UnsignedFrom: optional(v.UnsignedSince),
		SignedLate: v.SignedLate, OutOfOrder: v.OutOfOrder, ClockSteps: v.ClockSteps, Head: hex.EncodeToString(v.Head),
		Break: newBreakJSON(v.broken),
	}
	if v.Tree != nil {
		out.Tree = &treeJSON{Origin: v.Tree.Origin, Size: v.Tree.Size, Root: hex.EncodeToString(v.Tree.Root[:]), Notes: v.Notes}
	}
	for _, n := range v.confirmed {
		out.Witnesses = append(out.Witnesses, newWitnessedJSON(n, n.Cosigned[0]))
	}
	for _, lack := range v.lacks {
		out.Lacks = append(out.Lacks, lackJSON(lack))
	}
	return out
}
