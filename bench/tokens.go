package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
)

// tokenRow is a call on tokens, measured on a store of one size.
type tokenRow struct {
	name string  // as -only matches it
	full bool    // on the full store, with -full only
	rate float64 // calls a second of the open loop
	// isChange: not measured at its limit, for the scheme sets that.
	isChange bool
}

var tokenRows = []tokenRow{
	{name: "call/tokens-list-small", rate: 500},
	{name: "call/tokens-change-small", rate: 100, isChange: true},
	{name: "call/tokens-list-full", full: true, rate: 500},
	{name: "call/tokens-change-full", full: true, rate: 100, isChange: true},
}

// The cards of the two stores, a third of them Visa's, with three tokens each.
var (
	smallStore = cardCounts{mastercard: 667, visa: 333}
	fullStore  = cardCounts{mastercard: 666_667, visa: 333_333}
)

// tokenBench measures the same rows on one database after the other.
type tokenBench struct {
	plan
	rows     []tokenRow
	material material
	program  string
	dir      string
	schemes  string // where the stand-in of the schemes is
}

// benchTokens measures the chosen rows.
func (p plan) benchTokens(ctx context.Context, out io.Writer, m material, program, dir string) (err error) {
	rows := pick(tokenRows, p.only, func(r tokenRow) string { return r.name })
	rows = slices.DeleteFunc(rows, func(r tokenRow) bool { return r.full && !p.full })
	if len(rows) == 0 {
		return nil
	}
	schemes, err := startStandIn("schemes", nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, schemes.stop()) }()
	printTokensHead(out)
	b := tokenBench{plan: p, rows: rows, material: m, program: program, dir: dir, schemes: schemes.url}
	return p.onEachDatabase(ctx, func(d database) error { return b.onBothStores(ctx, out, d) })
}

// onBothStores measures on one replica more for each name of the database.
func (b tokenBench) onBothStores(ctx context.Context, out io.Writer, d database) error {
	for _, full := range []bool{false, true} {
		rows := slices.DeleteFunc(slices.Clone(b.rows), func(r tokenRow) bool { return r.full != full })
		if len(rows) == 0 {
			continue
		}
		url, err := d.create()
		if err != nil {
			return err
		}
		s, err := b.fill(ctx, url, full)
		if err != nil {
			return err
		}
		for i, name := range d.names() {
			if err := b.measure(ctx, out, s, rows, i+1, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill sets up a server and fills its store, which the rows share.
func (b tokenBench) fill(ctx context.Context, url string, full bool) (*setup, error) {
	dir, err := os.MkdirTemp(b.dir, "tokens-")
	if err != nil {
		return nil, err
	}
	cards := smallStore
	if full {
		cards = fullStore
	}
	s, err := newSetup(b.program, dir, url, b.material, cards, schemesText(b.schemes))
	if err != nil {
		return nil, err
	}
	return s, errors.Join(s.addSchemeKeys(), seedTokens(ctx, s, url))
}

// schemesText is the configuration of the schemes' interfaces. A word of a scheme stays
// young, so that lists come from the store.
func schemesText(url string) string {
	return fmt.Sprintf(`tokens: {max_age: 24h}
schemes:
  mdes: {customer_service: {url: %q, organization: Bench Bank}}
  vts: {token_api: {url: %q}}
`, url+"/mdes", url+"/vts")
}

// consumerKey is by which Mastercard would know the server.
const consumerKey = "bench!0123456789abcdef"

// addSchemeKeys gives the server the keys that it asks the schemes with. One key serves one
// purpose.
func (s *setup) addSchemeKeys() error {
	reading, err := newKeyPair("Visa")
	if err != nil {
		return err
	}
	signing, err := newKeyPair("Visa")
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"reading.pem": reading.Certificate, "signing.pem": signing.Certificate, "api.txt": randomHex(20),
	} {
		if err := os.WriteFile(s.path(name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"keys", "generate", "mdes-oauth", "--alias", consumerKey, "--activate"},
		{"keys", "import", "mdes-cs-encryption", s.path("tls.pem"), "--activate"},
		{"keys", "import", "vts-api", s.path("api.txt"), "--alias", "BENCHAPI", "--activate"},
		{"keys", "generate", "vts-signing", "--alias", "BENCH-ISSUER-SIGNING", "--activate"},
		{"keys", "import", "vts-encryption", s.path("reading.pem"), "--alias", "BENCH-VISA-READING", "--activate"},
		{"keys", "import", "vts-verification", s.path("signing.pem"), "--alias", "BENCH-VISA-SIGNING", "--activate"},
		{"keys", "generate", "vts-decryption", "--alias", "BENCH-ISSUER-READING", "--activate"},
	} {
		if _, err := s.command(args...); err != nil {
			return err
		}
	}
	return nil
}

func (b tokenBench) measure(ctx context.Context, out io.Writer, s *setup, rows []tokenRow, replicas int, database string) error {
	return s.onServers(ctx, replicas, func(servers []*running) error {
		for _, row := range rows {
			rates, err := b.measureRow(ctx, s, servers, row)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", row.name, database, err)
			}
			row.print(out, database, s.cards, rates)
		}
		return nil
	})
}

// changed is how many tokens are changed in turn: each one again a few seconds later.
const changed = 500

// target is the row's call on each replica in turn, on cards or tokens all over the store.
func (r tokenRow) target(s *setup, servers []*running) *target {
	t := &target{client: servers[0].client, username: s.client.Username, password: s.client.Password, method: http.MethodGet}
	base := func(n int) string { return servers[n%len(servers)].url + "/wallet/v1/" }
	cards := s.cards.sum()
	if !r.isChange {
		t.url = func(n int) string {
			return fmt.Sprintf("%scard/%d/tokens?auditUser=bench", base(n), 1+scattered(n, cards))
		}
		return t
	}
	t.method = http.MethodPut
	t.url = func(n int) string {
		action := "suspend"
		if n/changed%2 == 1 {
			action = "resume"
		}
		return fmt.Sprintf("%stokens/%d/%s?auditUser=bench", base(n), 1+scattered(n%changed, cards*tokensOfACard), action)
	}
	return t
}

// scattered spreads 0, 1, 2, … over 0 to count-1. Steps of the golden section come near no
// earlier one for long.
func scattered(n, count int) int {
	const golden = 0.6180339887498949
	step := float64(n) * golden
	return int((step - float64(int(step))) * float64(count))
}
