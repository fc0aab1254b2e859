package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/api"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/telemetry"
	"github.com/walletport/walletport/vault"
)

// server is every room of a running walletport. This file is the only place that
// knows them all.
type server struct {
	config        config.Config
	log           *slog.Logger
	db            database
	keys          *file.Store
	vault         *vault.Vault
	finder        *vault.Finder
	guard         *replay.Guard
	audit         *audit.Log
	trust         *auth.Trust
	authenticator *auth.Authenticator
	provisioning  *provisioning.Flow
	activation    *activation.Flow
	metrics       *telemetry.Metrics
	tracing       *sdktrace.TracerProvider // nil without an endpoint
	condition     condition
	background    *background
	reloads       reloads          // everything that is read from files
	followed      []*followed      // certificates and Apple's roots
	logPipe       *logPipe         // nil in a sandbox
	hangups       <-chan os.Signal // nil in a sandbox
	auditFailedAt atomic.Int64
	testCards     testCards
	auditLost     atomic.Int64
	auditEarly    atomic.Int64
}

// openServer builds every room and starts the background work. The caller runs
// the listeners and closes.
func openServer(ctx context.Context, settings config.Config, log *slog.Logger) (_ *server, err error) {
	s := &server{config: settings, log: log, metrics: telemetry.NewMetrics(), background: &background{log: log}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.keys, err = openKeyStore(settings.Keys, log); err != nil {
		return nil, err
	}
	if s.db, err = openDatabase(ctx, settings.Database); err != nil {
		return nil, err
	}
	// A server that lacks a key of another replica serves and signs nothing until it has
	// it; readiness warns. With a foreign key store it must not begin.
	if err := checkKeyStore(ctx, s.db, s.keys); err != nil && walletport.ReasonOf(err) != audit.ReasonKeyMissing {
		return nil, err
	}
	if s.tracing, err = telemetry.OpenTracing(ctx, settings.Trace, programVersion()); err != nil {
		return nil, err
	}
	refused, err := refusedNumbers(s.keys.Current())
	if err != nil {
		return nil, err
	}
	if s.vault, err = vault.New(vault.Vault{Cards: s.db, Keys: s.keys, Clock: now, TestNumbers: refused}); err != nil {
		return nil, err
	}
	s.finder, s.guard = vault.NewFinder(s.db), replay.New(s.db)
	observer := auditObserver{metrics: s.metrics, log: log, failedAt: &s.auditFailedAt, lost: &s.auditLost, early: &s.auditEarly}
	if s.audit, err = audit.New(audit.Config{Store: s.db, Keys: s.keys, Clock: now, Observer: observer, Settings: settings.Audit}); err != nil {
		return nil, err
	}
	if s.trust, err = auth.OpenTrust(ctx, settings.Auth, now, nil, log); err != nil {
		return nil, err
	}
	if s.authenticator, err = auth.New(settings.Auth, s.db, now, s.trust); err != nil {
		return nil, err
	}
	if err := s.openFlows(ctx); err != nil {
		return nil, err
	}
	s.metrics.WatchKeys(s.keyExpiries)
	s.metrics.WatchWarnings(s.countWarnings)
	s.background.start(ctx, "audit", s.audit.Run)
	s.background.start(ctx, "look-ups", s.finder.Run)
	s.background.start(ctx, "nonces", s.guard.Run)
	s.background.start(ctx, "keys", s.keys.Run)
	s.reloads.add("keys", reloadFunc(func(context.Context) error { return s.keys.Reload() }))
	s.background.start(ctx, "token issuers' keys", s.trust.Run)
	s.background.start(ctx, "uses of API clients", s.authenticator.Run)
	s.reloads.add("token issuers' keys", s.trust)
	s.background.every(ctx, forgetEvery, "old nonces", s.forgetNonces)
	s.inspectCondition(ctx)
	s.tellWarnings()
	s.background.every(ctx, conditionLook, "condition", s.watchCondition)
	return s, nil
}

// openFlows builds what the API asks.
func (s *server) openFlows(ctx context.Context) error {
	stepUp, err := auth.NewStepUp(s.config.Auth, s.trust)
	if err != nil {
		return err
	}
	cards := servingVault{s.vault, s.finder, s.metrics}
	parts := act.Parts{
		Vault: cards, Keys: s.keys, Nonces: s.guard, Audit: s.audit, StepUp: stepUp, Rand: rand.Reader, Clock: now,
		NonceRetention: s.config.Wallets.NonceRetention,
	}
	push := provisioning.Flow{Parts: parts}
	if err := (offers{s.config}).offerWallets(&push); err != nil {
		return err
	}
	if s.provisioning, err = provisioning.New(push); err != nil {
		return err
	}
	if encoder, ok := push.Apple.Encoder.(*appleEncoder); ok {
		s.follow(ctx, "Apple's roots", encoder)
	}
	activate := activation.Flow{Parts: parts}
	if err := (offers{s.config}).offerActivation(&activate); err != nil {
		return err
	}
	s.activation, err = activation.New(activate)
	return err
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
func (s *server) door(mounts map[string]http.Handler, metricsPage http.Handler) (*door.Door, error) {
	proxies, err := s.config.HTTP.Proxies()
	if err != nil {
		return nil, err
	}
	settings := s.config.API
	calls, err := api.New(api.Flows{Provisioner: s.provisioning, Activator: s.activation}, settings.ServerURLs)
	if err != nil {
		return nil, err
	}
	parts := door.Parts{
		API: calls, Authenticator: api.NewAuthenticator(s.authenticator), Audit: s.audit,
		Checks: []door.Check{
			{Name: "database", Run: s.db.Ping},
			{Name: "audit", Run: s.auditReady},
			{Name: "vault", Run: s.vaultReady},
			{Name: "offers", Run: s.offersReady},
		},
		Warnings: s.warnings, Log: s.log, Metrics: s.metrics, Clock: now, Rand: rand.Reader,
		Limits: settings.Limits, NoAccessLog: settings.NoAccessLog, Proxies: proxies, Mounts: mounts, MetricsPage: metricsPage,
	}
	if s.tracing != nil {
		parts.Tracer = s.tracing.Tracer("walletport")
	}
	return door.New(parts)
}
