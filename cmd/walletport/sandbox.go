package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/disk"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/telemetry"
)

// sandboxConfigName is the configuration that a sandbox keeps in its folder, so
// that operator's commands with --dir find the same database and keys.
const sandboxConfigName = "walletport.yaml"

type sandboxCommand struct {
	Dir      string `required:"" help:"Folder of the sandbox; made if absent. A second start keeps keys, cards, tokens and audit." placeholder:"DIR"`
	Listen   string `default:"127.0.0.1:8080" help:"Address to listen on; port 0 picks a free one." placeholder:"ADDR"`
	Database string `help:"Database URL; without it, SQLite in the folder." placeholder:"URL"`
}

func (sandboxCommand) Help() string {
	return `DIR/sandbox.json appears when the sandbox is ready: address, credentials, cards and the keys of the other side.
Nothing in it is a secret of anybody's; the card numbers are published test numbers.

Examples:
  walletport sandbox --dir sandbox
  walletport sandbox --dir sandbox --listen 127.0.0.1:0 --database postgres://walletport@localhost/walletport`
}

func (c sandboxCommand) Run(ctx context.Context, con console) error {
	log := telemetry.NewLogger(con.Err, slog.LevelInfo)
	box, err := openSandbox(ctx, c.Dir, c.Listen, c.Database, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(con.Err, "sandbox ready at %s, everything to try it in %s\n", box.file.BaseURL, sandboxFilePath(c.Dir))
	return box.run(ctx)
}

// sandboxPath is where the simulated wallets answer.
const sandboxPath = "/sandbox"

// sandbox is a running server together with the other side.
type sandbox struct {
	*server
	api      *door.Door
	listener *listener
	other    *otherSide
	lock     *os.File
	file     sandboxFile
}

// openSandbox makes or reopens the sandbox in dir and writes sandbox.json; it
// answers requests once run runs.
func openSandbox(ctx context.Context, dir, address, databaseURL string, log *slog.Logger) (_ *sandbox, err error) {
	if err := disk.MakeFolder(dir); err != nil {
		return nil, fmt.Errorf("sandbox folder: %w", err)
	}
	lock, err := lockSandbox(dir)
	if err != nil {
		return nil, err
	}
	box := &sandbox{lock: lock}
	defer func() {
		if err != nil {
			box.close()
		}
	}()
	other, err := openOtherKeys(dir)
	if err != nil {
		return nil, err
	}
	settings, err := sandboxConfig(dir, address, databaseURL)
	if err != nil {
		return nil, err
	}
	if err := openSandboxKeys(settings.Keys, other); err != nil {
		return nil, err
	}
	tokens, err := openTokenIssuer(filepath.Join(dir, "token-issuer-key.pem"))
	if err != nil {
		return nil, err
	}
	settings.Auth.TokenIssuers = append(settings.Auth.TokenIssuers, tokens.trust())

	if _, err = createDatabase(ctx, settings.Database); err != nil {
		return nil, err
	}
	if box.server, err = openServer(ctx, settings, log); err != nil {
		return nil, err
	}
	if box.other, err = openOtherSide(dir, other, box.keys); err != nil {
		return nil, err
	}
	if err := box.fill(ctx); err != nil {
		return nil, err
	}
	frontDoor, err := box.other.frontDoor(settings, box.keys)
	if err != nil {
		return nil, err
	}
	mounts := map[string]http.Handler{sandboxPath + "/": http.StripPrefix(sandboxPath, frontDoor)}
	if box.api, err = box.door(mounts, box.metricsBeside(address)); err != nil {
		return nil, err
	}
	if box.listener, err = listen(ctx, address, box.api.NewServer(), nil); err != nil {
		return nil, err
	}
	return box, box.writeFile(ctx, dir, tokens)
}

// lockSandbox keeps a second process out of the folder; the kernel lets go of
// the lock when the process ends, however it ends.
func lockSandbox(dir string) (*os.File, error) {
	lock, err := disk.OpenLock(filepath.Join(dir, "sandbox.lock"), "")
	if err != nil {
		return nil, fmt.Errorf("sandbox lock: %w", err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		lock.Close()
		return nil, fmt.Errorf("a sandbox is running on %s already", dir)
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("sandbox lock: %w", err)
	}
	return lock, nil
}

// sandboxProviders are wallet providers with different profiles, so that both
// IIDD shapes and TAV versions can be seen. The token requestor ids are made up.
var sandboxProviders = []config.WalletProvider{
	{ID: "acme-wallet", DisplayName: "Acme Wallet", TokenRequestorID: "50199900001", Scheme: "MASTERCARD", Profile: config.DefaultProfile},
	{ID: "acme-watch", DisplayName: "Acme Watch", TokenRequestorID: "50199900002", Scheme: "MASTERCARD", Profile: "funding-account"},
}

// sandboxConfig returns the configuration of the folder and writes it there.
func sandboxConfig(dir, address, databaseURL string) (config.Config, error) {
	path := filepath.Join(dir, sandboxConfigName)
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
	if err := writeFileAtomically(path, sandboxConfigText(databaseURL)); err != nil {
		return config.Config{}, err
	}
	settings, err := config.Load(path)
	settings.HTTP.Listen = address
	return settings, err
}

// sandboxConfigText is a configuration like an operator's own, with the keys
// beside it. Relative paths count from the file's folder.
func sandboxConfigText(databaseURL string) []byte {
	text := []byte("# Written by walletport sandbox. Operator's commands read it through --dir.\n" +
		"database:\n  url: " + fmt.Sprintf("%q", databaseURL) + "\n" +
		"keys:\n  file: keystore.age\n  key_file: keystore.key\n" +
		"wallets:\n  applepay:\n    root_files: [" + sandboxAppleRoot + "]\n    mastercard: {enabled: true}\n    visa: {enabled: true}\n" +
		"  googlepay:\n    mastercard: {enabled: true}\n    visa: {enabled: true}\n" +
		"  samsungpay:\n    mastercard: {enabled: true}\n    visa: {enabled: true}\n" +
		"activation:\n  mastercard: {enabled: true}\n  visa: {enabled: true}\n" +
		"profiles:\n  funding-account:\n    shape: fundingAccountInfo\n    tav_version: 4\n" +
		"wallet_providers:\n")
	for _, p := range sandboxProviders {
		text = fmt.Appendf(text, "  - id: %s\n    display_name: %s\n    token_requestor_id: %q\n    scheme: %s\n    profile: %s\n",
			p.ID, p.DisplayName, p.TokenRequestorID, p.Scheme, p.Profile)
	}
	return text
}

// fill stores the sample cards; those that stand already stay untouched.
func (b *sandbox) fill(ctx context.Context) error {
	for _, sample := range sampleCards {
		card, err := sample.card()
		if err != nil {
			return fmt.Errorf("sample card %d: %w", sample.id, err)
		}
		_, err = b.vault.Put(ctx, card)
		card.PAN.Wipe()
		if err != nil {
			return fmt.Errorf("sample card %d: %w", sample.id, err)
		}
	}
	return nil
}

func (b *sandbox) writeFile(ctx context.Context, dir string, tokens *tokenIssuer) error {
	path := sandboxFilePath(dir)
	previous, _, err := readSandboxFile(path)
	if err != nil {
		return err
	}
	b.file = sandboxFile{
		PID:        os.Getpid(),
		BaseURL:    b.listener.url() + "/wallet",
		SandboxURL: b.listener.url() + sandboxPath,
	}
	if err := b.describeOtherSide(); err != nil {
		return err
	}
	if b.file.Credentials, err = b.credentials(ctx, previous.Credentials, tokens); err != nil {
		return err
	}
	for _, s := range sampleCards {
		card, err := s.card()
		if err != nil {
			return err
		}
		b.file.Cards = append(b.file.Cards, sandboxCard{
			CardID: int64(s.id), CustomerID: s.customerID, Scheme: string(card.Scheme), PAN: s.pan, ExpiryMonth: s.month,
			ExpiryYear: s.year, CardholderName: s.name, Status: string(s.status), Issuer: string(s.issuer),
		})
	}
	for _, p := range b.config.WalletProviders {
		b.file.WalletProviders = append(b.file.WalletProviders, sandboxWalletProvider{p.ID, b.config.TokenRequestorOf(p), p.Scheme, p.DisplayName})
	}
	return writeSandboxFile(path, b.file)
}

// run answers requests until ctx ends.
func (b *sandbox) run(ctx context.Context) error {
	defer b.close()
	return runDoor(ctx, b.api, b.listener, b.config.HTTP, b.log)
}

func (b *sandbox) close() {
	if b.server != nil {
		b.server.close()
	}
	if b.other != nil {
		if err := b.other.close(); err != nil {
			b.log.Error("simulated schemes not closed", "err", err)
		}
	}
	if b.lock != nil {
		b.lock.Close()
	}
}

// now is the clock of the program; rooms get it as a field.
func now() time.Time { return time.Now() }
