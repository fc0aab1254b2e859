package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// reloader reads files that the configuration names. Reload reads them now; when it
// cannot use them, what was read before stays, and the error says why.
type reloader interface {
	Reload(ctx context.Context) error
}

// reloadEvery is how soon a changed file counts.
const reloadEvery = 10 * time.Second

// reloads is everything that a running server reads anew, by a name for people.
type reloads struct {
	names []string
	all   []reloader
}

func (r *reloads) add(name string, what reloader) {
	r.names, r.all = append(r.names, name), append(r.all, what)
}

// Reload reads everything now, and returns every fault.
func (r *reloads) Reload(ctx context.Context) error {
	var errs []error
	for i, what := range r.all {
		if err := what.Reload(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.names[i], err))
		}
	}
	return errors.Join(errs...)
}

// reloadOnHangup reads all files anew at each hang-up: the key store, certificates and
// client roots, Apple's roots, token issuers' keys. The configuration itself is read at
// start only.
func (s *Server) reloadOnHangup(ctx context.Context) {
	s.background.start(ctx, "reload on SIGHUP", upkeep, func(ctx context.Context) error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-s.hangups:
				s.reloadFiles(ctx)
			}
		}
	})
}

func (s *Server) reloadFiles(ctx context.Context) {
	err := s.reloads.Reload(ctx)
	if err != nil && isStopped(ctx) {
		return
	}
	if err != nil {
		s.log.Error("signal received, not all files reloaded: what was read before stays", "signal", "SIGHUP", "err", err)
		return
	}
	s.log.Info("signal received, files reloaded", "signal", "SIGHUP", "files", s.reloads.names)
}

// follow reloads what every ten seconds, and whenever everything is reloaded.
func (s *Server) follow(ctx context.Context, name string, what reloader) {
	f := &followed{name: name, what: what, log: s.log.With("of", name), clock: s.clock}
	s.followed = append(s.followed, f)
	s.reloads.add(name, f)
	s.background.every(ctx, reloadEvery, name, f.reloadQuietly)
}

// followed are files that are read again, and what came of it.
type followed struct {
	name  string
	what  reloader
	log   *slog.Logger
	clock func() time.Time

	lock  sync.Mutex
	since time.Time // of the first fault since the files were good; zero while they are
	told  string    // the fault that the log has been told
}

// Reload implements reloader.
func (f *followed) Reload(ctx context.Context) error {
	err := f.what.Reload(ctx)
	f.lock.Lock()
	defer f.lock.Unlock()
	switch {
	case err == nil:
		f.since = time.Time{}
	case f.since.IsZero():
		f.since = f.clock()
	}
	return err
}

// reloadQuietly logs a fault that lasts once.
func (f *followed) reloadQuietly(ctx context.Context) {
	fault := ""
	if err := f.Reload(ctx); err != nil && !isStopped(ctx) {
		fault = err.Error()
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	if fault != "" && fault != f.told {
		f.log.Error("files not reloaded, what was read before stays", "err", fault)
	}
	f.told = fault
}

// reloadWarnings tells of files that a restart could not read. Which they are is in the
// log only: readiness is told to everybody, and paths are not for everybody.
func (s *Server) reloadWarnings() []string {
	var texts []string
	for _, f := range s.followed {
		f.lock.Lock()
		since := f.since
		f.lock.Unlock()
		if !since.IsZero() {
			texts = append(texts, f.name+": the files cannot be used since "+since.UTC().Format(time.RFC3339)+
				"; what was read before serves, and a restart would fail: the log says why")
		}
	}
	return texts
}
