package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/telemetry"
	"github.com/walletport/walletport/vault"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/issuerwallet"
)

// server is every room of a running walletport. This file is the only place that
// knows them all.
type server struct {
	config        Config
	log           *slog.Logger
	db            database
	keys          *file.Store
	vault         *vault.Vault
	audit         *audit.Log
	authenticator *auth.Authenticator
	provisioning  *provisioning.Flow
	metrics       *telemetry.Metrics
	tracing       *sdktrace.TracerProvider // nil without an endpoint
	background    *background
	auditFailedAt atomic.Int64
}

// schemes lists what can seal cards, and with which keys.
var schemes = map[walletport.SchemeID]struct {
	newSealer     func(mdes.Profile) (scheme.CardSealer, error)
	encryptionKey keys.Purpose
	signingKey    keys.Purpose
}{
	walletport.Mastercard: {
		newSealer:     func(p mdes.Profile) (scheme.CardSealer, error) { return mdes.NewSealer(p) },
		encryptionKey: keys.MDESEncryption,
		signingKey:    keys.TAVSigning,
	},
}

// openServer builds every room and starts the background work. The caller runs
// the listeners and closes.
func openServer(ctx context.Context, config Config, log *slog.Logger) (_ *server, err error) {
	s := &server{config: config, log: log, metrics: telemetry.NewMetrics(), background: &background{log: log}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.keys, err = openKeyStore(config.Keys, log); err != nil {
		return nil, err
	}
	if s.db, err = openDatabase(ctx, config.Database); err != nil {
		return nil, err
	}
	if s.tracing, err = telemetry.OpenTracing(ctx, config.Trace, version); err != nil {
		return nil, err
	}
	if s.vault, err = vault.New(vault.Vault{Cards: s.db, Keys: s.keys, Clock: now}); err != nil {
		return nil, err
	}
	observer := auditObserver{metrics: s.metrics, log: log, failedAt: &s.auditFailedAt}
	if s.audit, err = audit.New(audit.Config{Store: s.db, Keys: s.keys, Clock: now, Observer: observer, Settings: config.Audit}); err != nil {
		return nil, err
	}
	if s.authenticator, err = auth.New(config.Auth, s.db, now, nil); err != nil {
		return nil, err
	}
	providers, err := walletProviders(config)
	if err != nil {
		return nil, err
	}
	stepUp, err := auth.NewStepUp(config.Auth, now, nil)
	if err != nil {
		return nil, err
	}
	s.provisioning, err = provisioning.New(provisioning.Flow{
		Vault: countedVault{s.vault, s.metrics}, Keys: s.keys, Audit: s.audit, StepUp: stepUp, Providers: providers, Rand: rand.Reader, Clock: now,
	})
	if err != nil {
		return nil, err
	}
	s.metrics.WatchKeys(s.keyExpiries)
	s.background.start(ctx, "audit", s.audit.Run)
	s.background.start(ctx, "keys", s.keys.Run)
	return s, nil
}

// walletProviders builds the table of the configuration: each provider with the
// sealer of its profile.
func walletProviders(config Config) (map[walletport.WalletProviderID]*provisioning.Provider, error) {
	encoder, err := issuerwallet.New(config.IssuerWallet)
	if err != nil {
		return nil, err
	}
	providers := make(map[walletport.WalletProviderID]*provisioning.Provider, len(config.WalletProviders))
	for _, p := range config.WalletProviders {
		provider, err := walletProvider(p, config.Profiles, encoder)
		if err != nil {
			return nil, fmt.Errorf("wallet provider %s: %w", p.ID, err)
		}
		providers[provider.ID] = provider
	}
	return providers, nil
}

func walletProvider(c walletProviderConfig, profiles map[string]mdes.Profile, encoder wallet.Encoder) (*provisioning.Provider, error) {
	schemeID, err := walletport.ParseSchemeID(c.Scheme)
	if err != nil {
		return nil, err
	}
	made, ok := schemes[schemeID]
	if !ok {
		return nil, fmt.Errorf("scheme %s cannot seal cards", schemeID)
	}
	profile, ok := profiles[c.Profile]
	if !ok {
		profile = mdes.DefaultProfile()
	}
	sealer, err := made.newSealer(profile)
	if err != nil {
		return nil, err
	}
	var issuers []walletport.IssuerID
	for _, i := range c.Issuers {
		issuers = append(issuers, walletport.IssuerID(i))
	}
	return &provisioning.Provider{
		ID: walletport.WalletProviderID(c.ID), DisplayName: c.DisplayName,
		Push: provisioning.Push{
			Terms: provisioning.Terms{Issuers: issuers, Products: c.Products}, TokenRequestorID: c.TokenRequestorID,
			EncryptionKey: made.encryptionKey, SigningKey: made.signingKey, Sealer: sealer, Encoder: encoder,
		},
	}, nil
}

func (s *server) clients() auth.Clients {
	return auth.Clients{Store: s.db, Audit: s.audit, Rand: rand.Reader, Clock: now}
}

// close ends the background work, the audit trail last, and lets go of the rest.
func (s *server) close() {
	s.background.stopAll()
	if s.tracing != nil {
		deadline, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.tracing.Shutdown(deadline); err != nil {
			s.log.Warn("spans lost at shutdown", "err", err)
		}
	}
	if s.db != nil {
		if err := s.db.Close(); err != nil {
			s.log.Error("database not closed", "err", err)
		}
	}
}

// door builds the HTTP door over the rooms.
func (s *server) door(mounts map[string]http.Handler, metricsPage http.Handler) (*api.Door, error) {
	parts := api.Parts{
		Provisioner: s.provisioning, Authenticator: s.authenticator, Audit: s.audit,
		Checks: []api.Check{
			{Name: "database", Run: s.db.Ping},
			{Name: "audit", Run: s.auditReady},
			{Name: "keys", Run: s.keysReady},
		},
		Warnings: s.keyWarnings, Log: s.log, Metrics: s.metrics, Clock: now, Rand: rand.Reader,
		Config: s.config.API, Mounts: mounts, MetricsPage: metricsPage,
	}
	if s.tracing != nil {
		parts.Tracer = s.tracing.Tracer("walletport")
	}
	return api.New(parts)
}
