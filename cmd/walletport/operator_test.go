package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/sandbox/sandboxtest"
)

// mustOpenSandbox opens a sandbox, and returns its folder and a function that reads
// the records of its trail that have come since.
func mustOpenSandbox(t *testing.T) (dir string, records func() []walletport.AuditRecord) {
	t.Helper()
	dir = sandboxtest.Folder(t)
	box := mustOpen(t, dir)
	t.Cleanup(box.Close)
	head, err := box.Database.AuditHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return dir, func() []walletport.AuditRecord {
		t.Helper()
		if _, err := audit.Verify(t.Context(), box.Database, audit.TrustedKeys(box.Keys.Current())); err != nil {
			t.Errorf("Verify: %v", err)
		}
		entries, err := box.Database.AuditAfter(t.Context(), head.Seq, 100)
		if err != nil {
			t.Fatal(err)
		}
		list := make([]walletport.AuditRecord, len(entries))
		for i := range entries {
			list[i] = entries[i].Record
		}
		return list
	}
}

func outcomes(records []walletport.AuditRecord) string {
	var words []string
	for _, r := range records {
		words = append(words, r.Outcome)
	}
	return strings.Join(words, " ")
}

func TestAnActOfAnOperatorIsDeclared(t *testing.T) {
	imports := act.Request{Action: walletport.ActionCardsImport, Facts: act.Facts{Issuer: sandboxIssuer}}

	t.Run("its record is durable before its effect, and a second one says how it ended", func(t *testing.T) {
		t.Setenv("SUDO_USER", "ada")
		dir, records := mustOpenSandbox(t)
		ctx := withCommand(t.Context(), "cards import <file>")
		err := location{Dir: dir}.operate(ctx, func(ctx context.Context, o *operator) error {
			return o.declare(ctx, imports, func(record *act.Record) error {
				if got := outcomes(records()); got != "started" {
					t.Errorf("before the effect the trail has %q, want one record, started", got)
				}
				record.SetDetail(walletport.DetailInserted, "7")
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		got := records()
		if outcomes(got) != "started ok" {
			t.Fatalf("outcomes %q", outcomes(got))
		}
		first, second := got[0], got[1]
		if first.RequestID == "" || first.RequestID != second.RequestID {
			t.Errorf("the records of one act have the ids %q and %q", first.RequestID, second.RequestID)
		}
		if first.Details.Get(walletport.DetailInserted) != "" || second.Details.Get(walletport.DetailInserted) != "7" {
			t.Errorf("details %v, then %v: want what the act learned in the second", first.Details, second.Details)
		}
		for _, r := range got {
			if r.ClientID != "operator" || !strings.HasPrefix(string(r.AuditUser), "os:") || r.Issuer != sandboxIssuer {
				t.Errorf("record of %s, %s, issuer %s", r.ClientID, r.AuditUser, r.Issuer)
			}
			if r.Details.Get(walletport.DetailSudoUser) != "ada" || r.Details.Get(walletport.DetailCommand) != "cards import" || r.Details.Get(walletport.DetailHost) == "" {
				t.Errorf("the record says of its operator %v", r.Details)
			}
		}
	})

	t.Run("one that is interrupted is concluded", func(t *testing.T) {
		dir, records := mustOpenSandbox(t)
		interrupted, interrupt := context.WithCancel(t.Context())
		err := location{Dir: dir}.operate(interrupted, func(ctx context.Context, o *operator) error {
			return o.declare(ctx, imports, func(*act.Record) error { interrupt(); return ctx.Err() })
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the act's own", err)
		}
		if got := outcomes(records()); got != "started "+walletport.OutcomeStopped {
			t.Errorf("outcomes %q", got)
		}
	})

	t.Run("one that cannot be recorded is not done", func(t *testing.T) {
		dir, records := mustOpenSandbox(t)
		err := location{Dir: dir}.operate(t.Context(), func(ctx context.Context, o *operator) error {
			if err := o.db.Close(); err != nil {
				t.Fatal(err)
			}
			return o.declare(ctx, imports, func(*act.Record) error {
				t.Error("the act was done")
				return nil
			})
		})
		if walletport.ReasonOf(err) != "audit_unavailable" || !strings.Contains(err.Error(), "nothing was done") {
			t.Errorf("error %v", err)
		}
		if got := records(); len(got) > 0 {
			t.Errorf("records %v", got)
		}
	})
}

func TestNamesFromTheEnvironmentAreChecked(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a user's name is kept", "ada.lovelace", "ada.lovelace"},
		{"none is none", "", ""},
		{"a line break is not repeated", "ada\nroot", "unreadable"},
		{"a card number is not repeated", "5204 2477 5000 1471", "unreadable"},
		{"a whole book is not repeated", strings.Repeat("a", 10_000), "unreadable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := checkedName(c.text); got != c.want {
				t.Errorf("checkedName = %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheCommandIsRecordedWithoutItsArguments(t *testing.T) {
	for spelled, want := range map[string]string{
		"keys import <purpose> <file>": "keys import",
		"audit verify [<file>]":        "audit verify",
		"migrate":                      "migrate",
	} {
		if got := commandFrom(withCommand(t.Context(), spelled)); got != want {
			t.Errorf("%s is recorded as %q, want %q", spelled, got, want)
		}
	}
}

// TestAKeyThatIsRetiredMeanwhileIsNotDestroyed: another command retires it between the look
// at the cards and the destruction, and the cards that it seals were not looked for.
func TestAKeyThatIsRetiredMeanwhileIsNotDestroyed(t *testing.T) {
	dir, _ := mustOpenSandbox(t)
	err := location{Dir: dir}.operate(t.Context(), func(ctx context.Context, o *operator) error {
		kek, err := o.keys.Current().Select(keys.VaultKEK, sandboxIssuer, "", now())
		if err != nil {
			return err
		}
		return o.checkUnused(ctx, kek.ID)
	})
	if walletport.ReasonOf(err) != "key_not_retired" {
		t.Errorf("an active key that seals cards may be destroyed as soon as it is retired: %v", err)
	}
}
