package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/api"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/auth"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/idempotency"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/telemetry"
	"github.com/walletport/walletport/tokens"
	"github.com/walletport/walletport/vault"
)

// Options are what a server is given. All but Lines and Hangups are required.
type Options struct {
	Settings config.Config
	Log      *slog.Logger
	Clock    func() time.Time
	Version  string // of the program, for log and traces

	// Sandbox takes keys that are marked as a sandbox's and cards with test numbers. A
	// server for production refuses the keys, and each such card.
	Sandbox bool

	Lines   *LogLines        // where Log writes, for a warning when it cannot; nil is unwatched
	Hangups <-chan os.Signal // each reads all files anew; nil is none

	// Socket, of OpenSocket, is what the API is served on instead of http.listen, for whoever
	// must know the address before the server is made. It stays the caller's to close; nil
	// opens one.
	Socket net.Listener
}

// Server is every room of a running walletport. This file is the only place that
// knows them all.
type Server struct {
	Settings      config.Config
	Database      Database
	Keys          keys.Watcher
	Vault         *vault.Vault
	Authenticator *auth.Authenticator

	keysInUse     keys.Refresher // Keys, which tell what they do
	log           *slog.Logger
	clock         func() time.Time
	version       string
	finder        *vault.Finder
	guard         *replay.Guard
	answers       *idempotency.Keeper
	audit         *audit.Log
	trust         *auth.Trust
	provisioning  *provisioning.Flow
	activation    *activation.Flow
	tokens        *tokens.Flow
	clickToPay    *clicktopay.Flow
	metrics       *telemetry.Metrics
	tracing       *sdktrace.TracerProvider // nil without an endpoint
	condition     condition
	openChanges   lastFound   // of tokens
	openRequests  lastFound   // of Click to Pay
	jobKinds      []jobs.Kind // that this server does
	background    *background
	reloads       reloads     // everything that is read from files
	followed      []*followed // certificates and Apple's roots
	lines         *LogLines
	hangups       <-chan os.Signal
	socket        net.Listener // see Options
	door          *door.Door   // nil until Listen
	listeners     listeners
	auditFailedAt atomic.Int64
	testCards     testCards
	auditLost     atomic.Int64
	auditEarly    atomic.Int64
	witnesses     *witnesses // of the audit trail; nil without any
}

// Open builds every room and starts the work beside requests. The caller closes. It
// refuses with CodeConflict a key store that is not the database's; a database that is
// absent or of another version, and settings that cannot be used, are refused with the
// errors of their rooms.
func Open(ctx context.Context, o Options) (_ *Server, err error) {
	settings := o.Settings
	s := &Server{
		Settings: settings, log: o.Log, clock: o.Clock, version: o.Version, lines: o.Lines, hangups: o.Hangups, socket: o.Socket,
		metrics: telemetry.NewMetrics(), background: &background{log: o.Log, clock: o.Clock},
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if err := s.openKeys(settings.Keys); err != nil {
		return nil, err
	}
	s.keysInUse = keys.Observe(s.Keys, stepObserver{s.metrics})
	if s.Database, err = OpenDatabase(ctx, settings.Database); err != nil {
		return nil, err
	}
	// A server that lacks a key of another replica serves and signs nothing until it has
	// it; readiness warns. With a foreign key store it must not begin.
	if err := CheckKeyStore(ctx, s.Database, s.Keys, o.Clock); err != nil && walletport.ReasonOf(err) != audit.ReasonKeyMissing {
		return nil, err
	}
	if s.tracing, err = telemetry.OpenTracing(ctx, settings.Trace, o.Version); err != nil {
		return nil, err
	}
	if s.Vault, err = OpenVault(s.Database, s.keysInUse, o.Clock); err != nil {
		return nil, err
	}
	s.finder, s.guard = vault.NewFinder(s.Database), replay.New(s.Database, replay.Config{Retention: settings.Wallets.NonceRetention, Log: o.Log})
	s.answers = idempotency.New(s.Database, idempotency.Config{Log: o.Log, Rand: rand.Reader})
	observer := auditObserver{metrics: s.metrics, log: o.Log, clock: o.Clock, failedAt: &s.auditFailedAt, lost: &s.auditLost, early: &s.auditEarly}
	if s.audit, err = audit.New(audit.Config{Store: s.Database, Keys: s.keysInUse, Clock: o.Clock, Observer: observer, Settings: settings.Audit}); err != nil {
		return nil, err
	}
	if s.trust, err = auth.OpenTrust(ctx, settings.AuthInForce(), o.Clock, s.calls(), o.Log); err != nil {
		return nil, err
	}
	if s.Authenticator, err = auth.New(settings.AuthInForce(), s.Database, o.Clock, s.trust); err != nil {
		return nil, err
	}
	if err := s.openFlows(ctx); err != nil {
		return nil, err
	}
	if err := s.startWork(ctx); err != nil {
		return nil, err
	}
	if !o.Sandbox {
		if err := s.refuseSandbox(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// startWork starts what goes on beside requests, in the order in which it is needed: it
// ends in the reverse one.
func (s *Server) startWork(ctx context.Context) error {
	s.metrics.WatchKeys(s.keyExpiries)
	s.metrics.WatchWarnings(s.countWarnings)
	s.metrics.WatchBackground(s.background.running)
	s.background.start(ctx, "audit", forCalls, s.audit.Run)
	s.background.start(ctx, "look-ups", forCalls, s.finder.Run)
	s.background.start(ctx, "nonces", forCalls, s.guard.Run)
	s.background.start(ctx, "first answers", upkeep, s.answers.Run)
	s.background.start(ctx, "keys", upkeep, s.Keys.Run)
	s.reloads.add("keys", s.Keys)
	s.background.start(ctx, "token issuers' keys", upkeep, s.trust.Run)
	s.background.start(ctx, "uses of API clients", upkeep, s.Authenticator.Run)
	s.reloads.add("token issuers' keys", s.trust)
	s.background.start(ctx, "interrupted changes", upkeep, s.tokens.Run)
	s.background.start(ctx, "requests of Click to Pay", upkeep, s.clickToPay.Run)
	if err := s.startJobs(ctx, slices.Concat(s.tokens.Works(), s.clickToPay.Works())); err != nil {
		return err
	}
	if err := s.startWitnesses(ctx); err != nil {
		return err
	}
	s.startPortfolios(ctx)
	s.inspectCondition(ctx)
	s.watchOpenChanges(ctx)
	s.watchOpenRequests(ctx)
	s.tellWarnings()
	s.background.every(ctx, conditionLook, "condition", s.watchCondition)
	s.background.every(ctx, openChangesEvery, "open changes", s.watchOpenChanges)
	s.background.every(ctx, openChangesEvery, "open requests of Click to Pay", s.watchOpenRequests)
	return nil
}

// calls is what all clients of this server share, for what it calls itself.
func (s *Server) calls() *outbound.Clients {
	return &outbound.Clients{Clock: s.clock, Observer: telemetry.Calls{Metrics: s.metrics, Tracer: s.tracer()}}
}

// tracer makes spans; nil makes none.
func (s *Server) tracer() trace.Tracer {
	if s.tracing == nil {
		return nil
	}
	return s.tracing.Tracer("walletport")
}

// openFlows builds what the API asks.
func (s *Server) openFlows(ctx context.Context) error {
	stepUp, err := auth.NewStepUp(s.Settings.AuthInForce(), s.trust)
	if err != nil {
		return err
	}
	cards := servingVault{s.Vault, s.finder, s.metrics}
	limits := door.NewIssuerLimits(s.issuerRate, s.clock)
	parts := act.Parts{
		Vault: cards, Keys: s.keysInUse, Nonces: s.guard, Audit: s.audit, StepUp: stepUp, Steps: stepObserver{s.metrics}, Rand: rand.Reader, Clock: s.clock,
		Limit: limits.Admit, Issuer: s.issuerTerms,
	}
	push := provisioning.Flow{Parts: parts}
	if err := (offers{s.Settings}).offerWallets(&push); err != nil {
		return err
	}
	if s.provisioning, err = provisioning.New(push); err != nil {
		return err
	}
	if encoder, ok := push.Apple.Encoder.(*appleEncoder); ok {
		s.follow(ctx, "Apple's roots", encoder)
	}
	activate := activation.Flow{Parts: parts}
	if err := (offers{s.Settings}).offerActivation(&activate); err != nil {
		return err
	}
	if s.activation, err = activation.New(activate); err != nil {
		return err
	}
	s.tokens, err = OpenTokens(TokenRooms{
		Settings: s.Settings, Database: s.Database, Keys: s.keysInUse, Vault: s.Vault, Audit: s.audit, Clock: s.clock,
		Cards: cards, Clients: *s.calls(), Observer: &tokenObserver{metrics: s.metrics, log: s.log, clock: s.clock}, Limit: limits.Admit,
	})
	if err != nil {
		return err
	}
	s.clickToPay, err = OpenClickToPay(ClickToPayRooms{
		Settings: s.Settings, Database: s.Database, Keys: s.keysInUse, Vault: s.Vault, Audit: s.audit, Clock: s.clock,
		Cards: cards, Clients: *s.calls(), Observer: &clickToPayObserver{metrics: s.metrics, log: s.log}, Limit: limits.Admit,
	})
	return err
}

// issuerTerms is what an issuer's section says of which cards tokens are made. A card that
// was typed into a wallet is activated in whichever wallet that was, or in none.
func (s *Server) issuerTerms(id walletport.IssuerID) act.IssuerTerms {
	own := s.Settings.ForIssuer(id)
	return act.IssuerTerms{
		Refuses: func(wallet string, scheme walletport.SchemeID) string {
			isActivation := wallet == activation.StepUpWallet
			switch {
			case isActivation && own.NoActivation:
				return "the card's issuer does not offer activation"
			case !isActivation && !own.Takes(wallet, scheme):
				return "the card's issuer does not offer this wallet"
			}
			return ""
		},
		Products: own.Products, DaysBeforeExpiry: own.DaysBeforeExpiry,
	}
}

// issuerRate is how many calls there may be on the issuer's cards.
func (s *Server) issuerRate(id walletport.IssuerID) door.IssuerRate {
	return s.Settings.ForIssuer(id).Limits
}

// Clients returns what makes and changes API clients, with records in the server's trail.
func (s *Server) Clients() auth.Clients {
	return auth.Clients{Store: s.Database, Audit: s.audit, Rand: rand.Reader, Clock: s.clock}
}

// Close ends the work beside requests, the audit trail last, and lets go of the rest. A
// server that did not open is closed already.
func (s *Server) Close() {
	s.background.stopAll()
	s.listeners.close()
	if s.tracing != nil {
		deadline, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.tracing.Shutdown(deadline); err != nil {
			s.log.Warn("spans lost at shutdown", "err", err)
		}
	}
	if s.Database != nil {
		if err := s.Database.Close(); err != nil {
			s.log.Error("database not closed", "err", err)
		}
	}
}

// openDoor builds the HTTP door over the rooms.
func (s *Server) openDoor(mounts map[string]http.Handler) (*door.Door, error) {
	proxies, err := s.Settings.HTTP.Proxies()
	if err != nil {
		return nil, err
	}
	settings := s.Settings.API
	calls, err := api.New(api.Flows{Provisioner: s.provisioning, Activator: s.activation, Tokens: s.tokens, ClickToPay: s.clickToPay}, settings.ServerURLs)
	if err != nil {
		return nil, err
	}
	parts := door.Parts{
		API: calls, Authenticator: api.NewAuthenticator(s.Authenticator), Audit: s.audit, Answers: s.answers,
		Checks: []door.Check{
			{Name: "database", Run: s.Database.Ping},
			{Name: "audit", Run: s.auditReady},
			{Name: "vault", Run: s.vaultReady},
			{Name: "offers", Run: s.offersReady},
			{Name: "background", Run: s.background.ready},
		},
		Warnings: s.warnings, Log: s.log, Metrics: s.metrics, Clock: s.clock, Rand: rand.Reader,
		Limits: settings.Limits, NoAccessLog: settings.NoAccessLog, Proxies: proxies, Mounts: mounts, Tracer: s.tracer(),
	}
	if s.Settings.MetricsBesideAPI() {
		parts.MetricsPage = s.metrics.Handler()
	}
	return door.New(parts)
}
