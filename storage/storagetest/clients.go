package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func client(id string) storage.Client {
	return storage.Client{
		ID:                id,
		Name:              "Back office of " + id,
		SecretHash:        chain(nil, 1, id),
		Issuers:           []walletport.IssuerID{"first-bank", "bänk \"two\""},
		Scopes:            []walletport.Scope{walletport.ScopeProvision, walletport.ScopeAuditRead},
		CertificateSHA256: "00ff",
		CreatedAt:         at(1),
	}
}

func testClients(t *testing.T, database NewDatabase) {
	withStore(t, database, "a client comes back as it was added", func(t *testing.T, s storage.Store) {
		revoked := client("revoked")
		revoked.RevokedAt = at(77)
		rotated := client("rotated")
		rotated.PreviousHash, rotated.PreviousUntil, rotated.ExpiresAt, rotated.LastUsedAt = chain(nil, 2, "before"), at(80), at(90), at(70)
		bare := storage.Client{ID: "bare", CreatedAt: at(2)}
		for _, want := range []storage.Client{client("full"), revoked, rotated, bare} {
			mustAdd(t, s, want)
			wantEqual(t, "client", must(s.Client(t.Context(), want.ID))(t, "Client"), want)
		}
		got := must(s.Client(t.Context(), "bare"))(t, "Client")
		if !got.RevokedAt.IsZero() {
			t.Errorf("RevokedAt = %v, want the zero time", got.RevokedAt)
		}
	})
	withStore(t, database, "a taken id is a conflict and changes nothing", func(t *testing.T, s storage.Store) {
		mustAdd(t, s, client("one"))
		other := client("one")
		other.Name = "another"
		wantError(t, "AddClient", addClient(t, s, other), walletport.CodeConflict, "client_exists")
		wantEqual(t, "client", must(s.Client(t.Context(), "one"))(t, "Client"), client("one"))
	})
	withStore(t, database, "an unknown client is not found", func(t *testing.T, s storage.Store) {
		_, err := s.Client(t.Context(), "nobody")
		wantError(t, "Client", err, walletport.CodeNotFound, "client_not_found")
	})
	withStore(t, database, "an id that cannot be stored is not found either", func(t *testing.T, s storage.Store) {
		for _, id := range []string{"", "a\x00b", "a\xffb", "\x00"} {
			_, err := s.Client(t.Context(), id)
			wantError(t, "Client", err, walletport.CodeNotFound, "client_not_found")
		}
	})
	withStore(t, database, "clients come in the order of their ids' bytes", func(t *testing.T, s storage.Store) {
		wantEqual(t, "no clients", must(s.Clients(t.Context()))(t, "Clients"), []storage.Client{})
		for _, id := range []string{"b", "é", "a", "Z", "a-b", "ab"} {
			mustAdd(t, s, client(id))
		}
		var got []string
		for _, c := range must(s.Clients(t.Context()))(t, "Clients") {
			got = append(got, c.ID)
		}
		wantEqual(t, "ids", got, []string{"Z", "a", "a-b", "ab", "b", "é"})
	})
	withStore(t, database, "the last use only moves on", testUseClients)
	withStore(t, database, "text that no engine can keep is refused", func(t *testing.T, s storage.Store) {
		for _, change := range []func(*storage.Client){
			func(c *storage.Client) { c.Name = "zero \x00" },
			func(c *storage.Client) { c.Issuers = []walletport.IssuerID{"broken \xff"} },
			func(c *storage.Client) { c.Scopes = []walletport.Scope{"broken \xff"} },
		} {
			c := client("odd")
			change(&c)
			wantError(t, "AddClient", addClient(t, s, c), walletport.CodeInvalid, "text_malformed")
		}
	})
}

func testRevoke(t *testing.T, s storage.Store) {
	mustAdd(t, s, client("one"))
	mustAdd(t, s, client("two"))
	for _, when := range []time.Time{at(5), at(9), {}} {
		mustUpdate(t, s, func(tx storage.Tx) error {
			return tx.UpdateClient("one", func(c storage.Client) (storage.Client, error) { c.RevokedAt = when; return c, nil })
		})
	}
	want := client("one")
	want.RevokedAt = at(5)
	wantEqual(t, "clients", must(s.Clients(t.Context()))(t, "Clients"), []storage.Client{want, client("two")})
}

// updateClient changes one client in a transaction of its own.
func updateClient(t testing.TB, s storage.Store, id string, change func(storage.Client) (storage.Client, error)) error {
	return s.Update(t.Context(), func(tx storage.Tx) error { return tx.UpdateClient(id, change) })
}

func testUpdateClient(t *testing.T, s storage.Store) {
	before := client("one")
	before.LastUsedAt, before.RevokedAt = at(3), at(4)
	mustAdd(t, s, before)
	mustAdd(t, s, client("two"))
	want := storage.Client{
		ID: "one", Name: "another", SecretHash: chain(nil, 3, "next"), PreviousHash: before.SecretHash, PreviousUntil: at(50),
		Issuers: []walletport.IssuerID{"third"}, Scopes: []walletport.Scope{walletport.ScopeActivate}, CertificateSHA256: "aa",
		CreatedAt: before.CreatedAt, RevokedAt: at(4), LastUsedAt: at(3), ExpiresAt: at(60),
	}
	err := updateClient(t, s, "one", func(c storage.Client) (storage.Client, error) {
		wantEqual(t, "what change sees", c, before)
		c = want
		c.ID, c.CreatedAt, c.RevokedAt, c.LastUsedAt = "two", at(9), at(9), at(9)
		return c, nil
	})
	if err != nil {
		t.Fatalf("UpdateClient: %v", err)
	}
	wantEqual(t, "clients", must(s.Clients(t.Context()))(t, "Clients"), []storage.Client{want, client("two")})
	err = updateClient(t, s, "one", func(c storage.Client) (storage.Client, error) { c.Name = "third"; return c, errRefused })
	if !errors.Is(err, errRefused) {
		t.Errorf("UpdateClient returns %v, want the error of change", err)
	}
	err = updateClient(t, s, "one", renamed("zero \x00"))
	wantError(t, "UpdateClient", err, walletport.CodeInvalid, "text_malformed")
	for _, id := range []string{"nobody", "", "a\x00b"} {
		err = updateClient(t, s, id, func(c storage.Client) (storage.Client, error) { t.Error("change was called"); return c, nil })
		wantError(t, "UpdateClient", err, walletport.CodeNotFound, "client_not_found")
	}
	wantEqual(t, "client", must(s.Client(t.Context(), "one"))(t, "Client"), want)
	bare := storage.Client{ID: "one", CreatedAt: want.CreatedAt, RevokedAt: at(4), LastUsedAt: at(3)}
	if err := updateClient(t, s, "one", func(storage.Client) (storage.Client, error) { return storage.Client{}, nil }); err != nil {
		t.Fatalf("UpdateClient: %v", err)
	}
	wantEqual(t, "emptied client", must(s.Client(t.Context(), "one"))(t, "Client"), bare)
}

func testUseClients(t *testing.T, s storage.Store) {
	mustAdd(t, s, client("one"))
	mustAdd(t, s, client("two"))
	for _, used := range []map[string]time.Time{nil, {"one": at(5), "nobody": at(5), "a\x00b": at(5)}, {"one": at(4), "two": at(6)}} {
		if err := s.UseClients(t.Context(), used); err != nil {
			t.Fatalf("UseClients: %v", err)
		}
	}
	one, two := client("one"), client("two")
	one.LastUsedAt, two.LastUsedAt = at(5), at(6)
	wantEqual(t, "clients", must(s.Clients(t.Context()))(t, "Clients"), []storage.Client{one, two})
}

func addClient(t testing.TB, s storage.Store, c storage.Client) error {
	return s.Update(t.Context(), func(tx storage.Tx) error { return tx.AddClient(c) })
}

func mustAdd(t testing.TB, s storage.Store, c storage.Client) {
	t.Helper()
	if err := addClient(t, s, c); err != nil {
		t.Fatalf("AddClient: %v", err)
	}
}
