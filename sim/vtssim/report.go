package vtssim

import (
	"time"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// Kind says what a payload turned out to be.
type Kind string

// The kinds of payload.
const (
	KindPush      Kind = "encPaymentInstrument"
	KindMBPAC     Kind = "mbpac"
	KindMBPAD     Kind = "mbpad"
	KindEnrolment Kind = "enrolment" // a card that the wallet opened, with its activation data
	KindUnknown   Kind = "unknown"
)

// Report is what the simulator found in one payload. Its JSON is the answer of
// the simulated wallets.
type Report struct {
	Kind Kind `json:"kind"`
	sim.Verdict
	Facts Facts             `json:"facts"`
	Token *tokenvault.Token `json:"token,omitempty"`
}

// Facts are what could be read of a payload. Nothing in them is secret: the PAN
// is masked, name, address and codes are only said to be there.
type Facts struct {
	Notes             []string   `json:"notes,omitempty"` // what was tolerated around the payload
	KeyManagement     string     `json:"alg,omitempty"`
	ContentEncryption string     `json:"enc,omitempty"`
	KeyID             string     `json:"kid,omitempty"` // shortened
	IssuedAt          *time.Time `json:"iat,omitempty"`
	PAN               string     `json:"pan,omitempty"`    // masked
	Expiry            string     `json:"expiry,omitempty"` // "MM/YYYY"
	HasName           bool       `json:"hasName,omitempty"`
	HasBillingAddress bool       `json:"hasBillingAddress,omitempty"`
	Intent            string     `json:"intent,omitempty"`
	WalletProvider    string     `json:"clientWalletProvider,omitempty"` // token requestor id
	IDnV              string     `json:"isIDnV,omitempty"`               // "true" or "false"
	KeySet            string     `json:"keySet,omitempty"`               // "401200.1"
	HasAuthCode       bool       `json:"hasAuthCode,omitempty"`
	DateTime          *time.Time `json:"datetime,omitempty"` // of an MBPAD
}

// card is what was read, as far as it could be.
type card struct {
	number sim.CardNumber
	mmyy   string // "" if the expiry could not be read
}

// checkSealed is the first check of every payload.
const checkSealed = "card_sealed"

// reading is the state of one inspection.
type reading struct {
	*sim.Checklist
	keys  Keys
	now   time.Time
	facts Facts
	card  card
	clear sim.Clear
}

// newReading begins the inspection of a payload; around is what stands around it.
func newReading(keys Keys, order []string, around string) *reading {
	r := &reading{Checklist: sim.NewChecklist(join([]string{checkSealed}, order)), keys: keys, now: keys.now(),
		clear: sim.Clear{Sealed: []string{"ciphertext"}, Elsewhere: answerMembers}}
	r.clear.Add("", []byte(around))
	return r
}

// report closes the reading.
func (r *reading) report(k Kind) Report {
	r.clear.Judge(r.Checklist, checkSealed, r.card.number)
	return Report{Kind: k, Verdict: r.Verdict(), Facts: r.facts}
}

// note records what was tolerated.
func (r *reading) note(text string) { r.facts.Notes = append(r.facts.Notes, text) }

// shared is the report as the wallets know it.
func (r Report) shared() sim.Report {
	shared := sim.Report{Kind: string(r.Kind), Verdict: r.Verdict, Facts: r.Facts}
	if r.Token != nil { // a nil pointer would be a member of null
		shared.Token = r.Token
	}
	return shared
}

// maxShownKeyID bounds what is repeated of a kid; Visa's have 49 characters.
const maxShownKeyID = 64

// shownKeyID returns a kid, shortened if it is long or could hide a PAN.
func shownKeyID(text string) string {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return "(withheld)"
		}
	}
	if len(text) > maxShownKeyID || sim.HidesNumber(text) {
		return text[:6] + "…" + text[len(text)-4:]
	}
	return text
}
