package mdessim

import (
	"io"
	"strings"
	"time"

	"github.com/walletport/walletport/sim"
)

// shownHex returns a fingerprint, shortened if its digits could hide a PAN.
func shownHex(text string) string {
	text = strings.ToLower(text)
	if len(text) > 16 && (len(text) > 64 || sim.HidesNumber(text)) {
		return text[:6] + "…" + text[len(text)-4:]
	}
	return text
}

// WriteText writes a report for a human, as sim.WriteText does.
func WriteText(w io.Writer, r Report) error {
	text := sim.Text{Title: kindText[r.Kind], Notes: r.Facts.Notes, Verdict: r.Verdict, Facts: r.Facts.lines()}
	if t := r.Token; t != nil {
		text.Token = t.TokenUniqueReference + " " + string(t.Status)
	}
	return sim.WriteText(w, text)
}

var kindText = map[Kind]string{
	KindDigitizationData: "MDES digitization data (IIDD)",
	KindTAV:              "a Mastercard TAV",
	KindEnrolment:        "a card with its Mastercard activation data",
	KindUnknown:          "nothing that MDES knows",
}

// lines returns the facts that are there, as label and text.
func (f Facts) lines() sim.Lines {
	var all sim.Lines
	all.Add("shape", f.Shape)
	all.Add("fingerprint", f.Fingerprint)
	all.Add("key wrap", f.KeyWrap)
	all.Add("cipher", f.Cipher)
	all.Add("card", f.PAN)
	all.Add("expiry", f.Expiry)
	all.Add("source", f.Source)
	all.Add("data valid until", utc(f.ValidUntil))
	all.Add("TAV version", f.TAVVersion)
	all.Add("TAV signs", strings.Join(f.TAVFields, ", "))
	all.Add("TAV valid until", utc(f.TAVValidUntil))
	all.Add("TAV key alias", f.TAVKeyAlias)
	return all
}

func utc(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
