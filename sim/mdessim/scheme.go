package mdessim

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// Config is what a simulated scheme needs. All fields but Now are required.
type Config struct {
	Dir  string      // state of the scheme: its tokens and the key behind the PAN references; made if absent
	Keys func() Keys // asked once per digitization, so that a rotation takes effect
	Rand io.Reader   // crypto/rand.Reader outside of tests
	Now  func() time.Time
}

// Scheme is a simulated MDES that makes tokens. It keeps them in Dir, apart from
// everything of the issuer's. It is safe for concurrent use within one process;
// a Dir belongs to one Scheme at a time.
type Scheme struct {
	keys   func() Keys
	rand   io.Reader
	now    func() time.Time
	ledger *ledger
}

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
	l, err := openLedger(c.Dir, c.Rand)
	if err != nil {
		return nil, err
	}
	return &Scheme{keys: c.Keys, rand: c.Rand, now: c.Now, ledger: l}, nil
}

// Close closes the scheme's state.
func (s *Scheme) Close() error { return s.ledger.close() }

// Request is what a token requestor hands to MDES.
type Request struct {
	TokenRequestorID string // 11 digits
	WalletProvider   string
	DigitizationData string // exactly as the issuer made it
}

const tokenRequestorDigits = 11

// Digitize checks the payload and, if it is accepted, makes a token: ACTIVE with a
// valid TAV, INACTIVE (a step-up is due) without one. A TAV that is there and
// does not hold refuses the card. Every call makes a new token; the PAN
// reference of a card stays the same.
//
// A refused payload is a Report, not an error. Errors: CodeInvalid,
// reason token_requestor_id; CodeUnavailable, reason store_unavailable.
func (s *Scheme) Digitize(ctx context.Context, req Request) (Report, error) {
	if len(req.TokenRequestorID) != tokenRequestorDigits || !sim.IsDigits(req.TokenRequestorID) {
		return Report{}, walletport.Errorf(walletport.CodeInvalid, "token_requestor_id", "a token requestor id has %d digits", tokenRequestorDigits)
	}
	if err := ctx.Err(); err != nil {
		return Report{}, walletport.Errorf(walletport.CodeUnavailable, "canceled", "the request was given up").WithCause(err)
	}
	keys := s.keys()
	keys.Now = s.now
	r := openDigitizationData(req.DigitizationData, keys)
	if r.facts.AccountReference != "" {
		r.Fail(checkReference, referenceUnknown, "this MDES issued no such %s", r.facts.AccountReference)
	}
	report := r.report(KindDigitizationData)
	if !report.Accepted {
		return report, nil
	}
	token, err := s.makeToken(r.card.number, req, r.Failed(checkTAVPresent))
	if err != nil {
		return Report{}, err
	}
	report.Token = &token
	return report, nil
}

func (s *Scheme) makeToken(number sim.CardNumber, req Request, needsStepUp bool) (Token, error) {
	tur, err := newTokenReference(s.rand)
	if err != nil {
		return Token{}, err
	}
	now := s.now().UTC()
	token := Token{
		TokenUniqueReference: tur,
		PANUniqueReference:   s.ledger.panReference(number),
		Status:               StatusInactive,
		TokenRequestorID:     req.TokenRequestorID,
		WalletProvider:       req.WalletProvider,
		AccountPANSuffix:     number.LastFour(),
		CreatedAt:            now,
	}
	if !needsStepUp {
		token.Status, token.ActivatedAt = StatusActive, &now
	}
	if err := s.ledger.append(token); err != nil {
		return Token{}, err
	}
	return token, nil
}

// Tokens returns every token, oldest first.
func (s *Scheme) Tokens() []Token { return s.ledger.all() }

// Token returns the token of that reference.
func (s *Scheme) Token(tokenUniqueReference string) (Token, bool) {
	return s.ledger.find(tokenUniqueReference)
}

// DigitizeJSON is Digitize for a caller that shares no types with the scheme, as
// a wallet's back end: the Report in JSON.
func (s *Scheme) DigitizeJSON(ctx context.Context, tokenRequestorID, walletProvider, digitizationData string) ([]byte, error) {
	report, err := s.Digitize(ctx, Request{TokenRequestorID: tokenRequestorID, WalletProvider: walletProvider, DigitizationData: digitizationData})
	if err != nil {
		return nil, err
	}
	return json.Marshal(report)
}

// TokensJSON returns every token as a JSON array, oldest first.
func (s *Scheme) TokensJSON() ([]byte, error) {
	tokens := s.Tokens()
	if tokens == nil {
		tokens = []Token{}
	}
	return json.Marshal(tokens)
}

// The form of MDES's references: six letters and 42 characters, ten of them
// zero, the rest hex.
const (
	prefixTUR      = "DWSPMC0000000000"
	prefixPUR      = "FWSPMC0000000000"
	referenceBytes = 16
)

// newTokenReference draws a tokenUniqueReference. One whose digits read like a
// PAN is drawn again, so that no guard on PANs ever stumbles over it.
func newTokenReference(rand io.Reader) (string, error) {
	var raw [referenceBytes]byte
	for {
		if _, err := io.ReadFull(rand, raw[:]); err != nil {
			return "", walletport.Errorf(walletport.CodeInternal, "random", "no random bytes").WithCause(err)
		}
		if text := hex.EncodeToString(raw[:]); !walletport.ContainsPAN(text) {
			return prefixTUR + text, nil
		}
	}
}
