package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/sandbox"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
)

// mustPutToken stores an active token of the first sample card, as if its scheme had just
// shown it.
func mustPutToken(t *testing.T, box *sandbox.Sandbox, reference string) (id walletport.TokenID) {
	t.Helper()
	now, err := box.Database.Now(t.Context())
	must(t, err)
	must(t, box.Database.Update(t.Context(), func(tx storage.Tx) error {
		puts, err := tx.PutTokens([]storage.SeenToken{{Token: storage.Token{
			Ref:    walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: "50110030273", Reference: reference},
			Issuer: "acme", CardID: 1001, Status: walletport.TokenActive, Source: "search", AsOf: now,
		}}})
		if err == nil {
			id = puts[0].ID
		}
		return err
	}))
	return id
}

// mustPutChange stores such a token with a change in a state, which was asked for some time
// ago.
func mustPutChange(t *testing.T, box *sandbox.Sandbox, reference string, state storage.ChangeState, ago time.Duration) walletport.TokenID {
	t.Helper()
	id := mustPutToken(t, box, reference)
	now, err := box.Database.Now(t.Context())
	must(t, err)
	change := storage.TokenChange{
		ID: "change-" + reference, Action: walletport.TokenSuspend, By: "ada", Channel: storage.ChannelAPI, Since: now.Add(-ago),
	}
	for _, change.State = range []storage.ChangeState{storage.ChangeAsked, state} {
		must(t, box.Database.Update(t.Context(), func(tx storage.Tx) error {
			return tx.UpdateToken(id, func(old storage.Token) (storage.Token, error) {
				old.Change = change
				return old, nil
			})
		}))
	}
	return id
}

func warningOf(box interface{ Warnings() []door.Warning }, code string) string {
	all := box.Warnings()
	if i := slices.IndexFunc(all, func(w door.Warning) bool { return w.Code == code }); i >= 0 {
		return all[i].Message
	}
	return ""
}

func TestAChangeThatStaysOpenIsAWarning(t *testing.T) {
	box := startSandbox(t)
	metrics := func() string {
		_, page := getPage(t, box, "/metrics")
		return string(page)
	}
	box.WatchOpenChanges(t.Context())
	if got := warningOf(box, "token_change_open"); got != "" || !strings.Contains(metrics(), `walletport_token_changes_open{state="unknown"} 0`) {
		t.Errorf("without a change it warns %q", got)
	}
	mustPutChange(t, box, "young", storage.ChangeAsked, time.Second)
	mustPutChange(t, box, "closed", storage.ChangeDone, time.Hour)
	box.WatchOpenChanges(t.Context())
	if got := warningOf(box, "token_change_open"); got != "" {
		t.Errorf("of a change that is under way it warns %q", got)
	}
	old := mustPutChange(t, box, "old", storage.ChangeUnknown, 6*time.Minute)
	older := mustPutChange(t, box, "older", storage.ChangeUnknown, 7*time.Minute)
	box.WatchOpenChanges(t.Context())
	want := fmt.Sprintf("tokens of MASTERCARD have been unknown for more than 5m0s (token ids: %s, %s):", old, older)
	if got := warningOf(box, "token_change_open"); !strings.Contains(got, want) {
		t.Errorf("of old changes it warns %q, not %q", got, want)
	}
	page := metrics()
	for _, want := range []string{`walletport_token_changes_open{state="unknown"} 2`, `walletport_token_change_oldest_seconds{state="unknown"} 4`} {
		if !strings.Contains(page, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// TestParkedJobsAreAWarning: nobody does the job of a kind that no server knows, so that it
// stays as the test leaves it.
func TestParkedJobsAreAWarning(t *testing.T) {
	const madeUp jobs.Kind = "made.up"
	box := startSandbox(t)
	s := box.Beside(func(s *server.Server) { s.SetJobKinds(madeUp) })
	must(t, box.Database.Update(t.Context(), func(tx storage.Tx) error {
		_, err := tx.EnqueueJob(jobs.Request{Kind: madeUp, Key: jobs.Key{Of: "token", ID: 1}})
		return err
	}))
	s.WatchOpenChanges(t.Context())
	if got := warningOf(s, "jobs_parked"); got != "" {
		t.Errorf("of a job that waits it warns %q", got)
	}
	claimed, err := box.Database.ClaimJobs(t.Context(), []jobs.Want{{Kind: madeUp, Limit: 1}}, time.Minute)
	must(t, err)
	must(t, box.Database.SettleJob(t.Context(), claimed[0], jobs.Settlement{Outcome: jobs.Park, Reason: "scheme_unavailable"}))
	s.WatchOpenChanges(t.Context())
	if got := warningOf(s, "jobs_parked"); !strings.Contains(got, "made.up") {
		t.Errorf("of a parked job it warns %q", got)
	}
}

func TestAWarningNamesTheFirstTokens(t *testing.T) {
	box := startSandbox(t)
	var ids []string
	for i := range 5 {
		ids = append(ids, mustPutChange(t, box, fmt.Sprintf("late-%d", i), storage.ChangeAsked, time.Hour).String())
	}
	box.WatchOpenChanges(t.Context())
	want := "(token ids: " + strings.Join(ids[:3], ", ") + ", others)"
	if got := warningOf(box, "token_change_open"); !strings.Contains(got, want) {
		t.Errorf("it warns %q, not of %q", got, want)
	}
}
