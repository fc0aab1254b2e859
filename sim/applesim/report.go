package applesim

import (
	"crypto/ecdh"
	"crypto/x509"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// Kind says what a text turned out to be.
type Kind string

// The kinds of text.
const (
	KindAnswer  Kind = "applePayAnswer"
	KindRequest Kind = "applePayRequest"
	KindUnknown Kind = "unknown"
)

// Encoding is how an answer writes bytes as text.
type Encoding string

// The encodings of encryptedPassData and ephemeralPublicKey.
const (
	Hex    Encoding = "hex"
	Base64 Encoding = "base64"
)

// DefaultEncodings are those that the Wallet API documents: hex for Mastercard,
// base64 for Visa.
func DefaultEncodings() map[walletport.SchemeID]Encoding {
	return map[walletport.SchemeID]Encoding{walletport.Mastercard: Hex, walletport.Visa: Base64}
}

// Keys is what Apple knows. The zero Keys check only what needs none. Keys are read,
// never changed; concurrent use is safe.
type Keys struct {
	Leaf  ecdh.KeyExchanger   // the leaf's private key; nil leaves the pass data closed
	Roots []*x509.Certificate // of the chain in a request; none leaves the root open
	// Encodings are those that the API documents; nil is DefaultEncodings. Another one is
	// a reservation, no refusal: the app decodes the text, Apple gets bytes.
	Encodings map[walletport.SchemeID]Encoding
	// Nonce and NonceSignature are what the pass data must repeat, lower-case hex; ""
	// leaves it open.
	Nonce, NonceSignature string
	// NonceUsed reports whether a nonce (lower-case hex) was used before; nil leaves it
	// open. It must be safe for concurrent use.
	NonceUsed func(nonce string) bool
	Now       func() time.Time // nil is time.Now

	handedOut *signatures // by the wallet; nil elsewhere
}

func (k Keys) now() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}

func (k Keys) encodings() map[walletport.SchemeID]Encoding {
	if k.Encodings == nil {
		return DefaultEncodings()
	}
	return k.Encodings
}

// Report is what the simulator found in one text.
type Report struct {
	Kind Kind `json:"kind"`
	sim.Verdict
	Facts Facts `json:"facts"`

	enrolment *sim.Enrolment
	scheme    walletport.SchemeID
}

// Enrolment returns the card and the activation data as the scheme takes them, with
// the card's scheme; Wallet and TokenRequestorID are left to the caller. ok is false
// if the answer could not be read that far.
func (r Report) Enrolment() (scheme walletport.SchemeID, e sim.Enrolment, ok bool) {
	if r.enrolment == nil {
		return "", sim.Enrolment{}, false
	}
	return r.scheme, *r.enrolment, true
}

// Facts are what could be read. Nothing in them is secret: the PAN is masked, the
// cardholder's name is only said to be there.
type Facts struct {
	Notes             []string   `json:"notes,omitempty"` // what was tolerated around the text
	Encoding          string     `json:"encoding,omitempty"`
	Form              string     `json:"form,omitempty"` // "FPAN" or "encrypted FPAN"
	Scheme            string     `json:"scheme,omitempty"`
	PAN               string     `json:"pan,omitempty"`        // masked
	PANPrefix         string     `json:"panPrefix,omitempty"`  // of an encrypted FPAN
	Expiration        string     `json:"expiration,omitempty"` // "MM/YY"
	HasCardholderName bool       `json:"hasCardholderName,omitempty"`
	NonceBytes        int        `json:"nonceBytes,omitempty"`
	SignatureBytes    int        `json:"nonceSignatureBytes,omitempty"`
	Activation        string     `json:"activation,omitempty"` // "TAV" or "MBPAC"
	LeafValidUntil    *time.Time `json:"leafValidUntil,omitempty"`
	SubCAValidUntil   *time.Time `json:"subCAValidUntil,omitempty"`
}

// card is what was read of the pass data.
type card struct {
	number          sim.CardNumber
	mmyy            string
	encryptedNumber string
	prefix          string
	scheme          walletport.SchemeID // "" if it could not be told
}

// reading is the state of one inspection.
type reading struct {
	*sim.Checklist
	keys       Keys
	now        time.Time
	facts      Facts
	card       card
	nonce      string // lower-case hex
	activation []byte
	usedAs     map[string]Encoding // by member
	given      []byte              // the text, with all that stands around it
	clear      sim.Clear
}

// checkSealed is the first check of every text.
const checkSealed = "answer_sealed"

// newReading begins the inspection of what was given.
func newReading(keys Keys, order []string, given []byte) *reading {
	r := &reading{Checklist: sim.NewChecklist(slices.Concat([]string{checkSealed}, order)), keys: keys, now: keys.now(), usedAs: make(map[string]Encoding), given: given,
		clear: sim.Clear{Sealed: []string{memberPassData}}}
	r.clear.Add("", given)
	return r
}

func (r *reading) note(text string) { r.facts.Notes = append(r.facts.Notes, text) }

// report closes the reading.
func (r *reading) report(k Kind) Report {
	r.clear.Judge(r.Checklist, checkSealed, r.card.number)
	report := Report{Kind: k, Verdict: r.Verdict(), Facts: r.facts, scheme: r.card.scheme}
	if r.card.scheme == "" || r.activation == nil {
		return report
	}
	report.enrolment = &sim.Enrolment{
		Card:            sim.Card{Number: r.card.number, ExpiryMMYY: r.card.mmyy},
		EncryptedNumber: r.card.encryptedNumber,
		NumberPrefix:    r.card.prefix,
		ActivationData:  r.activation,
		Nonce:           r.nonce,
	}
	if r.card.encryptedNumber != "" { // a number in clear was looked for here
		report.enrolment.Answer = r.given
	}
	return report
}
