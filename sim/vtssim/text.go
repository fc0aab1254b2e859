package vtssim

import (
	"io"
	"time"

	"github.com/walletport/walletport/sim"
)

// WriteText writes a report for a human, as sim.WriteText does.
func WriteText(w io.Writer, r Report) error {
	text := sim.Text{Title: kindText[r.Kind], Notes: r.Facts.Notes, Verdict: r.Verdict, Facts: r.Facts.lines()}
	if t := r.Token; t != nil {
		text.Token = t.TokenReferenceID + " " + string(t.Status)
	}
	return sim.WriteText(w, text)
}

var kindText = map[Kind]string{
	KindPush:      "a Visa push payload (JWE)",
	KindMBPAC:     "Visa activation data (MBPAC)",
	KindMBPAD:     "an encrypted Visa card number (MBPAD)",
	KindEnrolment: "a card with its Visa activation data",
	KindUnknown:   "nothing that VTS knows",
}

// lines returns the facts that are there, as label and text.
func (f Facts) lines() sim.Lines {
	var all sim.Lines
	all.Add("key management", f.KeyManagement)
	all.Add("encryption", f.ContentEncryption)
	all.Add("key id", f.KeyID)
	all.Add("key set", f.KeySet)
	all.Add("issued at", utc(f.IssuedAt))
	all.Add("card", f.PAN)
	all.Add("expiry", f.Expiry)
	all.Add("intent", f.Intent)
	all.Add("token requestor", f.WalletProvider)
	all.Add("issuer ID&V", f.IDnV)
	all.Add("made at", utc(f.DateTime))
	return all
}

func utc(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
