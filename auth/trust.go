package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Trust is the keys of every authority that the configuration names: token issuers
// and the identity providers of step-up rules. Authorities that publish at one place
// share what is read there. It is safe for concurrent use.
type Trust struct {
	clock   func() time.Time
	places  map[string]*keySource // by URL or path
	sources []*keySource          // of places, in the configuration's order
}

// OpenTrust reads the key files that c names, and refuses what it cannot use. Keys
// behind URLs are fetched by Run, and by the first token that needs them. transport
// fetches them; nil is Go's own. log may be nil.
func OpenTrust(ctx context.Context, c Config, clock func() time.Time, transport http.RoundTripper, log *slog.Logger) (*Trust, error) {
	if clock == nil {
		return nil, errors.New("auth: clock is required")
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := &Trust{clock: clock, places: make(map[string]*keySource)}
	add := func(of string, a authority) error {
		place, read, maxAge := a.jwksURL, fetcher(a.jwksURL, transport, clock, cmp.Or(c.KeyRefresh, defaultKeyRefresh)), maxKeyAge
		switch {
		case a.jwksFile != "":
			place, read, maxAge = a.jwksFile, fileReader(a.jwksFile), 0
		case len(a.jwks) > 0:
			return nil // no source: see keysOf
		}
		if source, ok := t.places[place]; ok {
			source.of = append(source.of, of)
			return nil
		}
		source := newKeySource(of, read, maxAge, clock, log)
		t.places[place] = source
		t.sources = append(t.sources, source)
		if a.jwksFile == "" {
			return nil
		}
		if err := source.reload(ctx); err != nil {
			return fmt.Errorf("auth: %s: %w", of, err)
		}
		return nil
	}
	var errs []error
	for _, i := range c.TokenIssuers {
		errs = append(errs, add(fmt.Sprintf("token issuer %q", i.Issuer), i.authority()))
	}
	for _, r := range c.StepUp {
		errs = append(errs, add(fmt.Sprintf("step-up rule %q of %q", r.Rule, r.Issuer), r.authority()))
	}
	return t, errors.Join(errs...)
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
