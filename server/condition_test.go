package server_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/server"
)

// foundBy inspects, and returns why the server is not ready and its warnings, each as
// "code: message".
func foundBy(t *testing.T, s *server.Server) (vault, offers string, warnings []string) {
	t.Helper()
	s.InspectCondition(t.Context())
	warnings = []string{}
	for _, w := range s.Warnings() {
		warnings = append(warnings, w.Code+": "+w.Message)
	}
	return walletport.ReasonOf(s.VaultReady(t.Context())), walletport.ReasonOf(s.OffersReady(t.Context())), warnings
}

func retireAll(t *testing.T, watched keys.Watcher, purposes ...keys.Purpose) {
	t.Helper()
	custody, ok := watched.(keys.Custodian)
	if !ok {
		t.Fatalf("a %T manages no keys", watched)
	}
	for _, k := range custody.Current().All() {
		if slices.Contains(purposes, k.Purpose) {
			_, err := custody.Retire(t.Context(), k.ID, keys.EvenIfNeeded)
			must(t, err)
		}
	}
}

// TestOneOffersTroubleIsAWarning takes keys away one after the other: the server is
// ready as long as anything works.
func TestOneOffersTroubleIsAWarning(t *testing.T) {
	box := startSandbox(t)
	vault, offers, warnings := foundBy(t, box.Server)
	if vault != "" || offers != "" || len(warnings) != 0 {
		t.Errorf("with all keys: vault %q, offers %q, warnings %q", vault, offers, warnings)
	}
	retireAll(t, box.Keys, keys.VTSPush)
	vault, offers, warnings = foundBy(t, box.Server)
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
	retireAll(t, box.Keys, keys.WSD, keys.TAVSigning, keys.MDESOAuth, keys.VTSAPI, keys.ClickToPayAPI)
	vault, offers, warnings = foundBy(t, box.Server)
	if vault != "" || offers != "offers_unavailable" || len(warnings) < 10 {
		t.Errorf("without keys for any offer: vault %q, offers %q, warnings %q", vault, offers, warnings)
	}
	if err := box.OffersReady(t.Context()); err == nil || !strings.Contains(server.SafeText(err), "no offer works: issuerwallet acme-wallet of issuer acme: ") {
		t.Errorf("the check says %v", err)
	}
}

func TestKeysThatNoOfferNeedsAreMissed(t *testing.T) {
	box := startSandbox(t)
	retireAll(t, box.Keys, keys.AuditCheckpoint, keys.VaultKEK)
	vault, offers, warnings := foundBy(t, box.Server)
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
	box := startSandbox(t)
	store := server.NewKeyStore(t)
	for _, p := range []keys.Purpose{keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint} {
		_, err := store.Generate(t.Context(), keys.Spec{Purpose: p, Activate: true})
		must(t, err)
	}
	other := box.Beside(func(s *server.Server) {
		v := *s.Vault
		v.Keys = store
		s.Keys, s.Vault = store, &v
	})
	vault, offers, warnings := foundBy(t, other)
	want := []string{"vault_key_unavailable: what is stored and sealed by vault-kek-v1 does not open: card_damaged: the stored card cannot be used"}
	if diff := cmp.Diff(want, warnings); diff != "" || vault != "vault_unavailable" || offers != "" {
		t.Errorf("vault %q, offers %q, warnings (-want +got):\n%s", vault, offers, diff)
	}
}

// TestAForeignKeyStoreMakesTheTrailUnready exchanges the key store of a running server for
// another one whose keys have the same ids, and for one that lacks the id.
func TestAForeignKeyStoreMakesTheTrailUnready(t *testing.T) {
	box := startSandbox(t)
	mustSignTrail(t, box.Server)
	other := box.Beside(func(*server.Server) {})
	ready := func(step, want string) {
		t.Helper()
		other.InspectCondition(t.Context())
		if err := other.AuditReady(t.Context()); walletport.ReasonOf(err) != want {
			t.Errorf("%s: %v, want %q", step, err, want)
		}
	}
	ready("with its own keys", "")
	store := server.NewKeyStore(t)
	other.Keys = store
	ready("without the key", "")
	if !slices.ContainsFunc(other.Warnings(), func(w door.Warning) bool { return w.Code == "checkpoint_key_missing" }) {
		t.Errorf("no warning of the missing key: %v", other.Warnings())
	}
	_, err := store.Generate(t.Context(), keys.Spec{Purpose: keys.AuditCheckpoint, Activate: true})
	must(t, err)
	ready("with a key of the same id", "keystore_foreign")
	other.Keys = box.Keys
	ready("with its own keys back", "")
}

// otherClock is a database whose clock is another.
type otherClock struct {
	server.Database
	ahead time.Duration
	risks []string
}

func (d otherClock) Now(context.Context) (time.Time, error)  { return time.Now().Add(d.ahead), nil }
func (d otherClock) Risks(context.Context) ([]string, error) { return d.risks, nil }

func TestClocksAndRisksOfTheDatabase(t *testing.T) {
	box := startSandbox(t)
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
		c.db.Database = box.Database
		other := box.Beside(func(s *server.Server) { s.Database = c.db })
		if _, _, warnings := foundBy(t, other); cmp.Diff(c.want, warnings) != "" {
			t.Errorf("%v ahead, risks %q: warnings %q, want %q", c.db.ahead, c.db.risks, warnings, c.want)
		}
	}
}
