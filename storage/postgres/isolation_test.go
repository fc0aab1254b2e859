package postgres_test

import (
	"testing"

	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres"
)

// TestTheDatabasesIsolationDoesNotCount: where a role or a database asks for more isolation than
// the statements are written for, a change must not fail because a record came meanwhile, which is
// so all the time.
func TestTheDatabasesIsolationDoesNotCount(t *testing.T) {
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			url := migrated(t)
			alterDatabase(t, url, "SET default_transaction_isolation = '"+level+"'")
			var stores [2]*postgres.Store
			for i := range stores {
				var err error
				if stores[i], err = postgres.Open(t.Context(), postgres.Config{URL: url}); err != nil {
					t.Fatal(err)
				}
				defer stores[i].Close()
			}
			if got, err := stores[0].Show(t.Context(), "default_transaction_isolation"); got != level || err != nil {
				t.Fatalf("the database says %q, %v", got, err)
			}
			calls := 0
			err := stores[0].Update(t.Context(), func(tx storage.Tx) error {
				calls++
				if err := tx.AddClient(storage.Client{ID: "one"}); err != nil {
					return err
				}
				if err := stores[1].AppendAudit(t.Context(), linkSome(1)); err != nil {
					return err
				}
				return tx.AppendAudit(linkSome(1))
			})
			if err != nil || calls != 1 {
				t.Errorf("Update calls change %d times: %v", calls, err)
			}
			head, err := stores[0].AuditHead(t.Context())
			if err != nil || head.Seq != 2 {
				t.Errorf("the chain ends at %d, %v", head.Seq, err)
			}
		})
	}
}
