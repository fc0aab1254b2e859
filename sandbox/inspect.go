package sandbox

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim"
)

// MaxPayloadBytes is far above any payload of the formats that are known.
const MaxPayloadBytes = 1 << 20

// Inspect opens a payload, as a wallet and its scheme would, and checks each field. keysPath
// is a sandbox.json with the keys of the other side; without one ("") only what needs no
// key is checked. The error is that of the file.
func Inspect(payload []byte, keysPath string) (Inspection, error) {
	held := inspectKeys{vts: vtssim.Keys{MaxAge: visaMaxAge}}
	if keysPath != "" {
		var err error
		if held, err = readInspectKeys(keysPath); err != nil {
			return nil, err
		}
	}
	return inspect(payload, held), nil
}

// part is what one simulator found. An answer may have several: the pass data are
// Apple's to open, the activation data beside them a scheme's.
type part struct {
	kind    string
	verdict sim.Verdict
	report  any // as JSON
	text    func(io.Writer) error
}

// Inspection is what was found in a payload.
type Inspection []part

func (i Inspection) verdict() sim.Verdict {
	v := i[0].verdict
	for _, p := range i[1:] {
		v = v.Then(p.verdict)
	}
	return v
}

// Faulty reports whether a fault was found that a wallet or scheme would not let pass.
func (i Inspection) Faulty() bool {
	fault := i.verdict().FirstFault
	return fault != nil && !fault.Tolerated
}

// WriteJSON prints the report of a single part as it is; of several the verdict of
// all, and each.
func (i Inspection) WriteJSON(out io.Writer) error {
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

// WriteText prints the report for people.
func (i Inspection) WriteText(out io.Writer) error {
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
