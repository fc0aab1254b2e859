package tokens

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// Store is what the flows need of the database.
type Store interface {
	storage.Tokens
	storage.Updater
	storage.Clock
}

// Trail is the audit trail: of acts that change nothing here, and of changes with their rows.
type Trail interface {
	walletport.AuditTrail
	act.ChangeTrail
}

// Numbers seals the numbers of tokens for their rows. Its errors are CodeUnavailable, reason
// key_unavailable, and of a row that was not written as it stands CodeInternal, reason
// token_damaged.
type Numbers interface {
	// SealTokenNumber seals a number for the row of that issuer and reference.
	SealTokenNumber(issuer walletport.IssuerID, ref walletport.TokenRef, number walletport.PAN) (storage.TokenNumber, error)
	// OpenTokenNumber opens what SealTokenNumber made for the same row.
	OpenTokenNumber(issuer walletport.IssuerID, ref walletport.TokenRef, sealed storage.TokenNumber) (walletport.PAN, error)
}

// Scheme is a scheme whose tokens are managed.
type Scheme struct {
	Manager scheme.TokenManager // may be a scheme.TokenHistorian
	Line    scheme.Line
	Keys    access.Keys
}

// Parts are what the flows ask. All but Requestors, Limit and Observer are required; Schemes
// may be empty.
type Parts struct {
	Store   Store
	Vault   act.Vault
	Numbers Numbers
	Keys    keys.Source
	Audit   Trail
	Schemes map[walletport.SchemeID]Scheme
	// Requestors are the names that lists have for token requestors, by the requestors' ids
	// at their schemes. One that is not among them has the name that its scheme gives it.
	Requestors map[string]string
	Limit      func(walletport.IssuerID) error // see act.Parts
	Observer   Observer
	Settings   Settings
	Rand       io.Reader // crypto/rand.Reader outside of tests
	Clock      func() time.Time
}

// Settings are what an operator may choose. A zero is the default that its comment names.
type Settings struct {
	MaxAge        time.Duration `setting:"max_age"`        // younger words of a scheme are answered from the store; 0 is 5s, at most 24h
	AskTimeout    time.Duration `setting:"ask_timeout"`    // how long a list waits for the scheme; 0 is 1s, at most 30s
	ChangeTimeout time.Duration `setting:"change_timeout"` // how long a change waits for its outcome; 0 is 5s, at most 30s
}

const (
	defaultMaxAge        = 5 * time.Second
	defaultAskTimeout    = time.Second
	defaultChangeTimeout = 5 * time.Second
	maxTimeout           = 30 * time.Second
	maxMaxAge            = 24 * time.Hour
)

// Validate reports everything that is wrong with s.
func (s Settings) Validate() error {
	var problems []error
	for _, field := range []struct {
		ok      bool
		problem string
	}{
		{s.MaxAge >= 0 && s.MaxAge <= maxMaxAge, "max_age: up to 24h"},
		{s.AskTimeout >= 0 && s.AskTimeout <= maxTimeout, "ask_timeout: up to 30s"},
		{s.ChangeTimeout >= 0 && s.ChangeTimeout <= maxTimeout, "change_timeout: up to 30s"},
	} {
		if !field.ok {
			problems = append(problems, errors.New(field.problem))
		}
	}
	return errors.Join(problems...)
}

// WithDefaults returns s with what is in force for fields that are zero.
func (s Settings) WithDefaults() Settings {
	if s.MaxAge == 0 {
		s.MaxAge = defaultMaxAge
	}
	if s.AskTimeout == 0 {
		s.AskTimeout = defaultAskTimeout
	}
	if s.ChangeTimeout == 0 {
		s.ChangeTimeout = defaultChangeTimeout
	}
	return s
}

// Observer is told of what the flows did. Its methods return at once.
type Observer interface {
	// Listed tells where a list came from: SourceStore, SourceScheme or SourceOld.
	Listed(id walletport.SchemeID, source string)
	// Unanswered tells that a scheme was asked and gave no word that counts, so that what
	// is stored was shown: why, as the reason of the error.
	Unanswered(id walletport.SchemeID, reason string)
	// Changed tells how an open change ended, or that it is not known how: "done",
	// "not_done" or "unknown".
	Changed(id walletport.SchemeID, action walletport.TokenAction, outcome string)
	// Odd tells of a token of an issuer's card that an operator should look at, and why:
	// OddOtherIssuer, OddStatus or OddNumber.
	Odd(issuer walletport.IssuerID, ref walletport.TokenRef, why string)
	// SweepFailed tells that interrupted changes cannot be looked for: once, until they can
	// be again.
	SweepFailed(err error)
	// AskingFailed tells of a panic while a scheme was asked for a card's tokens, if all who
	// waited for the answer had left. Its text has where it was.
	AskingFailed(err error)
}

// What is odd of a token.
const (
	OddOtherIssuer = "other_issuer" // it is stored as one of another issuer, and is not shown
	OddStatus      = "status"       // the scheme's word for its status is not known here
	OddNumber      = "number"       // its number cannot be sealed, mostly for want of a key, and is not kept
)

// Where a list came from.
const (
	SourceStore  = "store"
	SourceScheme = "scheme"
	SourceOld    = "old" // from the store, as the scheme did not answer
)

type unobserved struct{}

func (unobserved) Listed(walletport.SchemeID, string)                          {}
func (unobserved) Unanswered(walletport.SchemeID, string)                      {}
func (unobserved) Changed(walletport.SchemeID, walletport.TokenAction, string) {}
func (unobserved) Odd(walletport.IssuerID, walletport.TokenRef, string)        {}
func (unobserved) SweepFailed(error)                                           {}
func (unobserved) AskingFailed(error)                                          {}

// Flow lists and changes tokens. It is safe for concurrent use.
type Flow struct {
	Parts

	acts    act.Parts // of Parts
	clock   databaseClock
	flights flights
}

// New checks the parts; its error names each that is missing.
func New(p Parts) (*Flow, error) {
	err := errors.Join(
		act.Missing(p.Store == nil, "Store"), act.Missing(p.Vault == nil, "Vault"), act.Missing(p.Numbers == nil, "Numbers"),
		act.Missing(p.Keys == nil, "Keys"), act.Missing(p.Audit == nil, "Audit"), act.Missing(p.Rand == nil, "Rand"),
		act.Missing(p.Clock == nil, "Clock"), p.Settings.Validate())
	if err != nil {
		return nil, err
	}
	if p.Observer == nil {
		p.Observer = unobserved{}
	}
	p.Settings = p.Settings.WithDefaults()
	acts := act.Parts{Vault: p.Vault, Keys: p.Keys, Audit: p.Audit, Limit: p.Limit, Rand: p.Rand, Clock: p.Clock}
	return &Flow{Parts: p, acts: acts}, nil
}

// schemeOf returns the scheme of a card or token: CodeUnavailable, reason
// scheme_not_configured.
func (f *Flow) schemeOf(id walletport.SchemeID) (Scheme, error) {
	s, ok := f.Schemes[id]
	if !ok {
		return Scheme{}, walletport.Errorf(walletport.CodeUnavailable, "scheme_not_configured",
			"the interface of %s for tokens is not set up on this server", id)
	}
	return s, nil
}

// now returns the time of the database, which all replicas have in common.
func (f *Flow) now(ctx context.Context) (time.Time, error) { return f.Store.Now(ctx) }
