package googlesim

import (
	"io"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/walletport/walletport/sim"
)

// Kind says what a text turned out to be.
type Kind string

// The kinds of text.
const (
	KindOPC     Kind = "googleOpaquePaymentCard"
	KindUnknown Kind = "unknown"
)

// Keys is what Google knows. The zero Keys check only what needs none. Keys are read,
// never changed; concurrent use is safe.
type Keys struct {
	Google  []*Key             // Google's keys, former ones too; none leaves the message closed
	Issuers openpgp.EntityList // registered keys of issuers; nil leaves signatures unverified
	// Lenient takes what Google is known or thought to take beside its own rules:
	// URL-safe and unpadded base64, signatures with SHA-256 and SHA-512, AES-128 and
	// AES-192. They are reservations then.
	Lenient         bool
	ServerSessionID string // that the card must repeat; "" leaves it open
	// SessionUsed reports whether a card was added with a session before; nil leaves it
	// open. It must be safe for concurrent use.
	SessionUsed func(serverSessionID string) bool
	Now         func() time.Time // nil is time.Now

	sessions *sessions // of the wallet; nil elsewhere
}

func (k Keys) now() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}

// Report is what the simulator found in one text.
type Report struct {
	Kind Kind `json:"kind"`
	sim.Verdict
	Facts Facts `json:"facts"`

	card    sim.Card
	session string
}

// Card returns the card in the message; ok is false if it could not be read.
func (r Report) Card() (card sim.Card, ok bool) {
	return r.card, r.card.Number.Clear() != "" && r.card.ExpiryMMYY != ""
}

// Facts are what could be read. Nothing in them is secret: the PAN is masked.
type Facts struct {
	Notes         []string   `json:"notes,omitempty"` // what was tolerated around the text
	Packets       []string   `json:"packets,omitempty"`
	Recipient     string     `json:"recipient,omitempty"` // shortened id of the key
	Cipher        string     `json:"cipher,omitempty"`
	Inside        []string   `json:"inside,omitempty"` // packets below the encryption
	Hash          string     `json:"hash,omitempty"`   // of the signature
	Signer        string     `json:"signer,omitempty"` // shortened id of the key
	SignedAt      *time.Time `json:"signedAt,omitempty"`
	PAN           string     `json:"pan,omitempty"`    // masked
	Expiry        string     `json:"expiry,omitempty"` // "MM/YY"
	HasSession    bool       `json:"hasServerSessionId,omitempty"`
	PayloadScheme string     `json:"digitizationDataFor,omitempty"`
}

// reading is the state of one inspection.
type reading struct {
	*sim.Checklist
	keys    Keys
	now     time.Time
	facts   Facts
	number  sim.CardNumber
	mmyy    string
	session string
	clear   sim.Clear
}

// checkSealed is the first check of every text.
const checkSealed = "answer_sealed"

// newReading begins the inspection of what was given around an opaque payment card.
func newReading(keys Keys, order []string, around []byte) *reading {
	r := &reading{Checklist: sim.NewChecklist(slices.Concat([]string{checkSealed}, order)), keys: keys, now: keys.now(),
		clear: sim.Clear{Elsewhere: []string{memberOPC, memberDigitization}}}
	r.clear.Add("", around)
	return r
}

func (r *reading) note(text string) { r.facts.Notes = append(r.facts.Notes, text) }

// lenient is a kind of fault that Keys.Lenient makes a reservation.
func (r *reading) lenient(k sim.Kind) sim.Kind {
	k.Tolerated = k.Tolerated || r.keys.Lenient
	return k
}

// report closes the reading. Known are card numbers that others opened.
func (r *reading) report(k Kind, known ...sim.CardNumber) Report {
	r.clear.Judge(r.Checklist, checkSealed, append(known, r.number)...)
	return Report{Kind: k, Verdict: r.Verdict(), Facts: r.facts, card: sim.Card{Number: r.number, ExpiryMMYY: r.mmyy}, session: r.session}
}

// WriteText writes a report for a human, as sim.WriteText does.
func WriteText(w io.Writer, r Report) error {
	return sim.WriteText(w, sim.Text{Title: kindText[r.Kind], Notes: r.Facts.Notes, Verdict: r.Verdict, Facts: r.Facts.lines()})
}

var kindText = map[Kind]string{
	KindOPC:     "a Google opaque payment card",
	KindUnknown: "nothing that Google knows",
}

// lines returns the facts that are there, as label and text.
func (f Facts) lines() sim.Lines {
	var all sim.Lines
	for _, name := range f.Packets {
		all.Add("packet", name)
	}
	all.Add("recipient", f.Recipient)
	all.Add("cipher", f.Cipher)
	for _, name := range f.Inside {
		all.Add("packet inside", name)
	}
	all.Add("hash", f.Hash)
	all.Add("signer", f.Signer)
	if f.SignedAt != nil {
		all.Add("signed at", f.SignedAt.UTC().Format(time.RFC3339))
	}
	all.Add("card", f.PAN)
	all.Add("expiry", f.Expiry)
	return all
}
