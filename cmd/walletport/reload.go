package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// reloader reads files that the configuration names. Reload reads them now; when it
// cannot use them, what was read before stays, and the error says why.
type reloader interface {
	Reload(ctx context.Context) error
}

// reloadFunc is a reloader that is one function.
type reloadFunc func(ctx context.Context) error

// Reload implements reloader.
func (f reloadFunc) Reload(ctx context.Context) error { return f(ctx) }

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

// follow reloads what every ten seconds, and whenever everything is reloaded.
func (s *server) follow(ctx context.Context, name string, what reloader) {
	s.reloads.add(name, what)
	s.background.every(ctx, reloadEvery, name, reloadQuietly(what, s.log.With("of", name)))
}

// reloadQuietly returns what reloads, and logs a fault that lasts once.
func reloadQuietly(what reloader, log *slog.Logger) func(context.Context) {
	last := ""
	return func(ctx context.Context) {
		fault := ""
		if err := what.Reload(ctx); err != nil {
			fault = err.Error()
		}
		if fault != "" && fault != last {
			log.Error("files not reloaded, what was read before stays", "err", fault)
		}
		last = fault
	}
}
