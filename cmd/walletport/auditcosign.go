package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/server"
)

type auditCosignCommand struct {
	URL     string     `help:"Submission prefix of the witness; https, or http on this machine." required:"" placeholder:"URL"`
	Witness witnessKey `help:"Name and public key of the witness, as it publishes them." required:"" placeholder:"NAME+ID+KEY"`
	location
}

func (auditCosignCommand) Help() string {
	return `Examples:
  walletport audit cosign --url https://witness.example/ --witness "witness.example+1e4c6f31+BN…" --config walletport.yaml
Call it from a timer, as often as the trail is to be confirmed. The witness must know the trail's public key (audit checkpoint
--public-keys). It is shown hashes and no record, so this leaves none in the trail. A witness that is away or refuses keeps no
server from serving. A server asks the witnesses of audit.witnesses by itself. Exit status 0: it has confirmed the newest
note. 1: it has not, and what it answered is printed.`
}

func (c auditCosignCommand) Run(ctx context.Context, con console) error {
	submit, err := server.WitnessAt(outbound.Clients{Clock: now}, c.URL)
	if err != nil {
		return usagef("--url: %v", err)
	}
	return c.opened(ctx, func(ctx context.Context, o *operator) error {
		opened, err := audit.Cosign(ctx, o.db, audit.TrustedKeys(o.keys.Current()), c.Witness.Witness, submit)
		if refusal, ok := errors.AsType[*audit.Refusal](err); ok {
			fmt.Fprintf(con.Out, "witness %s did not confirm the audit trail: %v\n", c.Witness.Name(), refusal)
			return errFault
		}
		if err != nil {
			return err
		}
		printProvenNote(con, opened)
		return nil
	})
}

// witnessKey is a witness on the command line, by its name and key.
type witnessKey struct{ *note.Witness }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *witnessKey) UnmarshalText(text []byte) (err error) {
	k.Witness, err = note.ParseWitness(string(text))
	return err
}

// witnessesOf returns each witness once, however often it was named.
func witnessesOf(named []witnessKey) []*note.Witness {
	var list []*note.Witness
	for _, k := range named {
		if !slices.ContainsFunc(list, func(w *note.Witness) bool { return w.ID() == k.ID() }) {
			list = append(list, k.Witness)
		}
	}
	return list
}

// witnessing is what verify demands of witnesses.
type witnessing struct {
	Witness         []witnessKey   `help:"Demand that the trail is the one that this witness confirmed last." placeholder:"NAME+ID+KEY"`
	WitnessedWithin *time.Duration `help:"Demand that it confirmed it within this time, by its clock; without it, ever." placeholder:"DURATION"`
}

// usage returns what is wrong with the flags. A span that is not above 0 is no demand that a trail
// could fail, so it is refused rather than passed over.
func (c witnessing) usage() error {
	switch {
	case c.WitnessedWithin == nil:
		return nil
	case len(c.Witness) == 0:
		return usagef("--witnessed-within is of a --witness")
	case *c.WitnessedWithin <= 0:
		return usagef("--witnessed-within is above 0, such as 25h")
	}
	return nil
}

// check returns what each witness confirmed last, or the first fault.
func (c witnessing) check(ctx context.Context, o *operator, trusted []audit.TrustedKey) ([]note.Opened, error) {
	var demand audit.Demand
	if within := c.WitnessedWithin; within != nil {
		demand.Since, demand.Until = now().Add(-*within), now().Add(*within)
	}
	var confirmed []note.Opened
	for _, w := range witnessesOf(c.Witness) {
		demand.Witness = w
		opened, err := audit.CheckWitnessed(ctx, o.db, trusted, demand)
		if err != nil {
			return nil, err
		}
		confirmed = append(confirmed, opened)
	}
	return confirmed, nil
}
