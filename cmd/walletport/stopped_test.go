package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
)

// stoppingReader ends a context, as a signal does, when it has been read to its end.
type stoppingReader struct {
	io.Reader
	stop context.CancelCauseFunc
}

func (r stoppingReader) Read(to []byte) (int, error) {
	n, err := r.Reader.Read(to)
	if errors.Is(err, io.EOF) {
		r.stop(errors.New("terminated signal received"))
	}
	return n, err
}

// TestAStoppedCommandSaysSo and accuses no database.
func TestAStoppedCommandSaysSo(t *testing.T) {
	const rows = "cardId,pan,expiryMonth,expiryYear\n1,2223000048400011,12,2031\n"
	for name, flags := range map[string][]string{
		"row by row": nil, "all or nothing": {"--all-or-nothing"}, "a dry run": {"--dry-run"},
	} {
		t.Run("an import, "+name, func(t *testing.T) {
			dir, records := mustOpenSandbox(t)
			ctx, stop := context.WithCancelCause(t.Context())
			var out, errs bytes.Buffer
			in := stoppingReader{strings.NewReader(rows), stop}
			args := append([]string{"cards", "import", "-", "--format", "csv", "--dir", dir}, flags...)
			code := run(ctx, args, console{In: in, Out: &out, Err: &errs})
			if code != exitFault || errs.String() != "walletport: stopped: terminated signal received\n" {
				t.Errorf("exit status %d, printed %s", code, errs.String())
			}
			got := records()
			if len(got) == 0 || got[len(got)-1].Outcome != walletport.OutcomeStopped {
				t.Errorf("outcomes %q, want the last one stopped", outcomes(got))
			}
		})
	}
	t.Run("an act whose database call was interrupted", func(t *testing.T) {
		dir, records := mustOpenSandbox(t)
		ctx, stop := context.WithCancel(t.Context())
		err := location{Dir: dir}.operate(ctx, func(ctx context.Context, o *operator) error {
			return o.declare(ctx, act.Request{Action: walletport.ActionCardsRewrap}, func(*act.Record) error {
				stop()
				_, err := o.db.CardIssuers(ctx)
				return err
			})
		})
		if got := outcomes(records()); got != "started stopped" || !isStopped(ctx, err) {
			t.Errorf("outcomes %q, error %v", got, err)
		}
	})
	t.Run("an act that failed by itself is not stopped", func(t *testing.T) {
		dir, records := mustOpenSandbox(t)
		ctx, stop := context.WithCancel(t.Context())
		err := location{Dir: dir}.operate(ctx, func(ctx context.Context, o *operator) error {
			return o.declare(ctx, act.Request{Action: walletport.ActionCardsRewrap}, func(*act.Record) error {
				stop()
				return walletport.Errorf(walletport.CodeConflict, "key_needed", "it is needed")
			})
		})
		if got := outcomes(records()); got != "started key_needed" || isStopped(ctx, err) {
			t.Errorf("outcomes %q, error %v", got, err)
		}
	})
	t.Run("a server that starts", func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		stop(errors.New("terminated signal received"))
		var out bytes.Buffer
		log := slog.New(slog.NewJSONHandler(&out, nil))
		if err := logEnd(ctx, log, errors.Join(errors.New("open"), ctx.Err())); err != nil || !strings.Contains(out.String(), "stopped before it served") || strings.Contains(out.String(), "ERROR") {
			t.Errorf("logEnd = %v, logged %s", err, out.String())
		}
	})
}
