package mdessim

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// Config is what a simulated scheme needs. All fields but Now are required.
type Config struct {
	Dir  string      // state of the scheme: its tokens and the key behind the PAN references; made if absent
	Keys func() Keys // asked once per call, so that a rotation takes effect
	Rand io.Reader   // crypto/rand.Reader outside of tests
	Now  func() time.Time
}

// Scheme is a simulated MDES that makes tokens. It keeps them in Dir, apart from
// everything of the issuer's. It is safe for concurrent use within one process;
// a Dir belongs to one Scheme at a time.
type Scheme struct {
	keys  func() Keys
	now   func() time.Time
	vault *tokenvault.Vault
}

var (
	_ sim.Scheme      = (*Scheme)(nil)
	_ sim.TokenLister = (*Scheme)(nil)
)

// New opens the scheme's state. Close it after use.
func New(c Config) (*Scheme, error) {
	missing := ""
	switch {
	case c.Dir == "":
		missing = "Dir"
	case c.Keys == nil:
		missing = "Keys"
	case c.Rand == nil:
		missing = "Rand"
	}
	if missing != "" {
		return nil, walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated MDES needs %s", missing)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	vault, err := tokenvault.Open(c.Dir, c.Rand, c.Now)
	if err != nil {
		return nil, err
	}
	return &Scheme{keys: c.Keys, now: c.Now, vault: vault}, nil
}

// Close closes the scheme's state.
func (s *Scheme) Close() error { return s.vault.Close() }

func (s *Scheme) currentKeys() Keys {
	keys := s.keys()
	keys.Now = s.now
	return keys
}

// Push digitizes a card: p.Payload is the digitizationData in base64, exactly as
// the issuer made it. If it is accepted a token is made: ACTIVE with a valid TAV,
// INACTIVE (a step-up is due) without one. A TAV that is there and does not hold
// refuses the card. Every call makes a new token, but for a card that was removed from the
// wallet, whose token comes back; the PAN reference of a card stays the same. What the
// wallet knows of app and device is not looked at.
//
// Errors: CodeInvalid, reason token_requestor_id; CodeUnavailable, reasons
// canceled and store_unavailable.
func (s *Scheme) Push(ctx context.Context, p sim.Push) (sim.Report, error) {
	if err := sim.CheckRequest(ctx, p.TokenRequestorID); err != nil {
		return sim.Report{}, err
	}
	r := openDigitizationData(p.Payload, p.Payload, s.currentKeys())
	if r.facts.AccountReference != "" {
		r.Fail(checkReference, referenceUnknown, "this MDES issued no such %s", r.facts.AccountReference)
	}
	return s.conclude(r.report(KindDigitizationData), r, requestor{p.TokenRequestorID, p.Wallet})
}

// Enrol checks the TAV of a card that the wallet opened, and makes a token as Push
// does. Errors are those of Push.
func (s *Scheme) Enrol(ctx context.Context, e sim.Enrolment) (sim.Report, error) {
	if err := sim.CheckRequest(ctx, e.TokenRequestorID); err != nil {
		return sim.Report{}, err
	}
	r := newReading(s.currentKeys(), enrolmentChecks, string(e.ActivationData))
	r.clear.Add("the nonce", []byte(e.Nonce))
	r.readEnrolment(e)
	return s.conclude(r.report(KindEnrolment), r, requestor{e.TokenRequestorID, e.Wallet})
}

// conclude makes a token if the card is accepted.
func (s *Scheme) conclude(report Report, r *reading, by requestor) (sim.Report, error) {
	if !report.Accepted {
		return report.shared(), nil
	}
	token, err := s.vault.Digitize(tokenvault.Digitization{
		Number: r.card.number, ExpiryMMYY: r.card.mmyy, TokenRequestorID: by.id, Wallet: by.wallet, NeedsStepUp: r.Failed(checkTAVPresent),
	})
	if err != nil {
		return sim.Report{}, err
	}
	report.Token = &token
	return report.shared(), nil
}

// CardOf returns the card in digitizationData, whatever else is wrong with it; ok
// is false if it cannot be read.
func (s *Scheme) CardOf(payload string) (card sim.Card, ok bool) {
	found := openDigitizationData(payload, payload, s.currentKeys()).card
	if found.number.Clear() == "" || found.mmyy == "" {
		return sim.Card{}, false
	}
	return sim.Card{Number: found.number, ExpiryMMYY: found.mmyy}, true
}

// requestor is who asks for a token.
type requestor struct{ id, wallet string }

// Vault returns the vault that the tokens are in. It is closed with the scheme.
func (s *Scheme) Vault() *tokenvault.Vault { return s.vault }

// TokensJSON returns every token as a JSON array, oldest first.
func (s *Scheme) TokensJSON() ([]byte, error) { return json.Marshal(s.vault.Tokens(nil)) }
