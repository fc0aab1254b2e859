package main

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
)

// foundBy inspects, and returns why the server is not ready and its warnings, each as
// "code: message".
func (s *server) foundBy(t *testing.T) (vault, offers string, warnings []string) {
	t.Helper()
	s.inspectCondition(t.Context())
	warnings = []string{}
	for _, w := range s.warnings() {
		warnings = append(warnings, w.Code+": "+w.Message)
	}
	return walletport.ReasonOf(s.vaultReady(t.Context())), walletport.ReasonOf(s.offersReady(t.Context())), warnings
}

func retireAll(t *testing.T, store *file.Store, purposes ...keys.Purpose) {
	t.Helper()
	for _, k := range store.Current().All() {
		if slices.Contains(purposes, k.Purpose) {
			must(t, store.RetireNeeded(k.ID))
		}
	}
}

// TestOneOffersTroubleIsAWarning takes keys away one after the other: the server is
// ready as long as anything works.
func TestOneOffersTroubleIsAWarning(t *testing.T) {
	box, _ := startSandbox(t, t.TempDir())
	vault, offers, warnings := box.foundBy(t)
	if vault != "" || offers != "" || len(warnings) != 0 {
		t.Errorf("with all keys: vault %q, offers %q, warnings %q", vault, offers, warnings)
	}
	retireAll(t, box.keys, keys.VTSPush)
	vault, offers, warnings = box.foundBy(t)
	want := []string{}
	for _, wallet := range []string{"googlepay", "samsungpay"} {
		for _, issuer := range []string{"acme", "globex"} {
			want = append(want, "offer_unavailable: "+wallet+" for VISA cards of issuer "+issuer+
				": key_unavailable: no active vts-push key serves this card; an operator must add or activate one")
		}
	}
	if diff := cmp.Diff(want, warnings); diff != "" || vault != "" || offers != "" {
		t.Errorf("without Visa's push secret: vault %q, offers %q, warnings (-want +got):\n%s", vault, offers, diff)
	}
	retireAll(t, box.keys, keys.WSD, keys.TAVSigning)
	vault, offers, warnings = box.foundBy(t)
	if vault != "" || offers != "offers_unavailable" || len(warnings) < 10 {
		t.Errorf("without keys for any offer: vault %q, offers %q, warnings %q", vault, offers, warnings)
	}
	if err := box.offersReady(t.Context()); err == nil || !strings.Contains(safeText(err), "no offer works: issuerwallet acme-wallet of issuer acme: ") {
		t.Errorf("the check says %v", err)
	}
}

func TestKeysThatNoOfferNeedsAreMissed(t *testing.T) {
	box, _ := startSandbox(t, t.TempDir())
	retireAll(t, box.keys, keys.AuditCheckpoint, keys.VaultKEK)
	vault, offers, warnings := box.foundBy(t)
	want := []string{
		"key_missing: no vault-kek key is active: no card can be imported",
		"key_missing: no audit-checkpoint key is active: the audit trail is not signed",
	}
	if diff := cmp.Diff(want, warnings); diff != "" || vault != "" || offers != "" {
		t.Errorf("vault %q, offers %q, warnings (-want +got):\n%s", vault, offers, diff)
	}
}

// TestAnotherKeyStoreBesideTheDatabase has keys of the same names, and cards that they
// do not open.
func TestAnotherKeyStoreBesideTheDatabase(t *testing.T) {
	box, _ := startSandbox(t, t.TempDir())
	store, err := openOrCreateKeys(config.Keys{File: filepath.Join(t.TempDir(), "k.age"), KeyFile: filepath.Join(t.TempDir(), "k.key")})
	must(t, err)
	for _, p := range []keys.Purpose{keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint} {
		_, err := store.Generate(file.Spec{Purpose: p, Activate: true})
		must(t, err)
	}
	other := &server{config: box.config, log: box.log, db: box.db, keys: store, trust: box.trust, provisioning: box.provisioning, activation: box.activation}
	v := *box.vault
	v.Keys = store
	other.vault = &v
	vault, offers, warnings := other.foundBy(t)
	want := []string{"vault_key_unavailable: stored cards sealed by vault-kek-v1 do not open: card_damaged: the stored card cannot be used"}
	if diff := cmp.Diff(want, warnings); diff != "" || vault != "vault_unavailable" || offers != "" {
		t.Errorf("vault %q, offers %q, warnings (-want +got):\n%s", vault, offers, diff)
	}
}

// TestAForeignKeyStoreMakesTheTrailUnready exchanges the key store of a running server for
// another one whose keys have the same ids, and for one that lacks the id.
func TestAForeignKeyStoreMakesTheTrailUnready(t *testing.T) {
	box, _ := startSandbox(t, t.TempDir())
	o := &operator{settings: box.config, db: box.db, keys: box.keys}
	must(t, o.recording(t.Context(), func(ctx context.Context, o *operator) error { // signs the trail
		return o.reading(ctx, act.Request{Action: walletport.ActionAuditVerify}, func(*act.Record) error { return nil })
	}))
	other := &server{
		config: box.config, log: box.log, db: box.db, keys: box.keys, vault: box.vault,
		trust: box.trust, provisioning: box.provisioning, activation: box.activation,
	}
	ready := func(step, want string) {
		t.Helper()
		other.inspectCondition(t.Context())
		if err := other.auditReady(t.Context()); walletport.ReasonOf(err) != want {
			t.Errorf("%s: %v, want %q", step, err, want)
		}
	}
	ready("with its own keys", "")
	store, err := openOrCreateKeys(config.Keys{File: filepath.Join(t.TempDir(), "k.age"), KeyFile: filepath.Join(t.TempDir(), "k.key")})
	must(t, err)
	other.keys = store
	ready("without the key", "")
	if !slices.ContainsFunc(other.warnings(), func(w door.Warning) bool { return w.Code == "checkpoint_key_missing" }) {
		t.Errorf("no warning of the missing key: %v", other.warnings())
	}
	_, err = store.Generate(file.Spec{Purpose: keys.AuditCheckpoint, Activate: true})
	must(t, err)
	ready("with a key of the same id", "keystore_foreign")
	other.keys = box.keys
	ready("with its own keys back", "")
}

// otherClock is a database whose clock is another.
type otherClock struct {
	database
	ahead time.Duration
	risks []string
}

func (d otherClock) Now(context.Context) (time.Time, error)  { return time.Now().Add(d.ahead), nil }
func (d otherClock) Risks(context.Context) ([]string, error) { return d.risks, nil }

func TestClocksAndRisksOfTheDatabase(t *testing.T) {
	box, _ := startSandbox(t, t.TempDir())
	for _, c := range []struct {
		db   otherClock
		want []string
	}{
		{otherClock{ahead: 50 * time.Second}, []string{}},
		{otherClock{ahead: 25 * time.Hour}, []string{
			"clock_differs: the clock of this machine is 25h0m0s behind that of the database: mend it, signatures are of the moment"}},
		{otherClock{ahead: -90 * time.Second}, []string{
			"clock_differs: the clock of this machine is 1m30s ahead of that of the database: mend it, signatures are of the moment"}},
		{otherClock{risks: []string{"fsync is off"}}, []string{"database_not_durable: fsync is off"}},
	} {
		c.db.database = box.db
		other := &server{config: box.config, log: box.log, db: c.db, keys: box.keys, vault: box.vault, trust: box.trust, provisioning: box.provisioning, activation: box.activation}
		if _, _, warnings := other.foundBy(t); cmp.Diff(c.want, warnings) != "" {
			t.Errorf("%v ahead, risks %q: warnings %q, want %q", c.db.ahead, c.db.risks, warnings, c.want)
		}
	}
}

func TestTheLogIsToldOfAWarningOnce(t *testing.T) {
	box, _ := startSandbox(t, t.TempDir())
	var log bytes.Buffer
	other := &server{log: slog.New(slog.NewTextHandler(&log, nil)), keys: box.keys}
	w := conditionWarning{door.Warning{Code: "clock_differs", Message: "an hour"}, nil}
	other.condition.found.warnings = []conditionWarning{w}
	other.tellWarnings()
	other.tellWarnings()
	other.condition.found.warnings = nil
	other.tellWarnings()
	other.tellWarnings()
	if got := log.String(); strings.Count(got, "level=WARN") != 1 || strings.Count(got, "clock_differs") != 2 || strings.Count(got, "a warning is gone") != 1 {
		t.Errorf("the log says %s", got)
	}
}

// TestInspectionsLeaveTheMachineToRequests: those that take long come more seldom, but
// for a change of the keys.
func TestInspectionsLeaveTheMachineToRequests(t *testing.T) {
	ring := keys.NewRing(nil)
	for _, c := range []struct {
		name      string
		ago, took time.Duration
		ring      *keys.Ring
		want      bool
	}{
		{"a minute ago", time.Minute, time.Second, ring, true},
		{"less than a minute ago", 50 * time.Second, time.Millisecond, ring, false},
		{"a minute ago, and it took ten seconds", time.Minute, 10 * time.Second, ring, false},
		{"twenty times as long ago as it took", 200 * time.Second, 10 * time.Second, ring, true},
		{"a moment ago, with other keys", 0, 10 * time.Second, keys.NewRing(nil), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := condition{ring: ring, at: now().Add(-c.ago), took: c.took}
			if got := found.isDue(c.ring); got != c.want {
				t.Errorf("due: %v, want %v", got, c.want)
			}
		})
	}
}
