package server

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/storage/postgres"
)

// Checkup is what came of trying a configuration.
type Checkup struct {
	Problems  []error  // for which a server would not start, or could not work
	Warnings  []string // that an operator should know
	Notes     []string // how an older form is written now
	Unchecked []string // what could not be tried, and why
}

// Check tries everything that a server would need, except that it connects to nothing
// but the database: files, secrets, keys, certificates, addresses, and how issuers are
// spelled. production is false for a sandbox, whose keys are marked.
func Check(ctx context.Context, settings config.Config, clock func() time.Time, production bool) Checkup {
	c := checkup{settings: settings, clock: clock, production: production}
	c.checkListeners(ctx)
	c.checkCertificates(ctx)
	c.checkKeys()
	c.checkTrust(ctx)
	c.problem("wallets", offers{c.settings}.offerWallets(&provisioning.Flow{}))
	c.problem("activation", offers{c.settings}.offerActivation(&activation.Flow{}))
	c.checkSchemes()
	c.checkDatabase(ctx)
	c.Warnings = append(c.Warnings, settings.Doubts...)
	if form := settings.NewForm(); form != "" {
		c.Notes = append(c.Notes, "auth.step_up and the issuers of offers are taken as before, and may be written by issuer; in their place, the same is:\n"+form)
	}
	return c.Checkup
}

// checkup is what a configuration is tried with, and what came of it.
type checkup struct {
	Checkup
	settings   config.Config
	clock      func() time.Time
	production bool
	keys       keys.Source // nil when it does not open
}

func (c *checkup) problem(setting string, err error) {
	if err != nil {
		c.Problems = append(c.Problems, fmt.Errorf("%s: %w", setting, err))
	}
}

// checkListeners tries whether the hosts are this machine's, on free ports: the
// configured ones may be taken by the very server that this configuration is of.
func (c *checkup) checkListeners(ctx context.Context) {
	for _, listener := range []struct{ setting, address string }{{"http.listen", c.settings.HTTP.Listen}, {"metrics.listen", c.settings.Metrics.Listen}} {
		setting := listener.setting
		host, _, err := net.SplitHostPort(listener.address)
		if err != nil {
			continue // no listener
		}
		if host != "" && net.ParseIP(host) == nil && !config.IsLoopback(host) {
			c.Unchecked = append(c.Unchecked, setting+": the address of "+host+" was not looked up")
			continue
		}
		c.problem(setting, tryHost(ctx, host))
	}
}

func (c *checkup) checkCertificates(ctx context.Context) {
	if !c.settings.HTTP.TLS.Enabled() {
		return
	}
	store, err := openCertificateStore(ctx, c.settings.HTTP.TLS, slog.New(slog.DiscardHandler))
	if err != nil {
		c.Problems = append(c.Problems, err)
		return
	}
	if end := store.current.Load().pair.Leaf.NotAfter; end.Before(c.clock().Add(keyNotice)) {
		c.Warnings = append(c.Warnings, "http.tls.certificate_file: the certificate ends at "+end.UTC().Format(time.RFC3339))
	}
}

// checkKeys opens the key store and looks for what the offers need.
func (c *checkup) checkKeys() {
	var err error
	if c.keys, err = OpenKeys(c.settings.Keys, slog.New(slog.DiscardHandler)); err != nil {
		c.problem("keys", err)
		return
	}
	needed, by := offers{c.settings}.neededPurposes()
	for _, purpose := range needed {
		if !c.keys.Current().Serves(purpose, c.clock()) {
			c.problem("keys", fmt.Errorf("no %s key is active, and %s needs one", purpose, by[purpose]))
		}
	}
	if c.production {
		c.problem("keys", refuseSandboxKeys(c.keys.Current()))
	}
}

// checkTrust reads the key files of token issuers and step-up rules. Keys behind a URL
// are fetched by a running server only.
func (c *checkup) checkTrust(ctx context.Context) {
	if _, err := auth.OpenTrust(ctx, c.settings.AuthInForce(), c.clock, nil, nil); err != nil {
		c.Problems = append(c.Problems, err)
	}
	urls := 0
	for _, t := range c.settings.Auth.TokenIssuers {
		urls += min(1, len(t.JWKSURL))
	}
	rules := c.settings.AuthInForce()
	for i := range rules.StepUp {
		urls += min(1, len(rules.StepUp[i].JWKSURL))
	}
	urls += min(1, len(rules.StepUpOfOthers.JWKSURL))
	if urls > 0 {
		c.Unchecked = append(c.Unchecked, fmt.Sprintf("auth: the keys behind %d jwks_url", urls))
	}
}

// checkSchemes builds what calls the schemes, and calls nobody.
func (c *checkup) checkSchemes() {
	all, err := schemesOf(c.settings.Schemes, outbound.Clients{Clock: c.clock}, c.keys)
	if err != nil {
		c.Problems = append(c.Problems, err) // which names the setting
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		c.Unchecked = append(c.Unchecked, "schemes: whether the interface of "+string(id)+" answers, and takes our keys")
	}
	visa, err := clickToPayOf(c.settings.ClickToPay.Visa, outbound.Clients{Clock: c.clock}, c.keys)
	if err != nil {
		c.Problems = append(c.Problems, err)
	}
	if visa != nil {
		c.Unchecked = append(c.Unchecked, config.ClickToPaySetting+": whether Visa answers, takes our keys and knows the ids of the issuers")
	}
}

// databasePatience is how long a check waits for the database.
const databasePatience = 5 * time.Second

// checkDatabase opens the database, if it answers, and asks it how issuers are spelled.
func (c *checkup) checkDatabase(ctx context.Context) {
	place := c.settings.Database
	if place.Password != "" {
		secret, err := place.Password.Resolve()
		clear(secret)
		if err != nil {
			c.problem("database.password", err)
			return
		}
	}
	path, isFile := strings.CutPrefix(place.URL, config.SQLitePrefix)
	if !isFile && postgres.MayBePlain(place.URL) {
		c.Warnings = append(c.Warnings, "database.url: without sslmode=verify-full in it the connection may go over the network in plain text, or to another server")
	}
	if isFile {
		if err := checkWritable(path); err != nil {
			c.problem("database.url", err)
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, databasePatience)
	defer cancel()
	db, err := OpenDatabase(ctx, place)
	if refusal := postgres.Refusal(err); refusal != nil && walletport.ReasonOf(err) == "store_unavailable" {
		c.problem("database.url", refusal)
		return
	}
	if walletport.ReasonOf(err) == "store_unavailable" && !isFile {
		c.Unchecked = append(c.Unchecked, "the database does not answer, so neither its schema nor how issuers are spelled: "+err.Error())
		return
	}
	if err != nil {
		c.problem("database.url", err)
		return
	}
	defer db.Close()
	if err := db.Ping(ctx); err != nil {
		c.problem("database.url", err)
		return
	}
	if c.keys == nil {
		c.Unchecked = append(c.Unchecked, "how issuers are spelled, for want of the keys")
		return
	}
	doubts, err := doubtfulIssuers(ctx, c.settings, db, c.keys.Current())
	c.problem("database.url", err)
	c.Problems = append(c.Problems, doubts.slips...)
	for _, doubt := range doubts.early {
		c.Warnings = append(c.Warnings, doubt.Error())
	}
	if err == nil && !doubts.told && len(c.settings.NamedIssuers()) > 0 {
		c.Unchecked = append(c.Unchecked, "how issuers are spelled: there is no card, client or key of any issuer yet")
	}
}
