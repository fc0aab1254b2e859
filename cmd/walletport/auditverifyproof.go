package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/audit/note"
)

type auditVerifyProofCommand struct {
	File       string       `arg:"" help:"Proof of audit prove, or of audit prove-consistency; - is standard input."`
	Key        []string     `help:"Public checkpoint key (PEM file)." placeholder:"PEM"`
	PublicKey  []string     `help:"Public key with the trail's name, as audit checkpoint --public-keys prints it." placeholder:"NAME+ID+KEY"`
	Witness    []witnessKey `help:"Demand that this witness has cosigned the note." placeholder:"NAME+ID+KEY"`
	Checkpoint string       `help:"A note that was kept: the proof must be in its tree, or go on from it." placeholder:"FILE"`
	JSON       bool         `help:"Print JSON."`
}

func (auditVerifyProofCommand) Help() string {
	return `Examples:
  walletport audit verify-proof record-17.tlog-proof --key checkpoint.pem
Needs no database, no key store and no configuration: the file, and a public key that was got from elsewhere.
Exit status 0: it proves the record that is printed, or that the newer tree goes on from the older one. 1: it proves nothing.`
}

func (c auditVerifyProofCommand) Run(ctx context.Context, con console) error {
	by, err := c.proven()
	if err != nil {
		return err
	}
	data, err := readInput(ctx, con.In, c.File, maxProofBytes)
	if err != nil {
		return err
	}
	text := string(data)
	switch {
	case note.IsConsistency(text):
		return c.verifyConsistency(con, text, by)
	case !note.IsInclusion(text):
		return c.refused(con, &audit.Refusal{Kind: audit.Malformed, Detail: "the file begins neither as one of audit prove does nor as one of audit prove-consistency"})
	}
	proven, err := audit.VerifyProof(text, by)
	if err != nil {
		return c.refused(con, err)
	}
	if c.JSON {
		return json.NewEncoder(con.Out).Encode(newProvenJSON(proven.Note, json.RawMessage(proven.Line)))
	}
	fmt.Fprintf(con.Out, "record %d is proved to be in the audit trail %s\n%s\n", proven.Seq, proven.Note.Origin, proven.Line)
	printProvenNote(con, proven.Note)
	return nil
}

// maxProofBytes bounds the file of a proof: a record, a path and a note.
const maxProofBytes = 2*audit.MaxLineBytes + note.MaxBytes

func (c auditVerifyProofCommand) verifyConsistency(con console, text string, by audit.Proven) error {
	if by.Kept == "" {
		return usagef("give --checkpoint with the older note, from which the proof goes on")
	}
	opened, err := audit.VerifyConsistency(text, by)
	if err != nil {
		return c.refused(con, err)
	}
	if c.JSON {
		return json.NewEncoder(con.Out).Encode(newProvenJSON(opened, nil))
	}
	fmt.Fprintf(con.Out, "the audit trail %s goes on from the older note: nothing that it covers was changed\n", opened.Origin)
	printProvenNote(con, opened)
	return nil
}

func printProvenNote(con console, n note.Opened) {
	fmt.Fprintf(con.Out, "tree of %d records, root %x\n", n.Size, n.Root)
	for _, w := range n.Cosigned {
		fmt.Fprintf(con.Out, "witness %s confirmed it at %s\n", w.Witness.Name(), w.At.Format(time.RFC3339))
	}
}

// proven says whom the arguments trust.
func (c auditVerifyProofCommand) proven() (audit.Proven, error) {
	var by audit.Proven
	var err error
	if by.Trusted, err = readCheckpointKeys(c.Key); err != nil {
		return by, err
	}
	for _, text := range c.PublicKey {
		name, public, err := note.ParseLogKey(text)
		if err != nil {
			return by, usagef("--public-key: %v", err)
		}
		if by.Origin != "" && by.Origin != name {
			return by, usagef("--public-key: the keys are of two trails, %s and %s", by.Origin, name)
		}
		by.Origin, by.Trusted = name, append(by.Trusted, audit.TrustedKey{Public: public})
	}
	if len(by.Trusted) == 0 {
		return by, usagef("give --key FILE or --public-key: without a key that was got from elsewhere a proof proves nothing")
	}
	by.Witnesses = witnessesOf(c.Witness)
	by.Kept, err = readNote(c.Checkpoint)
	return by, err
}

// refused says that a proof proves nothing.
func (c auditVerifyProofCommand) refused(con console, err error) error {
	refusal, ok := errors.AsType[*audit.Refusal](err)
	if !ok {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(con.Out).Encode(provenJSON{Refusal: &refusalJSON{string(refusal.Kind), refusal.Detail}}); err != nil {
			return err
		}
		return errFault
	}
	fmt.Fprintf(con.Out, "the proof proves nothing: %v\n", refusal)
	return errFault
}

// provenJSON is what was found as scripts read it.
type provenJSON struct {
	Proved    bool            `json:"proved"`
	Origin    string          `json:"origin,omitempty"`
	Size      int64           `json:"size,omitempty"`
	Root      string          `json:"root,omitempty"`
	Witnesses []witnessedJSON `json:"witnesses,omitempty"`
	Record    json.RawMessage `json:"record,omitempty"`
	Refusal   *refusalJSON    `json:"refusal,omitempty"`
}

type witnessedJSON struct {
	Name string    `json:"name"`
	ID   string    `json:"id"` // of its key, with the name
	At   time.Time `json:"at"`
	Size int64     `json:"size"` // records that it confirmed
}

func newWitnessedJSON(n note.Opened, by note.Cosigned) witnessedJSON {
	return witnessedJSON{by.Witness.Name(), by.Witness.ID(), by.At, n.Size}
}

type refusalJSON struct {
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
}

func newProvenJSON(n note.Opened, record json.RawMessage) provenJSON {
	out := provenJSON{Proved: true, Origin: n.Origin, Size: n.Size, Root: fmt.Sprintf("%x", n.Root), Record: record}
	for _, w := range n.Cosigned {
		out.Witnesses = append(out.Witnesses, newWitnessedJSON(n, w))
	}
	return out
}
