package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim"
)

type inspectCommand struct {
	File string `arg:"" help:"Payload: digitizationData, TAV, Visa JWE, MBPAC, MBPAD, Apple's pass data, Google's opaque card, or a whole API answer; - reads standard input."`
	Keys string `help:"sandbox.json with the keys of the other side; without it, only what needs no key is checked." placeholder:"FILE"`
	JSON bool   `help:"Print JSON."`
}

func (inspectCommand) Help() string {
	return `Examples:
  walletport inspect answer.json --keys sandbox/sandbox.json
  curl -s … | walletport inspect -
What a terminal or an HTTP client put around the payload (white space, quotes, the headers of curl -i, UTF-16) is taken off and noted.
Exit status 0: nothing wrong was found; 1: a fault was, and it is named.`
}

// maxPayloadBytes is far above any payload of the formats that are known.
const maxPayloadBytes = 1 << 20

func (c inspectCommand) Run(ctx context.Context, con console) error {
	payload, err := readInput(ctx, con.In, c.File, maxPayloadBytes)
	if err != nil {
		return err
	}
	held := inspectKeys{vts: vtssim.Keys{MaxAge: visaMaxAge}}
	if c.Keys != "" {
		if held, err = readInspectKeys(c.Keys); err != nil {
			return err
		}
	}
	found := inspect(payload, held)
	if c.JSON {
		err = found.writeJSON(con.Out)
	} else {
		err = found.writeText(con.Out)
	}
	if fault := found.verdict().FirstFault; err == nil && fault != nil && !fault.Tolerated {
		return errFault
	}
	return err
}

// part is what one simulator found. An answer may have several: the pass data are
// Apple's to open, the activation data beside them a scheme's.
type part struct {
	kind    string
	verdict sim.Verdict
	report  any // as JSON
	text    func(io.Writer) error
}

type inspection []part

func (i inspection) verdict() sim.Verdict {
	v := i[0].verdict
	for _, p := range i[1:] {
		v = v.Then(p.verdict)
	}
	return v
}

// writeJSON prints the report of a single part as it is; of several the verdict of
// all, and each.
func (i inspection) writeJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if len(i) == 1 {
		return encoder.Encode(i[0].report)
	}
	whole := struct {
		Kind string `json:"kind"`
		sim.Verdict
		Parts []any `json:"parts"`
	}{Kind: i[0].kind, Verdict: i.verdict()}
	for _, p := range i {
		whole.Parts = append(whole.Parts, p.report)
	}
	return encoder.Encode(whole)
}

func (i inspection) writeText(out io.Writer) error {
	for n, p := range i {
		if n > 0 {
			fmt.Fprintln(out)
		}
		if err := p.text(out); err != nil {
			return err
		}
	}
	return nil
}
