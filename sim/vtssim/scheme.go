package vtssim

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// Config is what a simulated scheme needs. All fields but Now are required.
type Config struct {
	Dir  string      // state of the scheme: its tokens and the key behind the PAN references; made if absent
	Keys func() Keys // asked once per call, so that a rotation takes effect
	Rand io.Reader   // crypto/rand.Reader outside of tests
	Now  func() time.Time
}

// Scheme is a simulated VTS that makes tokens. It keeps them in Dir, apart from
// everything of the issuer's. It is safe for concurrent use within one process; a
// Dir belongs to one Scheme at a time.
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
		return nil, walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated VTS needs %s", missing)
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

// Push enrols a card that a wallet pushes: p.Payload is the compact JWE, exactly as
// the issuer made it, and its ids must be those that the wallet says. An accepted
// card gets an ACTIVE token, as if the issuer had approved it. Every call makes a new
// token; the PAN reference of a card stays the same.
//
// Errors: CodeInvalid, reason token_requestor_id; CodeUnavailable, reasons canceled
// and store_unavailable.
func (s *Scheme) Push(ctx context.Context, p sim.Push) (sim.Report, error) {
	if err := sim.CheckRequest(ctx, p.TokenRequestorID); err != nil {
		return sim.Report{}, err
	}
	keys := s.currentKeys()
	keys.Wallet = &Wallet{TokenRequestorID: p.TokenRequestorID, Client: p.Client}
	r := newReading(keys, pushChecks, "")
	r.readPush(p.Payload)
	return s.conclude(KindPush, r, requestor{p.TokenRequestorID, p.Wallet, p.Client.DeviceID})
}

// Enrol checks a card that the wallet opened, in clear or as MBPAD, and the MBPAC
// beside it. The token is ACTIVE with a valid MBPAC, INACTIVE (a step-up is due)
// without one; one that is there and does not hold refuses the card. Errors are
// those of Push.
func (s *Scheme) Enrol(ctx context.Context, e sim.Enrolment) (sim.Report, error) {
	if err := sim.CheckRequest(ctx, e.TokenRequestorID); err != nil {
		return sim.Report{}, err
	}
	r := openEnrolment(e, s.currentKeys())
	return s.conclude(KindEnrolment, r, requestor{id: e.TokenRequestorID, wallet: e.Wallet})
}

// conclude makes a token if the card is accepted.
func (s *Scheme) conclude(k Kind, r *reading, by requestor) (sim.Report, error) {
	report := r.report(k)
	if !report.Accepted {
		return report.shared(), nil
	}
	token, err := s.vault.Provision(tokenvault.Provisioning{
		Number: r.card.number, TokenRequestorID: by.id, Wallet: by.wallet,
		DeviceID: shownDevice(by.device, r.card.number), NeedsStepUp: r.Failed(checkActivation),
	})
	if err != nil {
		return sim.Report{}, err
	}
	report.Token = &token
	return report.shared(), nil
}

// CardOf returns the card in a push payload, whatever else is wrong with it; ok is
// false if it cannot be read.
func (s *Scheme) CardOf(payload string) (card sim.Card, ok bool) {
	r := newReading(s.currentKeys(), pushChecks, "")
	r.readPush(payload)
	if r.card.number.Clear() == "" || r.card.mmyy == "" {
		return sim.Card{}, false
	}
	return sim.Card{Number: r.card.number, ExpiryMMYY: r.card.mmyy}, true
}

// requestor is who asks for a token.
type requestor struct{ id, wallet, device string }

// Vault returns the vault that the tokens are in. It is closed with the scheme.
func (s *Scheme) Vault() *tokenvault.Vault { return s.vault }

// TokensJSON returns every token as a JSON array, oldest first.
func (s *Scheme) TokensJSON() ([]byte, error) {
	return json.Marshal(append([]tokenvault.Token{}, s.vault.Tokens()...))
}
