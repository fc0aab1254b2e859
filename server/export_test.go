package server

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/replay"
	"github.com/walletport/walletport/telemetry"
)

// What tests of a whole server look at.

// Beside returns a server with the same rooms and no state of its own, for change to give
// it others.
func (s *Server) Beside(change func(*Server)) *Server {
	other := &Server{
		Settings: s.Settings, Database: s.Database, Keys: s.Keys, Vault: s.Vault, log: s.log, clock: s.clock,
		trust: s.trust, provisioning: s.provisioning, activation: s.activation, tokens: s.tokens, clickToPay: s.clickToPay, metrics: s.metrics, background: &background{log: s.log, clock: s.clock},
	}
	change(other)
	return other
}

func (s *Server) Guard() *replay.Guard                    { return s.guard }
func (s *Server) KindsDone() []jobs.Kind                  { return s.jobKinds }
func (s *Server) SetJobKinds(kinds ...jobs.Kind)          { s.jobKinds = kinds }
func (s *Server) SetLog(log *slog.Logger)                 { s.log = log }
func (s *Server) InspectCondition(ctx context.Context)    { s.inspectCondition(ctx) }
func (s *Server) VaultReady(ctx context.Context) error    { return s.vaultReady(ctx) }
func (s *Server) OffersReady(ctx context.Context) error   { return s.offersReady(ctx) }
func (s *Server) AuditReady(ctx context.Context) error    { return s.auditReady(ctx) }
func (s *Server) Warnings() []door.Warning                { return s.warnings() }
func (s *Server) WarnOfIssuers(ctx context.Context)       { s.warnOfIssuers(ctx) }
func (s *Server) FindTestCards(ctx context.Context) error { return s.findTestCards(ctx) }
func (s *Server) TestCardWarnings() []string              { return s.testCardWarnings() }
func (s *Server) WatchOpenChanges(c context.Context)      { s.watchOpenChanges(c) }
func (s *Server) WatchOpenRequests(c context.Context)     { s.watchOpenRequests(c) }
func (s *Server) Metrics() *telemetry.Metrics             { return s.metrics }
func (s *Server) Door() *door.Door                        { return s.door }

// EndEarly starts background work that ends with err although nobody told it to, and waits
// until it has. forCalls is whether calls need it.
func (s *Server) EndEarly(ctx context.Context, name string, neededByCalls bool, err error) {
	kind := upkeep
	if neededByCalls {
		kind = forCalls
	}
	s.background.start(ctx, name, kind, func(context.Context) error { return err })
	s.background.lock.Lock()
	begun := slices.IndexFunc(s.background.jobs, func(j *job) bool { return j.name == name }) // others may begin meanwhile
	done := s.background.jobs[begun].done
	s.background.lock.Unlock()
	<-done
}

// ReloadQuietly reloads files whose reading ends with err.
func (s *Server) ReloadQuietly(ctx context.Context, name string, err error) {
	f := followed{name: name, what: failing{err}, log: s.log, clock: s.clock}
	f.reloadQuietly(ctx)
}

type failing struct{ error }

func (f failing) Reload(context.Context) error { return f.error }

const MaxTestCardsNamed = maxTestCardsNamed

// NewKeyStore makes an empty key store.
func NewKeyStore(t *testing.T) keys.Custody { return newKeyStore(t) }

func SafeText(err error) string { return safeText(err) }

var ClientCertificate = clientCertificate
