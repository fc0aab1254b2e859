package mdessim

import (
	"time"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// Kind says what a payload turned out to be.
type Kind string

// The kinds of payload.
const (
	KindDigitizationData Kind = "digitizationData"
	KindTAV              Kind = "tav"
	KindEnrolment        Kind = "enrolment" // a card in clear with its activation data
	KindUnknown          Kind = "unknown"
)

// Report is what the simulator found in one payload. Its JSON is the answer of
// the simulated wallets: accepted, checks, firstFault and, after a
// digitization, token.
type Report struct {
	Kind Kind `json:"kind"`
	// The one fault that leaves Accepted true is a missing TAV: the card is taken,
	// its token needs a step-up.
	sim.Verdict
	Facts Facts             `json:"facts"`
	Token *tokenvault.Token `json:"token,omitempty"`
}

// Facts are what could be read of a payload. Nothing in them is secret: the PAN
// is masked, the cardholder's name is only said to be there.
type Facts struct {
	Notes              []string   `json:"notes,omitempty"` // what was tolerated around the payload
	Shape              string     `json:"shape,omitempty"` // "cardInfo" or "fundingAccountInfo"
	Fingerprint        string     `json:"publicKeyFingerprint,omitempty"`
	KeyWrap            string     `json:"keyWrap,omitempty"` // "RSA-OAEP SHA256", "RSA PKCS#1 v1.5"
	Cipher             string     `json:"cipher,omitempty"`  // "AES-128-CBC"
	PAN                string     `json:"pan,omitempty"`     // masked
	Expiry             string     `json:"expiry,omitempty"`  // "MM/YY"
	Source             string     `json:"source,omitempty"`
	HasCardholderName  bool       `json:"hasCardholderName,omitempty"`
	ValidUntil         *time.Time `json:"dataValidUntil,omitempty"`
	TAVVersion         string     `json:"tavVersion,omitempty"`
	TAVFields          []string   `json:"tavFields,omitempty"` // in signed order
	TAVValidUntil      *time.Time `json:"tavValidUntil,omitempty"`
	TAVKeyAlias        string     `json:"tavKeyAlias,omitempty"`
	TAVSignatureBits   int        `json:"tavSignatureBits,omitempty"`
	AccountReference   string     `json:"accountReference,omitempty"` // the kind of reference given instead of a card
	TokenReferenceUsed bool       `json:"tavNamesToken,omitempty"`
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

// newReading begins the inspection of what was given: the payload with all that
// stands around it.
func newReading(keys Keys, order []string, given string) *reading {
	r := &reading{Checklist: sim.NewChecklist(join([]string{checkSealed}, order)), keys: keys, now: keys.now(),
		clear: sim.Clear{Sealed: []string{"encryptedData"}}}
	r.clear.Add("", []byte(given))
	return r
}

// report closes the reading.
func (r *reading) report(k Kind) Report {
	r.clear.Judge(r.Checklist, checkSealed, r.card.number)
	return Report{Kind: k, Verdict: r.Verdict(), Facts: r.facts}
}

// shared is the report as the wallets know it.
func (r Report) shared() sim.Report {
	shared := sim.Report{Kind: string(r.Kind), Verdict: r.Verdict, Facts: r.Facts}
	if r.Token != nil { // a nil pointer would be a member of null
		shared.Token = r.Token
	}
	return shared
}
