package vault_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/sqlite"
	"github.com/walletport/walletport/storage/storagetest"
	"github.com/walletport/walletport/vault"
)

func TestMain(m *testing.M) { os.Exit(storagetest.Main(m)) }

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// rig is a vault on a real database with keys that a test can rotate.
type rig struct {
	*vault.Vault
	cards storage.Store
	keys  *keystest.Source
	path  string // of the SQLite file, or
	url   string // of the PostgreSQL database
}

func newRig(t testing.TB) rig {
	t.Helper()
	path := acttest.Database(t)
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	r := rigOn(t, store)
	r.path = path
	return r
}

func newPostgresRig(t testing.TB) rig {
	t.Helper()
	url := storagetest.MigratedPostgres(t, openPostgres)
	store, err := openPostgres(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	r := rigOn(t, store)
	r.url = url
	return r
}

func openPostgres(ctx context.Context, url string) (storagetest.Migrating, error) {
	return postgres.Open(ctx, postgres.Config{URL: url})
}

func rigOn(t testing.TB, store storage.Store) rig {
	t.Helper()
	source := keystest.NewSource(keystest.Ring(t, keys.Meta{Purpose: keys.VaultKEK}, keys.Meta{Purpose: keys.VaultIndex}))
	v, err := vault.New(vault.Vault{Cards: store, Tokens: store, Customers: store, Requests: store, Imports: store, Keys: source, Clock: func() time.Time { return now }})
	must(t, err)
	return rig{Vault: v, cards: store, keys: source}
}

// frozenRig has the keys of rows that another program sealed.
func frozenRig(t testing.TB, kekBytes, index []byte) rig {
	t.Helper()
	kek, err := keys.NewKEK(kekBytes)
	must(t, err)
	mac, err := keys.NewMAC(index)
	must(t, err)
	source := keystest.NewSource(keys.NewRing([]*keys.Key{
		{Meta: keys.Meta{ID: "vault-kek-v1", Purpose: keys.VaultKEK, Version: 1, State: keys.Active}, KEK: kek},
		{Meta: keys.Meta{ID: "vault-index-v1", Purpose: keys.VaultIndex, Version: 1, State: keys.Active}, MAC: mac},
	}))
	r := newRig(t)
	r.Keys, r.keys = source, source
	return r
}

// onEachEngine runs a story on SQLite and on PostgreSQL.
func onEachEngine(t *testing.T, story func(*testing.T, rig)) {
	t.Run("SQLite", func(t *testing.T) { story(t, newRig(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { story(t, newPostgresRig(t)) })
}

// add puts another key into the catalogue.
func (r rig) add(t testing.TB, m keys.Meta) *keys.Key {
	t.Helper()
	k := keystest.Key(t, m)
	r.keys.Replace(keys.NewRing(append(r.ring(), k)))
	return k
}

// setState replaces a key by one of another state.
func (r rig) setState(id keys.ID, state keys.State) {
	all := r.ring()
	for i, k := range all {
		if k.ID == id {
			changed := *k
			changed.State = state
			if state == keys.Destroyed {
				changed.KEK, changed.MAC = nil, nil
			}
			all[i] = &changed
		}
	}
	r.keys.Replace(keys.NewRing(all))
}

func (r rig) ring() []*keys.Key { return append([]*keys.Key(nil), r.keys.Current().All()...) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantReason(t testing.TB, err error, reason string) {
	t.Helper()
	if got := walletport.ReasonOf(err); got != reason {
		t.Fatalf("reason %q, want %q (%v)", got, reason, err)
	}
}

// Published test numbers.
const (
	testPAN  = "5204247750001471"
	otherPAN = "5555555555554444"
	visaPAN  = "4761120010000492"
)

func mustPAN(t testing.TB, digits string) walletport.PAN {
	t.Helper()
	p, err := walletport.ParsePAN(digits)
	must(t, err)
	return p
}

func newCard(t testing.TB, id walletport.CardID, digits string) walletport.Card {
	t.Helper()
	pan := mustPAN(t, digits)
	scheme, err := pan.Scheme()
	must(t, err)
	return walletport.Card{
		CardSummary: walletport.CardSummary{
			ID: id, Issuer: "acme", CustomerID: "5001", Scheme: scheme, Product: "mc-debit", Status: walletport.CardOK,
			Expiry: walletport.Expiry{Year: 2031, Month: time.December}, BIN: pan.BIN(), LastFour: pan.LastFour(),
		},
		PAN:            pan,
		CardholderName: walletport.NewPrivate("ADA LOVELACE"),
	}
}

func (r rig) mustPut(t testing.TB, cards ...walletport.Card) {
	t.Helper()
	_, err := r.Put(t.Context(), cards...)
	must(t, err)
}

func (r rig) mustFind(t testing.TB, id walletport.CardID) storage.Card {
	t.Helper()
	row, err := r.Find(t.Context(), id)
	must(t, err)
	return row
}

// digits opens a card and returns a copy of its PAN.
func (r rig) digits(t testing.TB, id walletport.CardID) string {
	t.Helper()
	var digits string
	must(t, r.Borrow(t.Context(), r.mustFind(t, id), func(c *walletport.Card) error {
		digits = string(c.PAN.Reveal())
		return nil
	}))
	return digits
}
