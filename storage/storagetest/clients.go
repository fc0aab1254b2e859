package storagetest

import (
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
		bare := storage.Client{ID: "bare", CreatedAt: at(2)}
		for _, want := range []storage.Client{client("full"), revoked, bare} {
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
		wantError(t, "AddClient", s.AddClient(t.Context(), other), walletport.CodeConflict, "client_exists")
		wantEqual(t, "client", must(s.Client(t.Context(), "one"))(t, "Client"), client("one"))
	})
	withStore(t, database, "an unknown client is not found", func(t *testing.T, s storage.Store) {
		_, err := s.Client(t.Context(), "nobody")
		wantError(t, "Client", err, walletport.CodeNotFound, "client_not_found")
		err = s.RevokeClient(t.Context(), "nobody", at(1))
		wantError(t, "RevokeClient", err, walletport.CodeNotFound, "client_not_found")
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
	withStore(t, database, "a client is revoked once", testRevoke)
	withStore(t, database, "text that no engine can keep is refused", func(t *testing.T, s storage.Store) {
		for _, change := range []func(*storage.Client){
			func(c *storage.Client) { c.Name = "zero \x00" },
			func(c *storage.Client) { c.Issuers = []walletport.IssuerID{"broken \xff"} },
			func(c *storage.Client) { c.Scopes = []walletport.Scope{"broken \xff"} },
		} {
			c := client("odd")
			change(&c)
			wantError(t, "AddClient", s.AddClient(t.Context(), c), walletport.CodeInvalid, "text_malformed")
		}
	})
}

func testRevoke(t *testing.T, s storage.Store) {
	mustAdd(t, s, client("one"))
	mustAdd(t, s, client("two"))
	for _, when := range []time.Time{at(5), at(9)} {
		if err := s.RevokeClient(t.Context(), "one", when); err != nil {
			t.Fatalf("RevokeClient: %v", err)
		}
	}
	want := client("one")
	want.RevokedAt = at(5)
	wantEqual(t, "clients", must(s.Clients(t.Context()))(t, "Clients"), []storage.Client{want, client("two")})
}

func mustAdd(t testing.TB, s storage.Store, c storage.Client) {
	t.Helper()
	if err := s.AddClient(t.Context(), c); err != nil {
		t.Fatalf("AddClient: %v", err)
	}
}
