package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/disk"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/sim/witnesssim"
)

// configName is the configuration that a sandbox keeps in its folder, so that operator's
// commands with --dir find the same database and keys.
const configName = "walletport.yaml"

// ConfigPath returns where the sandbox in dir keeps its configuration.
func ConfigPath(dir string) string { return filepath.Join(dir, configName) }

// frontDoorPath is where the simulated wallets answer.
const frontDoorPath = "/sandbox"

// Options are what a sandbox is given. All but Database and ClickToPay are required.
type Options struct {
	Dir      string // its folder; made if absent
	Listen   string // host:port; port 0 picks a free one
	Database string // URL; "" is SQLite in the folder
	// ClickToPay is the host:port of the simulated Click to Pay. "" is the host of Listen, with
	// the port of the last start or, where that is taken, a free one.
	ClickToPay string
	Log        *slog.Logger
	Clock      func() time.Time
	Version    string // of the program

	// Operator is who opens the sandbox, and AsOperator returns a context whose records
	// are those of one act of theirs: the API clients that it makes are in its trail.
	Operator   walletport.AuditUser
	AsOperator func(context.Context) context.Context
}

// Sandbox is a running server together with the other side.
type Sandbox struct {
	*server.Server
	File  File // as it stands in sandbox.json
	other *otherSide
	lock  *os.File
	o     Options

	// Sockets are opened before the server is made, for it is to call the simulated schemes,
	// and each port may be any free one.
	socket     net.Listener // of the API and the simulators
	clickToPay net.Listener
}

// Open makes or reopens the sandbox in a folder, takes its address and writes
// sandbox.json; it answers requests once Run runs. A second start keeps keys, cards,
// tokens and audit trail. The caller closes, or runs it.
func Open(ctx context.Context, o Options) (_ *Sandbox, err error) {
	if err := disk.MakeFolder(o.Dir); err != nil {
		return nil, fmt.Errorf("sandbox folder: %w", err)
	}
	lock, err := lockFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	box := &Sandbox{lock: lock, o: o}
	defer func() {
		if err != nil {
			box.Close()
		}
	}()
	other, err := openOtherKeys(o.Dir, o.Clock)
	if err != nil {
		return nil, err
	}
	settings, err := openConfig(o.Dir, o.Listen, o.Database)
	if err != nil {
		return nil, err
	}
	if err := openKeys(ctx, settings.Keys, other); err != nil {
		return nil, err
	}
	tokens, err := openTokenIssuer(filepath.Join(o.Dir, "token-issuer-key.pem"))
	if err != nil {
		return nil, err
	}
	settings.Auth.TokenIssuers = append(settings.Auth.TokenIssuers, tokens.trust())
	if err := box.takeAddresses(ctx, &settings); err != nil {
		return nil, err
	}
	witness := witnesssim.New(witnessName, other.witness, o.Clock, box.trailKeys)
	if err := askWitness(&settings, urlOf(box.socket, settings)+frontDoorPath, witness.Key()); err != nil {
		o.Log.Warn("no witness confirms the audit trail", "err", err)
	}

	if _, err = server.CreateDatabase(ctx, settings.Database); err != nil {
		return nil, err
	}
	box.Server, err = server.Open(ctx, server.Options{Settings: settings, Log: o.Log, Clock: o.Clock, Version: o.Version, Sandbox: true, Socket: box.socket})
	if err != nil {
		return nil, err
	}
	if box.other, err = openOtherSide(o.Dir, other, witness, box.Keys, o.Clock); err != nil {
		return nil, err
	}
	if err := box.fill(ctx); err != nil {
		return nil, err
	}
	if err := box.fillCustomers(ctx); err != nil {
		return nil, err
	}
	frontDoor, err := box.other.frontDoor(settings, box.Keys)
	if err != nil {
		return nil, err
	}
	mounts := map[string]http.Handler{frontDoorPath + "/": http.StripPrefix(frontDoorPath, frontDoor)}
	clickToPay := server.Apart{Name: "the simulated Click to Pay", Socket: box.clickToPay, Handler: box.other.clickToPayAPI.Handler()}
	if err := box.Listen(ctx, mounts, clickToPay); err != nil {
		return nil, err
	}
	return box, box.writeFile(ctx, tokens)
}

// providers are wallet providers with different profiles, so that both
// IIDD shapes and TAV versions can be seen. The token requestor ids are made up.
var providers = []config.WalletProvider{
	{ID: "acme-wallet", DisplayName: "Acme Wallet", TokenRequestorID: "50199900001", Scheme: "MASTERCARD", Profile: config.DefaultProfile},
	{ID: "acme-watch", DisplayName: "Acme Watch", TokenRequestorID: "50199900002", Scheme: "MASTERCARD", Profile: "funding-account"},
}

// openConfig returns the configuration of the folder and writes it there.
func openConfig(dir, address, databaseURL string) (config.Config, error) {
	path := filepath.Join(dir, configName)
	_, err := os.Stat(path)
	if err == nil && databaseURL == "" {
		settings, err := config.Load(path)
		settings.HTTP.Listen = address
		return settings, err
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return config.Config{}, err
	}
	if databaseURL == "" {
		databaseURL = "sqlite:walletport.db"
	}
	if err := writeFileAtomically(path, configText(databaseURL)); err != nil {
		return config.Config{}, err
	}
	settings, err := config.Load(path)
	settings.HTTP.Listen = address
	return settings, err
}

// configText is a configuration like an operator's own, with the keys
// beside it. Relative paths count from the file's folder.
func configText(databaseURL string) []byte {
	text := []byte("# Written by walletport sandbox. Operator's commands read it through --dir.\n" +
		"database:\n  url: " + fmt.Sprintf("%q", databaseURL) + "\n" +
		"keys:\n  file: keystore.age\n  key_file: keystore.key\n" +
		"wallets:\n  applepay:\n    root_files: [" + appleRootName + "]\n    mastercard: {enabled: true}\n    visa: {enabled: true}\n" +
		"  googlepay:\n    mastercard: {enabled: true}\n    visa: {enabled: true}\n" +
		"  samsungpay:\n    mastercard: {enabled: true}\n    visa: {enabled: true}\n" +
		"activation:\n  mastercard: {enabled: true}\n  visa: {enabled: true}\n" +
		"profiles:\n  funding-account:\n    shape: fundingAccountInfo\n    tav_version: 4\n" +
		"wallet_providers:\n")
	for _, p := range providers {
		text = fmt.Appendf(text, "  - id: %s\n    display_name: %s\n    token_requestor_id: %q\n    scheme: %s\n    profile: %s\n",
			p.ID, p.DisplayName, p.TokenRequestorID, p.Scheme, p.Profile)
	}
	return text
}

// fill stores the sample cards. One that is there and good stays as it is, also if its
// status was changed or it was forgotten.
func (b *Sandbox) fill(ctx context.Context) error {
	for _, sample := range sampleCards {
		if row, err := b.Database.Card(ctx, sample.id); err == nil && b.Vault.Check(row) == nil {
			continue
		}
		card, err := sample.card()
		if err != nil {
			return fmt.Errorf("sample card %d: %w", sample.id, err)
		}
		_, err = b.Vault.Put(ctx, card)
		card.PAN.Wipe()
		if err != nil {
			return fmt.Errorf("sample card %d: %w", sample.id, err)
		}
	}
	return nil
}

func (b *Sandbox) writeFile(ctx context.Context, tokens *tokenIssuer) error {
	path := FilePath(b.o.Dir)
	previous, _, err := readFile(path)
	if err != nil {
		return err
	}
	b.File = File{
		PID:        os.Getpid(),
		BaseURL:    b.URL() + "/wallet",
		SandboxURL: b.URL() + frontDoorPath,
	}
	if err := b.describeOtherSide(urlOf(b.clickToPay, b.Settings)); err != nil {
		return err
	}
	if b.File.Credentials, err = b.credentials(ctx, previous.Credentials, tokens); err != nil {
		return err
	}
	for _, s := range sampleCards {
		card, err := s.card()
		if err != nil {
			return err
		}
		b.File.Cards = append(b.File.Cards, fileCard{
			CardID: int64(s.id), CustomerID: s.customerID, Scheme: string(card.Scheme), PAN: s.pan, ExpiryMonth: s.month,
			ExpiryYear: s.year, CardholderName: s.name, Status: string(s.status), Issuer: string(s.issuer),
		})
	}
	for _, p := range b.Settings.WalletProviders {
		b.File.WalletProviders = append(b.File.WalletProviders, fileProvider{p.ID, b.Settings.TokenRequestorOf(p), p.Scheme, p.DisplayName})
	}
	return writeFile(path, b.File)
}

// Run answers requests until ctx ends, and closes.
func (b *Sandbox) Run(ctx context.Context) error {
	defer b.Close()
	return b.Server.Run(ctx)
}

// Close ends the server and the simulated schemes, and lets go of the folder.
func (b *Sandbox) Close() {
	if b.Server != nil {
		b.Server.Close()
	}
	if b.other != nil {
		if err := b.other.close(); err != nil {
			b.o.Log.Error("simulated schemes not closed", "err", err)
		}
	}
	for _, socket := range []net.Listener{b.socket, b.clickToPay} {
		if socket != nil {
			_ = socket.Close() // a server that served on it has closed it already
		}
	}
	if b.lock != nil {
		b.lock.Close()
	}
}
