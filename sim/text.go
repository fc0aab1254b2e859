package sim

import (
	"bufio"
	"fmt"
	"io"
)

// Text is a report as a human reads it.
type Text struct {
	Title   string   // what the payload turned out to be: "a Mastercard TAV"
	Notes   []string // what was tolerated around it
	Verdict Verdict
	Facts   Lines
	Token   string // reference and status; "" without a token
}

// Lines are facts, each a label and a text.
type Lines [][2]string

// Add appends a fact, unless it is empty.
func (l *Lines) Add(label, text string) {
	if text != "" {
		*l = append(*l, [2]string{label, text})
	}
}

// WriteText writes one line per check with ✓, ✗ or –, what was read, then the first
// fault and its remedy. It returns the error of w.
func WriteText(w io.Writer, t Text) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "This is %s.\n", t.Title)
	for _, note := range t.Notes {
		fmt.Fprintf(out, "  note: %s\n", note)
	}
	for _, c := range t.Verdict.Checks {
		fmt.Fprintf(out, "  %s %-18s %s\n", c.mark(), c.Name, c.Detail)
	}
	if len(t.Facts) > 0 {
		fmt.Fprintln(out, "What it says:")
	}
	for _, line := range t.Facts {
		fmt.Fprintf(out, "  %-20s %s\n", line[0], line[1])
	}
	fmt.Fprintln(out, t.Verdict.sentence())
	if f := t.Verdict.FirstFault; f != nil {
		fmt.Fprintf(out, "First fault: %s: %s\nRemedy: %s\n", f.Code, f.Detail, f.Remedy)
	}
	if t.Token != "" {
		fmt.Fprintf(out, "Token: %s\n", t.Token)
	}
	return out.Flush()
}

func (c Check) mark() string {
	switch {
	case c.OK:
		return "✓"
	case c.Skipped:
		return "–"
	}
	return "✗"
}

func (v Verdict) sentence() string {
	switch {
	case v.Accepted && v.FirstFault != nil:
		return "Accepted, with a reservation."
	case v.Accepted:
		return "Accepted: every rule holds."
	case v.FirstFault != nil:
		return "Refused."
	}
	return "No fault found, but not every rule could be checked."
}
