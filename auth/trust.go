package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/walletport/walletport/outbound"
)

// Trust is the keys of every authority that the configuration names: token issuers
// and the identity providers of step-up rules. Authorities that publish at one place
// share what is read there. It is safe for concurrent use.
type Trust struct {
	config  Config
	calls   outbound.Clients
	log     *slog.Logger
	clock   func() time.Time
	places  map[string]*keySource // by URL or path
	sources []*keySource          // of places, in the configuration's order
}

// OpenTrust reads the key files that c names, and refuses what it cannot use. Keys
// behind URLs are fetched by Run, and by the first token that needs them, with clients
// that share what calls has, but for the clock; nil has nothing. log may be nil.
func OpenTrust(ctx context.Context, c Config, clock func() time.Time, calls *outbound.Clients, log *slog.Logger) (*Trust, error) {
	if clock == nil {
		return nil, errors.New("auth: clock is required")
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := &Trust{clock: clock, places: make(map[string]*keySource), log: log, config: c}
	if calls != nil {
		t.calls = *calls
	}
	t.calls.Clock = clock
	var errs []error
	add := func(of, setting string, a authority) {
		if err := t.add(ctx, of, a); err != nil {
			errs = append(errs, fmt.Errorf("auth: %s: %s: %w", setting, of, err))
		}
	}
	for n, i := range c.TokenIssuers {
		add(fmt.Sprintf("token issuer %q", i.Issuer), fmt.Sprintf("auth.token_issuers[%d]", n), i.authority())
	}
	// Rules that have their keys from that of all others come after it, which a fault is then of.
	for _, r := range append([]StepUpRule{{StepUpDemand: c.StepUpOfOthers, Setting: "issuer_defaults.step_up"}}, c.StepUp...) {
		if r.Asks() {
			add(fmt.Sprintf("step-up rule %q of %q", r.Rule, r.Issuer), cmp.Or(r.Setting, "step_up"), r.authority())
		}
	}
	return t, errors.Join(errs...)
}

// add opens the source of an authority's keys, unless it is open already. of names the
// authority for operators.
func (t *Trust) add(ctx context.Context, of string, a authority) error {
	if len(a.jwks) > 0 {
		return nil // no source: see keysOf
	}
	place := cmp.Or(a.jwksFile, a.jwksURL)
	if source, ok := t.places[place]; ok {
		source.of = append(source.of, of)
		return nil
	}
	read, maxAge, err := t.reader(a)
	if err != nil {
		return err
	}
	source := newKeySource(of, read, maxAge, t.clock, t.log)
	t.places[place] = source
	t.sources = append(t.sources, source)
	if a.jwksFile == "" {
		return nil
	}
	return source.reload(ctx)
}

// reader returns what reads an authority's keys, and for how long those are trusted
// that cannot be read again.
func (t *Trust) reader(a authority) (reader, time.Duration, error) {
	if a.jwksFile != "" {
		return fileReader(a.jwksFile), 0, nil
	}
	rule := outbound.AsConfigured
	if t.config.JWKSPublicOnly {
		rule = outbound.PublicOnly
	}
	read, err := fetcher(a.jwksURL, rule, t.calls, cmp.Or(t.config.KeyRefresh, defaultKeyRefresh))
	return read, maxKeyAge, err
}

// keysOf returns where the keys of an authority are.
func (t *Trust) keysOf(a authority) (*keySource, error) {
	if len(a.jwks) == 0 {
		return t.places[cmp.Or(a.jwksURL, a.jwksFile)], nil
	}
	keys, err := parseKeySet(a.jwks)
	if err != nil {
		return nil, err
	}
	given := func(context.Context) (*keySet, time.Duration, error) { return keys, maxKeyAge, nil }
	source := newKeySource(a.issuer, given, 0, t.clock, slog.New(slog.DiscardHandler))
	source.note(keys, maxKeyAge, nil)
	return source, nil
}

// Run keeps the keys fresh until ctx ends, and returns nil then. Keys behind a URL
// are fetched when the answer's cache headers say so, at least every
// Config.KeyRefresh; files are read every ten seconds.
func (t *Trust) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, s := range t.sources {
		all.Go(func() { s.run(ctx) })
	}
	<-ctx.Done() // also without anything to follow
	all.Wait()
	return nil
}

// Reload reads all keys now. What cannot be read keeps its keys, as with Run; the
// error names it.
func (t *Trust) Reload(ctx context.Context) error {
	errs := make([]error, len(t.sources))
	var all sync.WaitGroup
	for i, s := range t.sources {
		all.Go(func() {
			if err := s.reload(ctx); err != nil {
				errs[i] = fmt.Errorf("auth: keys of %s: %w", joinNames(s.of), err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Warnings says of which authorities the keys cannot be read, why, and until when
// those in hand are trusted.
func (t *Trust) Warnings() []string {
	var warnings []string
	for _, s := range t.sources {
		if w := s.warning(t.clock()); w != "" {
			warnings = append(warnings, w)
		}
	}
	return warnings
}

func joinNames(names []string) string { return strings.Join(names, " and ") }
