package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/vault"
)

// When the server tries its offers and keys again: soon after a change of the key store,
// and else as often as keys end, issuers come and clocks drift.
const (
	conditionLook  = 2 * time.Second
	conditionEvery = time.Minute
	// conditionTime bounds what one inspection waits for the database.
	conditionTime = 20 * time.Second
	// conditionRest is how many times as long as the offers took nothing is tried again:
	// with hundreds of issuers it makes thousands of signatures, and requests come first.
	conditionRest = 20
)

// maxClockGap is how far the clocks of this machine and of the database may be apart
// before somebody must know.
const maxClockGap = time.Minute

// condition is what readiness knows beside the database's answer: whether the offers
// work and the stored cards open. It is found beside requests, which pay nothing for it.
//
// One offer's or one issuer's trouble is a warning, for the replica serves the others,
// and all replicas share keys and configuration: they would go out of service together.
// The replica is not ready when no offer works, or nothing that is stored opens.
type condition struct {
	inspecting sync.Mutex            // one inspection at a time; guards what follows
	issuers    []walletport.IssuerID // that have cards
	ring       *keys.Ring            // that was tried
	at         time.Time             // when the last inspection ended
	took       time.Duration         // to try the offers
	told       map[door.Warning]bool // what the log has been told

	lock  sync.Mutex // guards found
	found findings
}

type findings struct {
	offers, vault, trail error // why the server is not ready; nil when it is
	warnings             []conditionWarning
}

// conditionWarning is a warning with its cause, which is for the log alone.
type conditionWarning struct {
	door.Warning
	cause error
}

// watchCondition inspects when it is time, and tells what is new.
func (s *Server) watchCondition(ctx context.Context) {
	if s.condition.isDue(s.Keys.Current(), s.clock()) {
		s.inspectCondition(ctx)
	}
	s.tellWarnings()
}

// isStopped reports whether ctx was ended by whoever stops the server, and not by time:
// what was not answered for that is no fault.
func isStopped(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

func (c *condition) isDue(ring *keys.Ring, now time.Time) bool {
	c.inspecting.Lock()
	defer c.inspecting.Unlock()
	return c.ring != ring || now.Sub(c.at) >= max(conditionEvery, conditionRest*c.took) || now.Before(c.at)
}

// inspectCondition tries every offer and every key that seals stored cards. What the
// database does not tell now stays as it was found before: readiness tells of that.
func (s *Server) inspectCondition(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, conditionTime)
	defer cancel()
	c := &s.condition
	c.inspecting.Lock()
	defer c.inspecting.Unlock()
	// A database whose files were taken away saves what it can when it notices, so that
	// it should also where nobody calls and nobody asks.
	if err := s.Database.Ping(ctx); err != nil && !isStopped(ctx) {
		s.log.Error("the database takes no writes", "err", err)
	}
	ring := s.Keys.Current()
	if issuers, err := s.Database.CardIssuers(ctx); err == nil {
		c.issuers = issuers
	}
	rest := findings{}
	if checks, err := s.Vault.CheckKEKs(ctx); err == nil {
		rest.addKEKs(checks)
	} else {
		rest.vault = c.vaultFault()
	}
	rest.trail = c.trailFault()
	if err := audit.CheckKeys(ctx, s.Database, ring); err == nil || walletport.CodeOf(err) == walletport.CodeConflict {
		rest.addTrailKeys(err)
	}
	rest.addMissing(ring, s.clock())
	s.addDatabase(ctx, &rest)
	found, began := findings{vault: rest.vault, trail: rest.trail}, s.clock()
	found.addOffers(s.rehearse(ctx, ring)) // last, for it may take longer than one should wait for the database
	found.warnings = append(found.warnings, rest.warnings...)
	c.lock.Lock()
	defer c.lock.Unlock()
	c.found = found
	ended := s.clock()
	c.ring, c.at, c.took = ring, ended, ended.Sub(began)
}

// rehearse tries every offer, for the issuers that have cards. Without cards it is for
// those that have keys of their own, or for any.
func (s *Server) rehearse(ctx context.Context, ring *keys.Ring) []walletport.Rehearsal {
	issuers := slices.Clone(s.condition.issuers)
	if len(issuers) == 0 {
		for _, k := range ring.All() {
			if k.Issuer != "" && !slices.Contains(issuers, k.Issuer) {
				issuers = append(issuers, k.Issuer)
			}
		}
	}
	if len(issuers) == 0 {
		issuers = []walletport.IssuerID{""}
	}
	return slices.Concat(s.provisioning.Rehearse(ctx, issuers), s.activation.Rehearse(ctx, issuers), s.tokens.Rehearse(issuers), s.rehearseClickToPay(issuers))
}

func (f *findings) warn(code string, cause error, format string, args ...any) {
	f.warnings = append(f.warnings, conditionWarning{door.Warning{Code: code, Message: fmt.Sprintf(format, args...)}, cause})
}

// addOffers warns of each offer that fails for an issuer. When none works for anybody,
// the server is not ready.
func (f *findings) addOffers(all []walletport.Rehearsal) {
	failed := 0
	for _, r := range all {
		if r.Err == nil {
			continue
		}
		failed++
		f.warn("offer_unavailable", r.Err, "%s%s: %s: %s", r.Offer, ofIssuer(r.Issuer), walletport.ReasonOf(r.Err), safeText(r.Err))
	}
	if failed > 0 && failed == len(all) {
		f.offers = walletport.Errorf(walletport.CodeUnavailable, "offers_unavailable", "no offer works: %s", f.summary()).WithCause(f.warnings[0].cause)
	}
}

// addKEKs warns of each key that opens nothing of what it sealed. When something is sealed
// and nothing opens, the server is not ready.
func (f *findings) addKEKs(checks []vault.KEKCheck) {
	mine := findings{}
	for _, c := range checks {
		if c.Err != nil {
			mine.warn("vault_key_unavailable", c.Err, "what is stored and sealed by %s does not open: %s: %s", c.KEK, walletport.ReasonOf(c.Err), safeText(c.Err))
		}
	}
	if n := len(mine.warnings); n > 0 && n == len(checks) {
		f.vault = walletport.Errorf(walletport.CodeUnavailable, "vault_unavailable", "nothing that is stored opens: %s", mine.summary()).WithCause(mine.warnings[0].cause)
	}
	f.warnings = append(f.warnings, mine.warnings...)
}

// addTrailKeys tells of a key store that must not sign the audit trail. With a foreign one
// the server is not ready. One that lacks the last key is a warning: another replica may
// have it already, and the next look finds the copy of the store.
func (f *findings) addTrailKeys(err error) {
	f.trail = nil
	switch walletport.ReasonOf(err) {
	case audit.ReasonForeign:
		f.trail = walletport.Errorf(walletport.CodeUnavailable, "keystore_foreign", "the audit trail is not signed: %s", safeText(err)).WithCause(err)
	case audit.ReasonKeyMissing:
		f.warn("checkpoint_key_missing", err, "the audit trail is not signed: %s", safeText(err))
	}
}

// summary tells of the first warnings, and how many more there are.
func (f *findings) summary() string {
	const shown = 3
	texts := make([]string, 0, shown+1)
	for _, w := range f.warnings[:min(shown, len(f.warnings))] {
		texts = append(texts, w.Message)
	}
	if more := len(f.warnings) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

func ofIssuer(id walletport.IssuerID) string {
	if id == "" {
		return ""
	}
	return " of issuer " + string(id)
}

// addMissing warns of the keys that no offer needs and an operator misses later.
func (f *findings) addMissing(ring *keys.Ring, now time.Time) {
	for _, need := range []struct {
		purpose keys.Purpose
		without string
	}{
		{keys.VaultKEK, "no card can be imported"},
		{keys.VaultIndex, "no card can be imported"},
		{keys.AuditCheckpoint, "the audit trail is not signed"},
	} {
		if !ring.Serves(need.purpose, now) {
			f.warn("key_missing", nil, "no %s key is active: %s", need.purpose, need.without)
		}
	}
}

// addDatabase warns of a database that may lose what it confirmed, and of clocks that
// differ.
func (s *Server) addDatabase(ctx context.Context, f *findings) {
	risks, err := s.Database.Risks(ctx)
	if err != nil {
		return // readiness tells that it is away
	}
	for _, risk := range risks {
		f.warn("database_not_durable", nil, "%s", risk)
	}
	before := s.clock()
	there, err := s.Database.Now(ctx)
	if err != nil {
		return
	}
	here := before.Add(s.clock().Sub(before) / 2)
	if gap := here.Sub(there).Round(time.Second); gap.Abs() > maxClockGap {
		f.warn("clock_differs", nil, "the clock of this machine is %s %s that of the database: mend it, signatures are of the moment",
			gap.Abs(), map[bool]string{true: "ahead of", false: "behind"}[gap > 0])
	}
}

// offersReady and vaultReady say what was found last.
func (s *Server) offersReady(context.Context) error { return s.condition.offersFault() }
func (s *Server) vaultReady(context.Context) error  { return s.condition.vaultFault() }

func (c *condition) offersFault() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.found.offers
}

func (c *condition) vaultFault() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.found.vault
}

func (c *condition) trailFault() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.found.trail
}

func (c *condition) warnings() []conditionWarning {
	c.lock.Lock()
	defer c.lock.Unlock()
	return slices.Clone(c.found.warnings)
}

// tellWarnings logs each warning when it appears, and when it is gone.
func (s *Server) tellWarnings() {
	c := &s.condition
	c.inspecting.Lock()
	defer c.inspecting.Unlock()
	told := map[door.Warning]bool{}
	all := append(c.warnings(), s.openWarnings()...)
	for _, w := range s.keyWarnings() {
		all = append(all, conditionWarning{Warning: w})
	}
	for _, w := range all {
		if told[w.Warning] = true; c.told[w.Warning] {
			continue
		}
		attrs := []slog.Attr{slog.String("code", w.Code), slog.String("warning", w.Message)}
		if w.cause != nil {
			attrs = append(attrs, slog.Any("err", w.cause))
		}
		s.log.LogAttrs(context.Background(), slog.LevelWarn, "an operator should look", attrs...)
	}
	gone := []door.Warning{}
	for w := range c.told {
		if !told[w] {
			gone = append(gone, w)
		}
	}
	slices.SortFunc(gone, func(a, b door.Warning) int { return cmp.Compare(a.Message, b.Message) })
	for _, w := range gone {
		s.log.Info("a warning is gone", "code", w.Code, "warning", w.Message)
	}
	c.told = told
}
