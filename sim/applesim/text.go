package applesim

import (
	"io"
	"strconv"
	"time"

	"github.com/walletport/walletport/sim"
)

// WriteText writes a report for a human, as sim.WriteText does.
func WriteText(w io.Writer, r Report) error {
	return sim.WriteText(w, sim.Text{Title: kindText[r.Kind], Notes: r.Facts.Notes, Verdict: r.Verdict, Facts: r.Facts.lines()})
}

var kindText = map[Kind]string{
	KindAnswer:  "an answer for Apple Pay",
	KindRequest: "a request for Apple Pay",
	KindUnknown: "nothing that Apple knows",
}

// lines returns the facts that are there, as label and text.
func (f Facts) lines() sim.Lines {
	var all sim.Lines
	all.Add("encoding", f.Encoding)
	all.Add("form", f.Form)
	all.Add("scheme", f.Scheme)
	all.Add("card", f.PAN)
	all.Add("card begins", f.PANPrefix)
	all.Add("expiration", f.Expiration)
	all.Add("nonce", bytesText(f.NonceBytes))
	all.Add("nonce signature", bytesText(f.SignatureBytes))
	all.Add("activation data", f.Activation)
	all.Add("leaf valid until", utc(f.LeafValidUntil))
	all.Add("sub-CA valid until", utc(f.SubCAValidUntil))
	return all
}

func bytesText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n) + " bytes"
}

func utc(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
