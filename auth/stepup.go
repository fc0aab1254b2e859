package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"github.com/walletport/walletport"
)

// The reasons of a refused step-up, all CodeForbidden. A client that sees
// ReasonStepUpRequired authenticates the cardholder (again) and calls again. The
// others mean that something is wrong between app, back end and identity provider,
// or that somebody tries: asking the cardholder again does not help.
const (
	ReasonStepUpRequired = "step_up_required"         // there is no proof, or it is too old or too weak
	ReasonStepUpInvalid  = "step_up_invalid"          // not signed by the identity provider, not for us, or malformed
	ReasonStepUpSubject  = "step_up_subject_mismatch" // a proof of another customer
	ReasonStepUpBinding  = "step_up_binding_mismatch" // a proof for another card or wallet
)

// StepUp is the gate for proofs of strong cardholder authentication. It implements
// walletport.StepUpGate. It is safe for concurrent use.
//
// A proof is a JWT of the card issuer's identity provider with the claims iss, aud
// and exp; sub, the customer's number, as the card has it; iat and auth_time (OpenID
// Connect Core section 2), when the cardholder was authenticated; amr (RFC 8176),
// how; and card and wallet, for what: the card's id as text or number, and the
// wallet or wallet provider as the API's path spells it ("activation" for the calls
// that name none). A proof may be used more than once while it is fresh, for the
// same card and wallet of the same customer: a wallet's retry must not send the
// cardholder back to the login.
type StepUp struct {
	rules  map[walletport.IssuerID]*stepUpRule // nil asks for nothing
	others *stepUpRule                         // nil asks for nothing
}

type stepUpRule struct {
	*verifier
	policy
	name        string
	maxAge      time.Duration
	methods     []string
	mfaSuffices bool
}

var _ walletport.StepUpGate = (*StepUp)(nil)

// NewStepUp returns the gate for the rules of c, which trust was opened with too.
func NewStepUp(c Config, trust *Trust) (*StepUp, error) {
	if trust == nil {
		return nil, errors.New("auth: trust is required")
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	leeway := cmp.Or(c.Leeway, defaultLeeway)
	gate := &StepUp{rules: make(map[walletport.IssuerID]*stepUpRule)}
	var err error
	if gate.others, err = trust.stepUpRule(c.StepUpOfOthers, leeway); err != nil {
		return nil, err
	}
	for _, r := range c.StepUp {
		rule, err := trust.stepUpRule(r.StepUpDemand, leeway)
		if err != nil {
			return nil, err
		}
		for _, id := range r.Issuers {
			gate.rules[id] = rule
		}
	}
	return gate, nil
}

// stepUpRule returns nil where nothing is asked.
func (t *Trust) stepUpRule(d StepUpDemand, leeway time.Duration) (*stepUpRule, error) {
	if !d.Asks() {
		return nil, nil
	}
	v, err := t.verifier(d.authority(), leeway)
	if err != nil {
		return nil, fmt.Errorf("auth: step-up rule %q: %w", d.Rule, err)
	}
	return &stepUpRule{
		verifier: v, policy: d.policy(), name: d.Rule, maxAge: cmp.Or(d.MaxAge, defaultProofAge),
		methods: d.Methods, mfaSuffices: d.MFASuffices,
	}, nil
}

// CheckStepUp implements walletport.StepUpGate. Beside the reasons above it may
// return CodeUnavailable, reason token_keys_unavailable.
func (g *StepUp) CheckStepUp(ctx context.Context, s walletport.StepUpSubject) (walletport.StepUp, error) {
	rule, ok := g.rules[s.Issuer]
	if !ok {
		rule = g.others
	}
	if rule == nil {
		return walletport.StepUp{}, nil
	}
	raw := walletport.RequestFrom(ctx).StepUp.JWT()
	if raw == "" {
		return walletport.StepUp{}, errStepUp(ReasonStepUpRequired, "the card's issuer asks for proof that the cardholder was strongly authenticated")
	}
	p, err := rule.read(ctx, raw, s.Now)
	if err != nil {
		return walletport.StepUp{}, err
	}
	if err := p.isAbout(s); err != nil {
		return walletport.StepUp{}, err
	}
	if err := rule.checkAge(p, s.Now); err != nil {
		return walletport.StepUp{}, err
	}
	counted, err := rule.judge(p.Methods)
	if err != nil {
		return walletport.StepUp{}, err
	}
	return walletport.StepUp{Rule: rule.name, Method: strings.Join(counted, "+")}, nil
}

func errStepUp(reason, message string) *walletport.Error {
	return walletport.Errorf(walletport.CodeForbidden, reason, "%s", message)
}

func errProofMalformed(cause error) error {
	return errStepUp(ReasonStepUpInvalid, "the proof of strong authentication is not valid").WithCause(cause)
}

func errProofTooOld() error {
	return errStepUp(ReasonStepUpRequired, "the proof of strong authentication is too old: authenticate the cardholder again")
}

// proof is what a verified JWT says.
type proof struct {
	IssuedAt time.Time // iat
	AuthTime time.Time // auth_time
	Subject  string    // sub
	Card     string    // card, a text or a number
	Wallet   string    // wallet
	Methods  []string  // amr
}

// read believes nothing of the JWT before its signature is checked.
func (r *stepUpRule) read(ctx context.Context, raw string, now time.Time) (*proof, error) {
	if len(raw) > maxTokenBytes {
		return nil, errProofMalformed(errors.New("the proof is too long"))
	}
	unverified, err := parseToken(raw)
	if err != nil {
		return nil, errProofMalformed(err)
	}
	verified, err := r.verify(ctx, unverified, now)
	switch {
	case errors.Is(err, errTokenExpired):
		return nil, errProofTooOld()
	case errors.Is(err, errKeysUnavailable):
		return nil, errTokenKeysUnavailable(err)
	case err != nil:
		return nil, errProofMalformed(err)
	}
	p, err := readProof(verified.claims)
	if err != nil {
		return nil, errProofMalformed(err)
	}
	return p, nil
}

// readProof reads the claims of a proof. A proof that is bound to a key (cnf, RFC
// 7800) is its holder's alone, which the issuer's back end is not.
func readProof(c claims) (p *proof, err error) {
	p = &proof{}
	if _, bound := c["cnf"]; bound {
		return nil, errClaim("cnf", "binds the proof to a key that is not checked here")
	}
	if p.IssuedAt, err = c.time("iat"); err != nil {
		return nil, err
	}
	if p.AuthTime, err = c.time("auth_time"); err != nil {
		return nil, err
	}
	for _, claim := range []struct {
		name  string
		value *string
	}{{"sub", &p.Subject}, {"wallet", &p.Wallet}} {
		if *claim.value, err = c.text(claim.name); err != nil && !errors.Is(err, errClaimMissing) {
			return nil, err
		}
	}
	if amr, there := c.find("amr"); there {
		if p.Methods, err = stringsOf("amr", amr); err != nil {
			return nil, err
		}
	}
	switch card := c["card"].(type) { // anything else is no card
	case string:
		p.Card = card
	case json.Number:
		p.Card = card.String()
	}
	return p, nil
}

// isAbout compares the proof with the request. A card without a customer has no
// proof.
func (p *proof) isAbout(s walletport.StepUpSubject) error {
	switch {
	case s.CustomerID == "" || p.Subject != s.CustomerID:
		return errStepUp(ReasonStepUpSubject, "the proof of strong authentication is not of the card's customer")
	case p.Card != s.CardID.String():
		return errStepUp(ReasonStepUpBinding, "the proof of strong authentication is not for this card")
	case p.Wallet != s.Wallet:
		return errStepUp(ReasonStepUpBinding, "the proof of strong authentication is not for this wallet")
	}
	return nil
}

// checkAge looks at the authentication itself, for an identity provider signs new
// tokens in an old session.
func (r *stepUpRule) checkAge(p *proof, now time.Time) error {
	authenticated, latest := p.AuthTime, now.Add(r.leeway)
	switch {
	case authenticated.After(latest), p.IssuedAt.After(latest):
		return errProofMalformed(errors.New("claim iat or auth_time is in the future"))
	case authenticated.Before(now.Add(-r.maxAge - r.leeway)):
		return errProofTooOld()
	}
	return nil
}

// judge returns the methods that count, in the order given, or why they are not
// enough.
func (r *stepUpRule) judge(amr []string) ([]string, error) {
	var counted []string
	shown := make(map[kind]bool)
	for _, m := range amr {
		if r.refused != "" && method(m) == r.refused {
			return nil, errStepUp(ReasonStepUpRequired, "the cardholder was authenticated by a text message, which the card's issuer does not accept")
		}
		k := kinds[method(m)]
		if k == "" || slices.Contains(counted, m) || len(r.methods) > 0 && !slices.Contains(r.methods, m) {
			continue
		}
		shown[k] = true
		counted = append(counted, m)
	}
	factors := len(shown)
	if r.mfaSuffices && slices.Contains(amr, string(methodMFA)) {
		factors = max(factors, 2)
		counted = append(counted, string(methodMFA))
	}
	holder := shown[possession] || shown[inherence]
	if factors < r.factors || r.holderOnly && !holder {
		return nil, errStepUp(ReasonStepUpRequired, "the cardholder's authentication was too weak for the rule of the card's issuer")
	}
	return counted, nil
}
