package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/storage/postgres"
)

type configCheckCommand struct{ location }

func (configCheckCommand) Help() string {
	return `Tries everything that serve would need, except that it connects to nothing but the database: files, secrets, keys,
certificates, addresses, and how issuers are spelled. What could not be checked is said. Every problem is named at once;
exit status 1 if there is one.

Examples:
  walletport config check --config walletport.yaml`
}

func (c configCheckCommand) Run(ctx context.Context, con console) error {
	settings, err := c.load()
	if err != nil {
		return err
	}
	found := checkup{config: settings, production: c.Dir == ""}
	found.run(ctx)
	for _, text := range found.warnings {
		fmt.Fprintln(con.Err, "walletport: warning:", text)
	}
	for _, text := range found.unchecked {
		fmt.Fprintln(con.Out, "not checked:", text)
	}
	if err := errors.Join(found.problems...); err != nil {
		return fmt.Errorf("serve would not start, or could not work:\n%w", err)
	}
	_, err = fmt.Fprintln(con.Out, "the configuration is good")
	return err
}

// checkup is what a configuration is tried with, and what came of it.
type checkup struct {
	config     config.Config
	production bool // and no sandbox
	keys       *file.Store

	problems  []error
	warnings  []string
	unchecked []string
}

func (c *checkup) problem(setting string, err error) {
	if err != nil {
		c.problems = append(c.problems, fmt.Errorf("%s: %w", setting, err))
	}
}

func (c *checkup) run(ctx context.Context) {
	c.checkListeners(ctx)
	c.checkCertificates(ctx)
	c.checkKeys()
	c.checkTrust(ctx)
	c.problem("wallets", offers{c.config}.offerWallets(&provisioning.Flow{}))
	c.problem("activation", offers{c.config}.offerActivation(&activation.Flow{}))
	c.checkDatabase(ctx)
}

// checkListeners tries whether the hosts are this machine's, on free ports: the
// configured ones may be taken by the very server that this configuration is of.
func (c *checkup) checkListeners(ctx context.Context) {
	for _, listener := range []struct{ setting, address string }{{"http.listen", c.config.HTTP.Listen}, {"metrics.listen", c.config.Metrics.Listen}} {
		setting := listener.setting
		host, _, err := net.SplitHostPort(listener.address)
		if err != nil {
			continue // no listener
		}
		if host != "" && net.ParseIP(host) == nil && !config.IsLoopback(host) {
			c.unchecked = append(c.unchecked, setting+": the address of "+host+" was not looked up")
			continue
		}
		var free net.ListenConfig
		l, err := free.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			c.problem(setting, fmt.Errorf("%s is no address of this machine: %w", host, err))
			continue
		}
		_ = l.Close()
	}
}

func (c *checkup) checkCertificates(ctx context.Context) {
	if !c.config.HTTP.TLS.Enabled() {
		return
	}
	store, err := openCertificateStore(ctx, c.config.HTTP.TLS, slog.New(slog.DiscardHandler))
	if err != nil {
		c.problems = append(c.problems, err)
		return
	}
	if end := store.current.Load().pair.Leaf.NotAfter; end.Before(now().Add(keyNotice)) {
		c.warnings = append(c.warnings, "http.tls.certificate_file: the certificate ends at "+end.UTC().Format(time.RFC3339))
	}
}

// checkKeys opens the key store and looks for what the offers need.
func (c *checkup) checkKeys() {
	var err error
	if c.keys, err = openKeyStore(c.config.Keys, slog.New(slog.DiscardHandler)); err != nil {
		c.problem("keys", err)
		return
	}
	needed, by := offers{c.config}.neededPurposes()
	for _, purpose := range needed {
		if !c.keys.Current().Serves(purpose, now()) {
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
	if _, err := auth.OpenTrust(ctx, c.config.Auth, now, nil, nil); err != nil {
		c.problems = append(c.problems, err)
	}
	urls := 0
	for _, t := range c.config.Auth.TokenIssuers {
		urls += min(1, len(t.JWKSURL))
	}
	for i := range c.config.Auth.StepUp {
		urls += min(1, len(c.config.Auth.StepUp[i].JWKSURL))
	}
	if urls > 0 {
		c.unchecked = append(c.unchecked, fmt.Sprintf("auth: the keys behind %d jwks_url", urls))
	}
}

// databasePatience is how long a check waits for the database.
const databasePatience = 5 * time.Second

// checkDatabase opens the database, if it answers, and asks it how issuers are spelled.
func (c *checkup) checkDatabase(ctx context.Context) {
	place := c.config.Database
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
		c.warnings = append(c.warnings, "database.url: without sslmode=verify-full in it the connection may go over the network in plain text, or to another server")
	}
	if isFile {
		if err := checkWritable(path); err != nil {
			c.problem("database.url", err)
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, databasePatience)
	defer cancel()
	db, err := openDatabase(ctx, place)
	if refusal := postgres.Refusal(err); refusal != nil && walletport.ReasonOf(err) == "store_unavailable" {
		c.problem("database.url", refusal)
		return
	}
	if walletport.ReasonOf(err) == "store_unavailable" && !isFile {
		c.unchecked = append(c.unchecked, "the database does not answer, so neither its schema nor how issuers are spelled: "+err.Error())
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
		c.unchecked = append(c.unchecked, "how issuers are spelled, for want of the keys")
		return
	}
	doubts, told, err := doubtfulIssuers(ctx, c.config, db, c.keys.Current())
	c.problem("database.url", err)
	c.problems = append(c.problems, doubts...)
	if err == nil && !told && len(c.config.Issuers()) > 0 {
		c.unchecked = append(c.unchecked, "how issuers are spelled: there is no card, client or key of any issuer yet")
	}
}

// checkWritable reports whether this user may write a SQLite file and make those that
// belong to it beside it.
func checkWritable(path string) error {
	err := unix.Access(path, unix.R_OK|unix.W_OK)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	folder := filepath.Dir(path)
	if err := unix.Access(folder, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("the folder %s, where SQLite keeps its log beside the database, cannot be written: %w", folder, err)
	}
	return nil
}
