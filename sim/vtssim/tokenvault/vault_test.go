package tokenvault_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

const testPAN = "4111111111111111"

var testNow = time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) *tokenvault.Vault {
	t.Helper()
	v, err := tokenvault.Open(dir, rand.Reader, func() time.Time { return testNow })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() }) // tests that reopen close it themselves
	return v
}

func provision(t *testing.T, v *tokenvault.Vault, needsStepUp bool) tokenvault.Token {
	t.Helper()
	token, err := v.Provision(tokenvault.Provisioning{
		Number: sim.NewCardNumber(testPAN), TokenRequestorID: "40010075001", Wallet: "googlepay", NeedsStepUp: needsStepUp,
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestALifeIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	ref := provision(t, v, true).TokenReferenceID
	device := &tokenvault.Device{DeviceID: "0123", DeviceIndex: "1"}
	var last tokenvault.Token
	for _, act := range []tokenvault.Act{
		{Operation: tokenvault.Activate, By: tokenvault.Issuer, OperatorID: "ada@acme", Reason: "called", ActivationCode: "A1"},
		{Operation: tokenvault.ApproveByCall, By: tokenvault.Issuer, Device: &tokenvault.Device{DeviceID: "0123"}},
		{Operation: tokenvault.ApproveInApp, By: tokenvault.Issuer, Device: device},
		{Operation: tokenvault.Suspend, By: tokenvault.Cardholder},
		{Operation: tokenvault.Resume, By: tokenvault.Issuer},
		{Operation: tokenvault.RemoveDevice, By: tokenvault.Issuer, Device: device},
		{Operation: tokenvault.Delete, By: tokenvault.TokenRequestor},
	} {
		var err error
		if last, err = v.Apply(ref, act); err != nil {
			t.Fatalf("%s: %v", act.Operation, err)
		}
		wantDevices := 0
		if act.Operation != tokenvault.Activate && act.Operation != tokenvault.RemoveDevice && act.Operation != tokenvault.Delete {
			wantDevices = 1
		}
		if len(last.Devices) != wantDevices || (last.SuspendedBy != "") != (last.Status == tokenvault.StatusSuspended) {
			t.Errorf("after %s: %+v", act.Operation, last)
		}
	}
	if last.Status != tokenvault.StatusDeactivated || last.DeactivationDate == nil || !last.StatusSince().Equal(testNow) {
		t.Errorf("at the end: %+v", last)
	}
	history, number, trace := v.History(ref), v.Number(last).Clear(), v.TraceID(last)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	read, ok := again.Token(ref)
	if diff := cmp.Diff(last, read); !ok || diff != "" {
		t.Errorf("the token (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(history, again.History(ref)); diff != "" || len(history) != 8 || history[1].ActivationCode != "A1" {
		t.Errorf("the history (-want +got):\n%s", diff)
	}
	if again.Number(read).Clear() != number || again.TraceID(read) != trace || !walletport.IsPAN(number) {
		t.Error("number or trace are others")
	}
	data, err := os.ReadFile(filepath.Join(dir, "tokens.jsonl"))
	if err != nil || walletport.ContainsPAN(string(data)) || strings.Contains(string(data), number) {
		t.Errorf("the record holds a card number: %v", err)
	}
}

// A ledger as an older sandbox left it.
func TestATokenOfAnOlderSandbox(t *testing.T) {
	dir := t.TempDir()
	const line = `{"tokenReferenceID":"DNITHE300000000000000001","panReferenceID":"V-5820014190000000000042","tokenStatus":"ACTIVE","tokenRequestorID":"40010075001","tokenRequestorName":"googlepay","lastFourOfPAN":"1111","tokenCreationDate":"2026-11-29T09:00:00Z","tokenActivationDate":"2026-11-29T09:00:00Z"}`
	if err := os.WriteFile(filepath.Join(dir, "tokens.jsonl"), []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v := open(t, dir)
	const ref = "DNITHE300000000000000001"
	want := []tokenvault.Change{{Operation: tokenvault.Created, By: tokenvault.TokenRequestor, At: testNow.Add(-time.Hour)}}
	if diff := cmp.Diff(want, v.History(ref)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if token, _ := v.Token(ref); !token.StatusSince().Equal(testNow.Add(-time.Hour)) {
		t.Errorf("since %s", token.StatusSince())
	}
	if _, err := v.Apply(ref, tokenvault.Act{Operation: tokenvault.Suspend, By: tokenvault.Issuer}); err != nil {
		t.Error(err)
	}
	if tokens := v.OfCard("V-5820014190000000000042"); len(tokens) != 1 || tokens[0].Status != tokenvault.StatusSuspended {
		t.Errorf("tokens %+v", tokens)
	}
}

func TestActsThatAreRefused(t *testing.T) {
	v := open(t, t.TempDir())
	ref := provision(t, v, true).TokenReferenceID
	for name, c := range map[string]struct {
		ref, reason string
		act         tokenvault.Act
	}{
		"nobody's token":           {"DNITHE", "token_unknown", tokenvault.Act{Operation: tokenvault.Delete}},
		"no operation":             {ref, "act_unknown", tokenvault.Act{Operation: tokenvault.Created}},
		"a binding of no device":   {ref, "act_unknown", tokenvault.Act{Operation: tokenvault.ApproveDevice}},
		"suspension before active": {ref, tokenvault.ReasonStatus, tokenvault.Act{Operation: tokenvault.Suspend}},
		"a step-up before active":  {ref, tokenvault.ReasonNotActive, tokenvault.Act{Operation: tokenvault.StepUpByCall}},
	} {
		if _, err := v.Apply(c.ref, c.act); walletport.ReasonOf(err) != c.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(v.History(ref)) != 1 || v.History("DNITHE") != nil {
		t.Error("something is written")
	}
}

// Of many who suspend one token at once, one does.
func TestAtOnce(t *testing.T) {
	v := open(t, t.TempDir())
	ref := provision(t, v, false).TokenReferenceID
	var done atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := v.Apply(ref, tokenvault.Act{Operation: tokenvault.Suspend, By: tokenvault.Issuer}); err == nil {
				done.Add(1)
			}
		})
	}
	all.Wait()
	operations := []tokenvault.Operation{}
	for _, c := range v.History(ref) {
		operations = append(operations, c.Operation)
	}
	if done.Load() != 1 || !slices.Equal(operations, []tokenvault.Operation{tokenvault.Created, tokenvault.Suspend}) {
		t.Errorf("done %d times: %v", done.Load(), operations)
	}
}
