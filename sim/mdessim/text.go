package mdessim

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// shownHex returns a fingerprint, shortened if its digits could hide a PAN.
func shownHex(text string) string {
	text = strings.ToLower(text)
	if len(text) > 16 && (len(text) > 64 || walletport.ContainsPAN(text)) {
		return text[:6] + "…" + text[len(text)-4:]
	}
	return text
}

// WriteText writes a report for a human: one line per check with ✓, ✗ or –, what
// was read, then the first fault and its remedy. It returns the error of w.
func WriteText(w io.Writer, r Report) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "This is %s.\n", kindText[r.Kind])
	for _, note := range r.Facts.Notes {
		fmt.Fprintf(out, "  note: %s\n", note)
	}
	for _, c := range r.Checks {
		fmt.Fprintf(out, "  %s %-18s %s\n", mark(c), c.Name, c.Detail)
	}
	if lines := r.Facts.lines(); len(lines) > 0 {
		fmt.Fprintln(out, "What it says:")
		for _, line := range lines {
			fmt.Fprintf(out, "  %-20s %s\n", line[0], line[1])
		}
	}
	fmt.Fprintln(out, verdict(r))
	if f := r.FirstFault; f != nil {
		fmt.Fprintf(out, "First fault: %s: %s\nRemedy: %s\n", f.Code, f.Detail, f.Remedy)
	}
	if t := r.Token; t != nil {
		fmt.Fprintf(out, "Token: %s %s\n", t.TokenUniqueReference, t.Status)
	}
	return out.Flush()
}

var kindText = map[Kind]string{
	KindDigitizationData: "MDES digitization data (IIDD)",
	KindTAV:              "a Mastercard TAV",
	KindUnknown:          "nothing that MDES knows",
}

func mark(c sim.Check) string {
	switch {
	case c.OK:
		return "✓"
	case c.Skipped:
		return "–"
	}
	return "✗"
}

func verdict(r Report) string {
	switch {
	case r.Accepted && r.FirstFault != nil:
		return "Accepted, with a reservation."
	case r.Accepted:
		return "Accepted: every rule holds."
	case r.FirstFault != nil:
		return "Refused."
	}
	return "No fault found, but not every rule could be checked."
}

// lines returns the facts that are there, as label and text.
func (f Facts) lines() [][2]string {
	var all [][2]string
	add := func(label, text string) {
		if text != "" {
			all = append(all, [2]string{label, text})
		}
	}
	add("shape", f.Shape)
	add("fingerprint", f.Fingerprint)
	add("key wrap", f.KeyWrap)
	add("cipher", f.Cipher)
	add("card", f.PAN)
	add("expiry", f.Expiry)
	add("source", f.Source)
	add("data valid until", utc(f.ValidUntil))
	add("TAV version", f.TAVVersion)
	add("TAV signs", strings.Join(f.TAVFields, ", "))
	add("TAV valid until", utc(f.TAVValidUntil))
	add("TAV key alias", f.TAVKeyAlias)
	return all
}

func utc(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
