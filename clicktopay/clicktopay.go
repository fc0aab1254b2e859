package clicktopay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

// Store is what the flow needs of the database.
type Store interface {
	storage.CardReads
	storage.CardSearch
	storage.Customers
	storage.Enrolments
	storage.Updater
	storage.Clock
	// JobDepth counts the jobs of a kind.
	JobDepth(ctx context.Context, kind jobs.Kind) (jobs.Depth, error)
}

// Trail is the audit trail: of acts that change nothing here, and of changes with their rows.
type Trail interface {
	walletport.AuditTrail
	act.ChangeTrail
}

// Vault finds and lends cards and customers, and seals what a request says.
type Vault interface {
	act.Vault
	// FindCustomer returns the sealed customer, or CodeNotFound, reason customer_not_found.
	FindCustomer(ctx context.Context, key walletport.CustomerKey) (storage.Customer, error)
	// BorrowCustomer opens the customer for the time of use and wipes it afterwards.
	BorrowCustomer(ctx context.Context, row storage.Customer, use func(*walletport.Customer) error) error
	// SealOverrides seals what the request of that issuer and id says. Errors are
	// CodeUnavailable, reason key_unavailable.
	SealOverrides(issuer walletport.IssuerID, id string, plain []byte) (storage.SealedOverrides, error)
	// OpenOverrides opens what SealOverrides made for the same request; the caller wipes it. Of
	// what was not written as it stands the error is CodeInternal, reason overrides_damaged.
	OpenOverrides(issuer walletport.IssuerID, id string, sealed storage.SealedOverrides) ([]byte, error)
	// OverridesPrint returns the HMAC-SHA-256 of a content under a key of the issuer, 32 bytes.
	OverridesPrint(issuer walletport.IssuerID, content []byte) ([]byte, error)
}

// Scheme is where consumers are enrolled.
type Scheme struct {
	Enroller scheme.Enroller
	Line     scheme.Line
	Keys     access.Keys
}

// Parts are what the flow asks. Limit and Observer may be nil, and so may Visa: then every
// call is CodeUnavailable, reason scheme_not_configured.
type Parts struct {
	Store    Store
	Vault    Vault
	Keys     keys.Source
	Audit    Trail
	Visa     *Scheme
	BIDs     map[walletport.IssuerID][]string // that an issuer may enrol with; no two issuers have one in common
	Limit    func(walletport.IssuerID) error  // see act.Parts
	Observer Observer
	Settings Settings
	Rand     io.Reader // crypto/rand.Reader outside of tests
	Clock    func() time.Time
}

// Settings are what an operator may choose. A zero is the default that its comment names.
type Settings struct {
	Keep     time.Duration `setting:"keep"`      // how long a completed request is kept; 0 is 2160h (90 days), 1h to 8760h
	GiveUp   time.Duration `setting:"give_up"`   // how long a request is tried, and a result asked for, before it fails; 0 is 24h, 1m to 168h
	ReadWait time.Duration `setting:"read_wait"` // how long a read waits for a change of the same consumer; 0 is 5s, at most 30s

	Portfolio PortfolioSettings `setting:"portfolio"` // cards that are enrolled by the thousand
}

const (
	defaultKeep     = 90 * 24 * time.Hour
	minKeep         = time.Hour
	maxKeep         = 365 * 24 * time.Hour
	defaultGiveUp   = 24 * time.Hour
	minGiveUp       = time.Minute
	maxGiveUp       = 7 * 24 * time.Hour
	defaultReadWait = 5 * time.Second
	maxReadWait     = 30 * time.Second
)

// Validate reports everything that is wrong with s.
func (s Settings) Validate() error {
	var problems []error
	for _, field := range []struct {
		ok      bool
		problem string
	}{
		{s.Keep == 0 || s.Keep >= minKeep && s.Keep <= maxKeep, "keep: 1h to 8760h"},
		{s.GiveUp == 0 || s.GiveUp >= minGiveUp && s.GiveUp <= maxGiveUp, "give_up: 1m to 168h"},
		{s.ReadWait >= 0 && s.ReadWait <= maxReadWait, "read_wait: up to 30s"},
	} {
		if !field.ok {
			problems = append(problems, errors.New(field.problem))
		}
	}
	for _, problem := range s.Portfolio.problems() {
		problems = append(problems, fmt.Errorf("portfolio.%w", problem))
	}
	return errors.Join(problems...)
}

// WithDefaults returns s with what is in force for fields that are zero.
func (s Settings) WithDefaults() Settings {
	if s.Keep == 0 {
		s.Keep = defaultKeep
	}
	if s.GiveUp == 0 {
		s.GiveUp = defaultGiveUp
	}
	if s.ReadWait == 0 {
		s.ReadWait = defaultReadWait
	}
	s.Portfolio = s.Portfolio.WithDefaults()
	return s
}

// Observer is told of what the flow did. Its methods return at once.
type Observer interface {
	// Accepted tells of a request that was accepted.
	Accepted(action walletport.ClickToPayAction, channel storage.RequestChannel)
	// Completed tells how a request ended, after how long since it was accepted: result is
	// "SUCCESS" or the reason of the first fault.
	Completed(action walletport.ClickToPayAction, result string, took time.Duration)
	// SweepFailed tells that requests that are no longer kept cannot be deleted: once, until
	// they can be again.
	SweepFailed(err error)
}

type unobserved struct{}

func (unobserved) Accepted(walletport.ClickToPayAction, storage.RequestChannel) {}
func (unobserved) Completed(walletport.ClickToPayAction, string, time.Duration) {}
func (unobserved) SweepFailed(error)                                            {}

// Flow accepts changes of Click to Pay, does them, and reads. It is safe for concurrent use.
type Flow struct {
	Parts

	acts  act.Parts // of Parts
	turns *turns
}

// New checks the parts; its error names each that is missing.
func New(p Parts) (*Flow, error) {
	err := errors.Join(
		act.Missing(p.Store == nil, "Store"), act.Missing(p.Vault == nil, "Vault"), act.Missing(p.Keys == nil, "Keys"),
		act.Missing(p.Audit == nil, "Audit"), act.Missing(p.Rand == nil, "Rand"), act.Missing(p.Clock == nil, "Clock"),
		checkBIDs(p.BIDs), p.Settings.Validate())
	if p.Visa != nil { // without it there may be no BIDs
		err = errors.Join(err, p.Settings.Portfolio.CheckBIDs(p.BIDs))
	}
	if err != nil {
		return nil, err
	}
	if p.Observer == nil {
		p.Observer = unobserved{}
	}
	p.Settings = p.Settings.WithDefaults()
	acts := act.Parts{Vault: p.Vault, Keys: p.Keys, Audit: p.Audit, Limit: p.Limit, Rand: p.Rand, Clock: p.Clock}
	return &Flow{Parts: p, acts: acts, turns: newTurns()}, nil
}

func checkBIDs(bids map[walletport.IssuerID][]string) error {
	owners := map[string]walletport.IssuerID{}
	for issuer, all := range bids {
		for _, bid := range all {
			if rule := walletport.BIDRule(bid); rule != "" {
				return fmt.Errorf("bid of %s: %s", issuer, rule)
			}
			if other, taken := owners[bid]; taken && other != issuer {
				return fmt.Errorf("bid %s is of %s and of %s", bid, min(issuer, other), max(issuer, other))
			}
			owners[bid] = issuer
		}
	}
	return nil
}

// issuerOf returns the issuer that enrols with a BID; false if none does.
func (f *Flow) issuerOf(bid string) (walletport.IssuerID, bool) {
	for issuer, bids := range f.BIDs {
		if slices.Contains(bids, bid) {
			return issuer, true
		}
	}
	return "", false
}

// checkBID refuses a BID that the settings have given to another issuer since it was stored with a
// customer: CodeInvalid, reason customer_bid_unknown. One that no issuer has any more is not
// refused, as the settings of another replica may have it still, or already.
func (f *Flow) checkBID(issuer walletport.IssuerID, bid string) error {
	if owner, ok := f.issuerOf(bid); ok && owner != issuer {
		return walletport.ErrField("customer_bid_unknown", "customerBID", "is another issuer's now")
	}
	return nil
}

// scheme returns where consumers are enrolled: CodeUnavailable, reason scheme_not_configured.
func (f *Flow) scheme() (*Scheme, error) {
	if f.Visa == nil {
		return nil, walletport.Errorf(walletport.CodeUnavailable, "scheme_not_configured", "Visa Click to Pay is not set up on this server")
	}
	return f.Visa, nil
}
