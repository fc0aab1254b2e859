package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/audit/note"
	"github.com/walletport/walletport/outbound"
)

type auditCosignCommand struct {
	URL     string `help:"Submission prefix of the witness; https, or http on this machine." required:"" placeholder:"URL"`
	Witness string `help:"Name and public key of the witness, as it publishes them." required:"" placeholder:"NAME+ID+KEY"`
	location
}

func (auditCosignCommand) Help() string {
	return `Examples:
  walletport audit cosign --url https://witness.example/ --witness "witness.example+1e4c6f31+BN…" --config walletport.yaml
Call it from a timer, as often as the trail is to be confirmed. The witness must know the trail's public key (audit checkpoint
--public-keys). It is shown hashes and no record, so this leaves none in the trail. A witness that is away or refuses keeps no
server from serving. Exit status 0: it has confirmed the newest note. 1: it has not, and what it answered is printed.`
}

func (c auditCosignCommand) Run(ctx context.Context, con console) error {
	w, err := note.ParseWitness(c.Witness)
	if err != nil {
		return usagef("--witness: %v", err)
	}
	o, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer o.db.Close()
	submit, err := submitTo(c.URL)
	if err != nil {
		return usagef("--url: %v", err)
	}
	opened, err := audit.Cosign(ctx, o.db, audit.TrustedKeys(o.keys.Current()), w, submit)
	if refusal, ok := errors.AsType[*audit.Refusal](err); ok {
		fmt.Fprintf(con.Out, "witness %s did not confirm the audit trail: %s: %s\n", w.Name(), refusal.Kind, refusal.Detail)
		return errFault
	}
	if err != nil {
		return err
	}
	printProvenNote(con, opened)
	return nil
}

// submitTo returns what posts to the witness at a submission prefix.
func submitTo(prefix string) (audit.Submit, error) {
	url := strings.TrimSuffix(prefix, "/") + "/add-checkpoint"
	client, err := outbound.Clients{Clock: now}.To(outbound.Target{Name: "witness", URL: url, Limits: outbound.Limits{AnswerBytes: note.MaxBytes}})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, request string) (int, string, error) {
		answer, err := client.Do(ctx, outbound.Request{Method: http.MethodPost, URL: url, Body: []byte(request), Call: "add_checkpoint"})
		if err != nil {
			return 0, "", err
		}
		return answer.Status, string(answer.Body), nil
	}, nil
}

// witnessing is what verify demands of witnesses.
type witnessing struct {
	Witness         []string      `help:"Demand that the trail is the one that this witness confirmed last." placeholder:"NAME+ID+KEY"`
	WitnessedWithin time.Duration `help:"Demand that it confirmed it within this time; without it, ever." placeholder:"DURATION"`
}

func (c witnessing) witnesses() ([]*note.Witness, error) {
	var list []*note.Witness
	for _, text := range c.Witness {
		w, err := note.ParseWitness(text)
		if err != nil {
			return nil, usagef("--witness: %v", err)
		}
		list = append(list, w)
	}
	if c.WitnessedWithin != 0 && len(list) == 0 {
		return nil, usagef("--witnessed-within is of a --witness")
	}
	return list, nil
}

// check returns what each witness confirmed last, or the first fault.
func (c witnessing) check(ctx context.Context, o *operator, trusted []audit.TrustedKey, witnesses []*note.Witness) ([]note.Opened, error) {
	var confirmed []note.Opened
	for _, w := range witnesses {
		opened, err := audit.CheckWitnessed(ctx, o.db, trusted, w)
		if err != nil {
			return nil, err
		}
		at := opened.Cosigned[0].At
		if c.WitnessedWithin > 0 && now().Sub(at) > c.WitnessedWithin {
			return nil, &audit.Break{Seq: opened.Size, Kind: audit.Unwitnessed, Detail: fmt.Sprintf("%s confirmed nothing since %s, at %d records: ask it (audit cosign)", w.Name(), at.Format(time.RFC3339), opened.Size)}
		}
		confirmed = append(confirmed, opened)
	}
	return confirmed, nil
}
