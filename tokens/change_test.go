package tokens_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
)

const (
	active      = walletport.TokenActive
	deactivated = walletport.TokenDeactivated
	issuer      = walletport.HolderIssuer
	cardholder  = walletport.HolderCardholder
)

func onSQLite(t *testing.T) *desk {
	t.Helper()
	return newDesk(t, acttest.Database(t), newFakeScheme())
}

// TestChange is each answer to a change that no fault meets.
func TestChange(t *testing.T) {
	d := onSQLite(t)
	old, young := time.Hour, time.Duration(0)
	for _, c := range []struct {
		name    string
		action  walletport.TokenAction
		age     time.Duration
		known   walletport.TokenStatus // and as whose hold
		holders []walletport.Holder
		truth   walletport.TokenStatus // at the scheme, if it is another
		held    []walletport.Holder
		reason  string // of the error
		after   string
		sent    int
		audit   string
		message string
	}{
		{"activate", walletport.TokenActivate, old, walletport.TokenInactive, nil, "", nil, "", "ACTIVE []", 1, "started,ok", ""},
		{"suspend", walletport.TokenSuspend, old, active, nil, "", nil, "", "SUSPENDED [ISSUER]", 1, "started,ok", ""},
		{"resume", walletport.TokenResume, old, walletport.TokenSuspended, []walletport.Holder{issuer}, "", nil, "", "ACTIVE []", 1, "started,ok", ""},
		{"resume what the cardholder holds too", walletport.TokenResume, old, walletport.TokenSuspended, []walletport.Holder{issuer, cardholder}, "", nil,
			"", "SUSPENDED [CARDHOLDER]", 1, "started,ok", ""},
		{"resume what the cardholder holds too, which the row does not say", walletport.TokenResume, old, walletport.TokenSuspended, []walletport.Holder{issuer},
			walletport.TokenSuspended, []walletport.Holder{issuer, cardholder}, "", "SUSPENDED [CARDHOLDER]", 1, "started,ok", ""},
		{"resume what only the cardholder holds", walletport.TokenResume, young, walletport.TokenSuspended, []walletport.Holder{cardholder}, "", nil,
			"suspended_by_others", "SUSPENDED [CARDHOLDER]", 0, "suspended_by_others", "CARDHOLDER"},
		{"an old row says that only the cardholder holds it", walletport.TokenResume, old, walletport.TokenSuspended, []walletport.Holder{cardholder},
			walletport.TokenSuspended, []walletport.Holder{issuer, cardholder}, "", "SUSPENDED [CARDHOLDER]", 1, "started,ok", ""},
		{"deactivate", walletport.TokenDeactivate, old, walletport.TokenSuspended, []walletport.Holder{issuer}, "", nil, "", "DEACTIVATED []", 1, "started,ok", ""},
		{"deactivate from SOFTDELETED", walletport.TokenDeactivate, young, walletport.TokenSoftDeleted, nil, "", nil, "", "DEACTIVATED []", 1, "started,ok", ""},
		{"a young row does not allow it", walletport.TokenResume, young, active, nil, "", nil,
			"token_transition_not_allowed", "ACTIVE []", 0, "token_transition_not_allowed", "suspend, deactivate"},
		{"an old row does not allow it, and the scheme says the same", walletport.TokenResume, old, active, nil, "", nil,
			"token_transition_not_allowed", "ACTIVE []", 0, "token_transition_not_allowed", "suspend, deactivate"},
		{"an old row does not allow it, and the scheme does", walletport.TokenResume, old, active, nil, walletport.TokenSuspended, []walletport.Holder{issuer},
			"", "ACTIVE []", 1, "started,ok", ""},
		{"an old row allows it, and the scheme does not", walletport.TokenSuspend, old, active, nil, walletport.TokenSuspended, []walletport.Holder{issuer},
			"token_transition_not_allowed", "SUSPENDED [ISSUER]", 1, "started,scheme_status_refused", "resume, deactivate"},
		{"the scheme lets nobody but the cardholder resume", walletport.TokenResume, old, walletport.TokenSuspended, nil, walletport.TokenSuspended, []walletport.Holder{cardholder},
			"suspended_by_others", "SUSPENDED [CARDHOLDER]", 1, "started,scheme_status_refused", "CARDHOLDER"},
		{"nothing can be done to what is deactivated", walletport.TokenDeactivate, young, deactivated, nil, "", nil,
			"token_transition_not_allowed", "DEACTIVATED []", 0, "token_transition_not_allowed", "nothing can be done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reference := strings.ReplaceAll("DW-"+c.name, " ", "-")[:min(60, len("DW-"+c.name))]
			id := d.add(t, reference, c.age, c.known, c.holders...)
			if c.truth != "" {
				d.scheme.put(reference, c.truth, c.held...)
			}
			r := ask(id, c.action)
			r.Reason = walletport.TokenReasonLost
			got, err := d.Change(acttest.AsBank(t.Context()), r)
			mustReason(t, err, c.reason)
			if err != nil && !strings.Contains(err.Error(), c.message) {
				t.Errorf("the error is %v, which should say %q", err, c.message)
			}
			row := d.row(t, id)
			if describe(row.Status, row.Holders) != c.after || d.scheme.truth(reference) != c.after {
				t.Errorf("the row is %s, the scheme has %s, want %s", describe(row.Status, row.Holders), d.scheme.truth(reference), c.after)
			}
			if n := d.scheme.sent(reference); n != c.sent {
				t.Errorf("%d commands were sent, want %d", n, c.sent)
			}
			d.mustAgree(t, id)
			records := d.records(t, id)
			var ends []string
			for _, record := range records {
				ends = append(ends, record.Outcome)
				if record.RequestID != "req-7" || record.ClientID != "bank-app" || record.AuditUser != "ada@bank.example" || record.CardID != deskCard ||
					record.Issuer != "acme" || record.Details.Get(walletport.DetailReason) != "lost" || string(record.Action) != "tokens."+string(c.action) {
					t.Errorf("the record is %+v", record)
				}
				if record.Details.Get(walletport.DetailChangeID) != records[0].Details.Get(walletport.DetailChangeID) {
					t.Error("the records are of two changes")
				}
			}
			if text := strings.Join(ends, ","); text != c.audit {
				t.Errorf("the records say %s, want %s", text, c.audit)
			}
			if err == nil {
				mustBeChanged(t, d, got.ChangeID, row)
				if got.Token.ID != id || got.Token.Status != row.Status || got.Token.Wallet != "Apple Pay" {
					t.Errorf("the answer is %+v", got.Token)
				}
			}
		})
	}
}

// mustBeChanged looks at the traces of a change that was done.
func mustBeChanged(t *testing.T, d *desk, id string, row storage.Token) {
	t.Helper()
	c := row.Change
	if c.ID != id || len(id) != 24 || c.State != storage.ChangeDone || c.Outcome != "" || c.Client != "bank-app" || c.By != "ada@bank.example" {
		t.Errorf("the change is %+v, the answer's %q", c, id)
	}
	history := d.history(t, row.ID)
	asked := slices.IndexFunc(history, func(e string) bool { return strings.HasPrefix(e, "asked ") })
	done := slices.IndexFunc(history, func(e string) bool { return strings.HasPrefix(e, "done ") })
	if asked < 0 || done != asked+1 {
		t.Errorf("the history is %q", history)
	}
	entries, err := d.store.TokenHistory(t.Context(), row.ID, 0, 1000)
	must(t, err)
	for _, e := range entries {
		if e.What == storage.TokenChangeDone && (e.Reference == "" || e.ChangeID != id || e.By != "ada@bank.example" || e.Channel != storage.ChannelAPI) {
			t.Errorf("the entry is %+v", e)
		}
	}
}

// TestChangeRefused is what is refused before anything is intended: one record, and the row
// stays as it is.
func TestChangeRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		ask    func(t *testing.T, d *desk) error
		reason string
	}{
		{"an unknown token", func(t *testing.T, d *desk) error {
			_, err := d.Change(acttest.AsBank(t.Context()), ask(424242, walletport.TokenSuspend))
			return err
		}, "token_not_found"},
		{"a token of another issuer", func(t *testing.T, d *desk) error {
			_, err := d.Change(acttest.AsClientOf(t.Context(), "other"), ask(d.add(t, "DW", 0, active), walletport.TokenSuspend))
			return err
		}, "token_not_found"},
		{"the card's number in the audit user", func(t *testing.T, d *desk) error {
			r := ask(d.add(t, "DW", 0, active), walletport.TokenSuspend)
			r.AuditUser = walletport.AuditUser(acttest.HiddenNumbers(deskPAN)[0])
			_, err := d.Change(acttest.AsBank(t.Context()), r)
			return err
		}, "audit_user_contains_pan"},
		{"a scheme that is not set up", func(t *testing.T, d *desk) error {
			delete(d.Schemes, walletport.Mastercard)
			_, err := d.Change(acttest.AsBank(t.Context()), ask(d.add(t, "DW", 0, active), walletport.TokenSuspend))
			return err
		}, "scheme_not_configured"},
		{"no key", func(t *testing.T, d *desk) error {
			s := d.Schemes[walletport.Mastercard]
			s.Keys.Secret = "vts-api"
			d.Schemes[walletport.Mastercard] = s
			_, err := d.Change(acttest.AsBank(t.Context()), ask(d.add(t, "DW", 0, active), walletport.TokenSuspend))
			return err
		}, "key_unavailable"},
		{"the issuer's limit", func(t *testing.T, d *desk) error {
			d.Limit = func(walletport.IssuerID) error {
				return walletport.Errorf(walletport.CodeRateLimited, "issuer_rate_limited", "too many")
			}
			_, err := d.Change(acttest.AsBank(t.Context()), ask(d.add(t, "DW", 0, active), walletport.TokenSuspend))
			return err
		}, "issuer_rate_limited"},
		{"an old row refuses, and the scheme is down", func(t *testing.T, d *desk) error {
			d.scheme.trouble = func(string) trouble { return trouble{lost: true} }
			_, err := d.Change(acttest.AsBank(t.Context()), ask(d.add(t, "DW", time.Hour, active), walletport.TokenResume))
			return err
		}, "scheme_unavailable"},
		{"the intent cannot be stored", func(t *testing.T, d *desk) error {
			d.trail.before = func(int) error {
				return walletport.Errorf(walletport.CodeUnavailable, "audit_unavailable", "the disk is full")
			}
			_, err := d.Change(acttest.AsBank(t.Context()), ask(d.add(t, "DW", 0, active), walletport.TokenSuspend))
			return err
		}, "audit_unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := onSQLite(t)
			err := c.ask(t, d)
			mustReason(t, err, c.reason)
			entries, auditErr := d.store.AuditAfter(t.Context(), 0, 10)
			must(t, auditErr)
			if len(entries) != 1 || entries[0].Record.Outcome != c.reason || strings.Contains(string(entries[0].Record.AuditUser), "5555") {
				t.Errorf("the trail has %+v", entries)
			}
			if rows, err := d.store.TokensInChange(t.Context(), 0, 10); err != nil || len(rows) != 0 || len(d.scheme.commands) != 0 {
				t.Errorf("changes are open: %v, %v; commands: %v", rows, err, d.scheme.commands)
			}
		})
	}
	t.Run("a command acts for every issuer", func(t *testing.T) {
		d := onSQLite(t)
		r := ask(d.add(t, "DW", 0, active), walletport.TokenSuspend)
		r.Channel = storage.ChannelCommand
		ctx := walletport.WithActor(t.Context(), walletport.Actor{ClientID: "operator"})
		_, err := d.Change(ctx, r)
		must(t, err)
		if change := d.row(t, r.TokenID).Change; change.Client != "" || change.Channel != storage.ChannelCommand {
			t.Errorf("the change is %+v", change)
		}
	})
	t.Run("what the scheme refuses is answered as it is", func(t *testing.T) {
		d := onSQLite(t)
		id := d.add(t, "DW", 0, active)
		d.scheme.trouble = func(string) trouble { return trouble{isRefused: scheme.ErrAccessRefused()} }
		_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
		mustReason(t, err, "scheme_access_refused")
		d.mustAgree(t, id)
		if got := outcomesOf(d.records(t, id)); !slices.Equal(got, []string{"suspend started", "suspend scheme_access_refused"}) {
			t.Errorf("the records are %q", got)
		}
		if change := d.row(t, id).Change; change.State != storage.ChangeNotDone || change.Outcome != "scheme_access_refused" {
			t.Errorf("the change is %+v", change)
		}
	})
}

// TestTheTokenHasMovedOn is of tokens that are not what their rows say.
func TestTheTokenHasMovedOn(t *testing.T) {
	t.Run("deleted at the scheme meanwhile", func(t *testing.T) {
		d := onSQLite(t)
		id := d.know(t, "DW", 0, active)
		_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
		mustReason(t, err, "token_transition_not_allowed")
		row := d.row(t, id)
		if row.Status != deactivated || row.Change.State != storage.ChangeNotDone || row.Change.Outcome != "token_not_at_scheme" {
			t.Errorf("the row is %s, its change %+v", row.Status, row.Change)
		}
	})
	t.Run("seen otherwise between the look at its row and the intent", func(t *testing.T) {
		d := onSQLite(t)
		id := d.add(t, "DW", time.Minute, active)
		d.trail.before = func(commit int) error {
			if commit == 1 {
				d.add(t, "DW", 0, deactivated)
			}
			return nil
		}
		_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
		mustReason(t, err, "token_transition_not_allowed")
		if sent := d.scheme.sent("DW"); sent != 0 || d.row(t, id).Change.ID != "" {
			t.Errorf("%d commands were sent, the row's change is %+v", sent, d.row(t, id).Change)
		}
		if got := outcomesOf(d.records(t, id)); !slices.Equal(got, []string{"suspend token_transition_not_allowed"}) {
			t.Errorf("the records are %q", got)
		}
		d.mustAgree(t, id)
	})
	t.Run("refused for its state, and the scheme does not say which", func(t *testing.T) {
		d := onSQLite(t)
		id := d.add(t, "DW", 0, active)
		d.scheme.setTrouble(func(call string) trouble {
			return trouble{lost: call == "search", isRefused: scheme.ErrStatusRefused()}
		})
		_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
		mustReason(t, err, "token_transition_not_allowed")
		if row := d.row(t, id); row.Status != active || row.Change.State != storage.ChangeNotDone {
			t.Errorf("the row is %s, its change %+v", row.Status, row.Change)
		}
	})
	t.Run("resumed, and the scheme does not say who else holds it", func(t *testing.T) {
		d := onSQLite(t)
		id := d.add(t, "DW", time.Minute, walletport.TokenSuspended, issuer, cardholder)
		d.scheme.setTrouble(func(call string) trouble { return trouble{lost: call == "search"} })
		got, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenResume))
		must(t, err)
		if got.Token.Status != walletport.TokenSuspended {
			t.Errorf("the answer is %+v", got.Token)
		}
		d.mustAgree(t, id)
	})
	t.Run("its card is gone", func(t *testing.T) {
		d := onSQLite(t)
		id := d.add(t, "DW", time.Minute, active)
		must(t, d.store.Update(t.Context(), func(tx storage.Tx) error { return tx.DeleteCard(deskCard) }))
		_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenDeactivate))
		must(t, err)
		d.mustAgree(t, id)
	})
}

// TestTheCallerLeaves while the scheme is asked: the change is ended all the same.
func TestTheCallerLeaves(t *testing.T) {
	d := onSQLite(t)
	id := d.add(t, "DW", time.Minute, active)
	ctx, leave := context.WithCancel(acttest.AsBank(t.Context()))
	d.scheme.setTrouble(onCommand(trouble{before: leave}))
	_, err := d.Change(ctx, ask(id, walletport.TokenSuspend))
	must(t, err)
	d.mustAgree(t, id)
	if got := outcomesOf(d.records(t, id)); !slices.Equal(got, []string{"suspend started", "suspend ok"}) || d.scheme.sent("DW") != 1 {
		t.Errorf("the records are %q", got)
	}
}

// TestWhatIsNotDoneCanBeAskedForAgain is of a scheme that wants fewer requests.
func TestWhatIsNotDoneCanBeAskedForAgain(t *testing.T) {
	d := onSQLite(t)
	id := d.add(t, "DW", time.Minute, active)
	d.scheme.setTrouble(onCommand(trouble{isRefused: scheme.ErrRateLimited()}))
	_, err := d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
	mustReason(t, err, "scheme_rate_limited")
	d.scheme.setTrouble(nil)
	_, err = d.Change(acttest.AsBank(t.Context()), ask(id, walletport.TokenSuspend))
	must(t, err)
	d.mustAgree(t, id)
	if want := []string{"seen >ACTIVE", "asked ACTIVE>SUSPENDED", "not_done ACTIVE>ACTIVE", "asked ACTIVE>SUSPENDED", "done ACTIVE>SUSPENDED"}; !slices.Equal(d.history(t, id), want) {
		t.Errorf("the history is %q", d.history(t, id))
	}
}
