package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// stopSignals end a command in order: an import or a change of keys is recorded
// before it stops. A hang-up is one of them, unless whoever started the program
// wants none (nohup); serve takes it for something else.
func stopSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGTERM, os.Interrupt}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// takeHangups takes SIGHUP for the reload of files, from now to the end of the
// program. One that comes while the server starts is heard when it serves. It is never
// let go of, for one that comes while the server ends must not kill it either.
func takeHangups() <-chan os.Signal {
	signal.Ignore(syscall.SIGHUP) // takes it from main; between Reset and Notify it would kill
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	return hangups
}

// isStopped reports whether err says no more than that ctx was canceled, by a signal:
// then nothing is out of order.
func isStopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// logEnd writes what ended a server into its log and returns errFault for it. A server
// that was told to stop while it started ends as orderly as one that served.
func logEnd(ctx context.Context, log *slog.Logger, err error) error {
	if isStopped(ctx, err) {
		log.Info("stopped before it served", "cause", context.Cause(ctx))
		return nil
	}
	if err == nil || errors.Is(err, errFault) {
		return err
	}
	log.Error("the server has ended", "err", err)
	return errFault
}
