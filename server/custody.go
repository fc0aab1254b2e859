package server

import (
	"crypto/fips140"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/keys/libcrypto"
)

// This file chooses the custodian of the keys, and the engine of those of RSA, by the
// configuration. No other product code names one: it holds keys.Custodian or keys.Watcher.

// OpenKeys opens the keys that the configuration names, whose changes are followed while
// its Run runs. They must be there.
func OpenKeys(c config.Keys, log *slog.Logger) (keys.Custody, error) {
	engine, _, err := RSAEngine(c.RSA)
	if err != nil {
		return nil, err
	}
	return openKeys(c, engine, log)
}

func openKeys(c config.Keys, engine keys.RSAEngine, log *slog.Logger) (keys.Custody, error) {
	settings, err := keyStore(c, engine, log)
	if err != nil {
		return nil, err
	}
	return custodyOf(file.Open(settings))
}

// openKeys opens the keys of the server, and says which engine works with those of RSA.
func (s *Server) openKeys(c config.Keys) error {
	engine, instead, err := RSAEngine(c.RSA)
	if err != nil {
		return err
	}
	s.tellRSAEngine(engine.About(), instead)
	custody, err := openKeys(c, engine, s.log)
	if err != nil {
		return err
	}
	s.Keys = custody
	return nil
}

// tellRSAEngine says in the log and in a metric which engine works with RSA keys, and in the
// log why it is Go's where OpenSSL's was looked for.
func (s *Server) tellRSAEngine(about keys.RSAFacts, instead error) {
	s.metrics.UsesRSAEngine(about.Engine, about.Version, about.FIPS)
	if instead == nil {
		s.log.Info("engine of RSA keys", "engine", about.String())
		return
	}
	s.log.Info("engine of RSA keys is Go's, which is slower than OpenSSL's", "engine", about.String(), "because", instead)
}

// CreateKeys makes an empty key store, and its key file if there is none, and says on told
// what it made. A new key file would not open a key store that is there already, so none
// is made then: CodeConflict, reason key_file_missing.
func CreateKeys(c config.Keys, told io.Writer) (keys.Custody, error) {
	if err := createKeyFile(c, told); err != nil {
		return nil, err
	}
	engine, _, err := RSAEngine(c.RSA)
	if err != nil {
		return nil, err
	}
	settings, err := keyStore(c, engine, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	custody, err := custodyOf(file.Create(settings))
	if err == nil {
		fmt.Fprintln(told, "key store made:", c.File)
	}
	return custody, err
}

// OpenOrCreateKeys is for a sandbox, whose keys are its own.
func OpenOrCreateKeys(c config.Keys) (keys.Custody, error) {
	if _, err := os.Stat(c.File); err == nil {
		return OpenKeys(c, slog.New(slog.DiscardHandler))
	}
	return CreateKeys(c, io.Discard)
}

func createKeyFile(c config.Keys, told io.Writer) error {
	if c.KeyFile == "" {
		return nil
	}
	_, storeErr := os.Lstat(c.File)
	if _, err := os.Lstat(c.KeyFile); storeErr == nil && errors.Is(err, fs.ErrNotExist) {
		return walletport.Errorf(walletport.CodeConflict, "key_file_missing", "the key store is there: bring back its key file; a new one would not open it")
	}
	if _, err := os.Stat(c.KeyFile); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := file.CreateKeyFile(c.KeyFile); err != nil {
		return err
	}
	fmt.Fprintln(told, "key file made:", c.KeyFile, "(keep a copy apart from the key store)")
	return nil
}

// keyStore returns what keys/file needs, with the secret read from its place.
func keyStore(c config.Keys, engine keys.RSAEngine, log *slog.Logger) (file.Config, error) {
	secret, err := keyStoreSecret(c)
	return file.Config{Path: c.File, Secret: secret, RSA: engine, Log: log}, err
}

// errNotFIPS is why auto is not OpenSSL where the operator has put a validated module in charge.
var errNotFIPS = errors.New("fips140 is on, and OpenSSL's FIPS provider is not active")

// RSAEngine chooses who does the arithmetic of RSA keys. Where auto means Go, instead says
// why. The error is CodeUnavailable, reason rsa_engine_missing, where openssl is wanted and
// does not load or does not work.
func RSAEngine(choice config.RSAChoice) (engine keys.RSAEngine, instead, err error) {
	if choice == config.RSAGo {
		return keys.GoRSA{}, nil, nil
	}
	engine, err = libcrypto.Open()
	switch {
	case err != nil && choice == config.RSAOpenSSL:
		return nil, nil, walletport.Errorf(walletport.CodeUnavailable, "rsa_engine_missing", "keys.rsa is openssl, and OpenSSL's libcrypto does not load or does not work (set auto or go, or install OpenSSL 3.0 or later, with a configuration that lets it work with RSA keys)").WithCause(err)
	case err != nil:
		return keys.GoRSA{}, err, nil
	case choice != config.RSAOpenSSL && fips140.Enabled() && !engine.About().FIPS:
		return keys.GoRSA{}, errNotFIPS, nil
	}
	return engine, nil, nil
}

func keyStoreSecret(c config.Keys) (file.Secret, error) {
	if c.KeyFile != "" {
		return file.KeyFile(c.KeyFile)
	}
	text, err := c.Passphrase.Resolve()
	if err != nil {
		return file.Secret{}, err
	}
	defer clear(text)
	return file.Passphrase(text)
}

// custodyOf keeps the nil pointer of a store that did not open out of the interface.
func custodyOf(store *file.Store, err error) (keys.Custody, error) {
	if err != nil {
		return nil, err
	}
	return store, nil
}
