package storagetest

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

// calls are all methods that reach the database.
func calls(s storage.Store) map[string]func(context.Context) error {
	all := enrolmentCalls(s)
	maps.Copy(all, otherCalls(s))
	return all
}

func otherCalls(s storage.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Ping":     s.Ping,
		"PutCards": func(ctx context.Context) error { _, err := s.PutCards(ctx, cards(1, 3)); return err },
		"Card":     func(ctx context.Context) error { _, err := s.Card(ctx, 1); return err },
		"CardsByID": func(ctx context.Context) error {
			_, err := s.CardsByID(ctx, []walletport.CardID{1, 2})
			return err
		},
		"CardsAfter": func(ctx context.Context) error {
			_, err := s.CardsAfter(ctx, "", 0, 10)
			return err
		},
		"CardsByPANIndex": func(ctx context.Context) error { _, err := s.CardsByPANIndex(ctx, []byte("index")); return err },
		"CardsWrappedBy":  func(ctx context.Context) error { _, err := s.CardsWrappedBy(ctx, "kek/1", 0, 10); return err },
		"CardIssuers":     func(ctx context.Context) error { _, err := s.CardIssuers(ctx); return err },
		"CardKEKs":        func(ctx context.Context) error { _, err := s.CardKEKs(ctx); return err },
		"Rewrap": func(ctx context.Context) error {
			_, err := s.Rewrap(ctx, []storage.CardRewrapping{{ID: 1, Old: []byte("old"), New: []byte("new"), KEK: "kek/2"}})
			return err
		},
		"ChangeCards": func(ctx context.Context) error {
			_, err := s.ChangeCards(ctx, []storage.CardChange{{Card: card(5, 0)}}, nil)
			return err
		},
		"AddCardFinds":  func(ctx context.Context) error { return s.AddCardFinds(ctx, findsOf(card(7, 0))) },
		"DropCardFinds": func(ctx context.Context) error { return s.DropCardFinds(ctx, findsOf(card(7, 0))) },
		"CardFindsOf":   func(ctx context.Context) error { _, err := s.CardFindsOf(ctx, 7); return err },
		"Import":        func(ctx context.Context) error { _, err := s.Import(ctx, "file"); return err },
		"ClaimImport": func(ctx context.Context) error {
			_, err := s.ClaimImport(ctx, anImport("fault"), "")
			return err
		},
		"MarkImport": func(ctx context.Context) error {
			if err := s.MarkImport(ctx, markBy("nobody", "x")); walletport.ReasonOf(err) != "import_taken" {
				return err
			}
			return nil
		},
		"EndImport": func(ctx context.Context) error {
			if err := s.EndImport(ctx, "file", "nobody"); walletport.ReasonOf(err) != "import_taken" {
				return err
			}
			return nil
		},
		"BeginCardChanges": func(ctx context.Context) error {
			together, err := s.BeginCardChanges(ctx)
			if err == nil {
				err = errors.Join(together.Add(ctx, []storage.CardChange{{Card: card(6, 0)}}), together.End())
			}
			return err
		},
		"DeleteCard":    updating(s, func(tx storage.Tx) error { return tx.DeleteCard(1) }),
		"UpdateCard":    updating(s, func(tx storage.Tx) error { return tx.UpdateCard(1, version(1, 1)) }),
		"AddClient":     updating(s, func(tx storage.Tx) error { return tx.AddClient(client("new")) }),
		"UpdateClient":  updating(s, func(tx storage.Tx) error { return tx.UpdateClient("one", renamed("x")) }),
		"UseNonce":      updating(s, func(tx storage.Tx) error { _, err := tx.UseNonce(nonce("fault", 1, 1)); return err }),
		"Update":        updating(s, func(tx storage.Tx) error { return tx.AppendAudit(links("fault", 1)) }),
		"Client":        func(ctx context.Context) error { _, err := s.Client(ctx, "one"); return err },
		"Clients":       func(ctx context.Context) error { _, err := s.Clients(ctx); return err },
		"UseClients":    func(ctx context.Context) error { return s.UseClients(ctx, map[string]time.Time{"one": at(1)}) },
		"AppendAudit":   func(ctx context.Context) error { return s.AppendAudit(ctx, links("fault", 1)) },
		"AuditHead":     func(ctx context.Context) error { _, err := s.AuditHead(ctx); return err },
		"AuditAfter":    func(ctx context.Context) error { _, err := s.AuditAfter(ctx, 0, 10); return err },
		"AddCheckpoint": func(ctx context.Context) error { return s.AddCheckpoint(ctx, storage.Checkpoint{Seq: 1, Time: at(1)}) },
		"Checkpoints":   func(ctx context.Context) error { _, err := s.Checkpoints(ctx, 0, 10); return err },
		"UseNonces": func(ctx context.Context) error {
			_, err := s.UseNonces(ctx, []storage.NonceUse{nonce("fault", 1, 1), nonce("fault too", 1, 1)})
			return err
		},
		"ClaimAnswer": func(ctx context.Context) error {
			_, err := s.ClaimAnswer(ctx, lease(1, 1, 1, 5, 10, 0))
			return err
		},
		"KeepAnswer": func(ctx context.Context) error {
			_, err := s.KeepAnswer(ctx, lease(1, 1, 1, 5, 10, 0).AnswerClaim, anAnswer("x"))
			return err
		},
		"DropAnswer":    func(ctx context.Context) error { return s.DropAnswer(ctx, lease(1, 1, 1, 5, 10, 0).AnswerClaim) },
		"ForgetAnswers": func(ctx context.Context) error { _, err := s.ForgetAnswers(ctx, at(1), 10); return err },
		"Token":         func(ctx context.Context) error { _, err := s.Token(ctx, 1); return err },
		"TokenByRef":    func(ctx context.Context) error { _, err := s.TokenByRef(ctx, tokenRef(1)); return err },
		"TokensOfCard":  func(ctx context.Context) error { _, err := s.TokensOfCard(ctx, 1); return err },
		"TokenHistory":  func(ctx context.Context) error { _, err := s.TokenHistory(ctx, 1, 0, 10); return err },
		"TokensInChange": func(ctx context.Context) error {
			_, err := s.TokensInChange(ctx, 0, 10)
			return err
		},
		"TokensWrappedBy": func(ctx context.Context) error { _, err := s.TokensWrappedBy(ctx, "kek/1", 0, 10); return err },
		"TokenKEKs":       func(ctx context.Context) error { _, err := s.TokenKEKs(ctx); return err },
		"TokensAfter":     func(ctx context.Context) error { _, err := s.TokensAfter(ctx, 0, 10); return err },
		"RewrapTokens": func(ctx context.Context) error {
			_, err := s.RewrapTokens(ctx, []storage.TokenRewrapping{{ID: 1, Old: []byte("old"), New: []byte("new"), KEK: "kek/2"}})
			return err
		},
		"PutTokens": updating(s, func(tx storage.Tx) error {
			_, err := tx.PutTokens([]storage.SeenToken{token(1, 0)})
			return err
		}),
		"TokensListed": updating(s, func(tx storage.Tx) error { return tx.TokensListed(1, at(1)) }),
		"UpdateToken":  updating(s, func(tx storage.Tx) error { return tx.UpdateToken(1, changed(asked("fault"))) }),
		"AddTokenHistory": updating(s, func(tx storage.Tx) error {
			return tx.AddTokenHistory(storage.TokenHistoryEntry{Token: 1, At: at(1), What: storage.TokenChangeAsked})
		}),
		"Customer":       func(ctx context.Context) error { _, err := s.Customer(ctx, customerKey(1)); return err },
		"CustomerByID":   func(ctx context.Context) error { _, err := s.CustomerByID(ctx, 1); return err },
		"CustomersAfter": func(ctx context.Context) error { _, err := s.CustomersAfter(ctx, "", 0, 10); return err },
		"CustomersByKey": func(ctx context.Context) error {
			_, err := s.CustomersByKey(ctx, []walletport.CustomerKey{customerKey(1)})
			return err
		},
		"ChangeCustomers": func(ctx context.Context) error {
			_, err := s.ChangeCustomers(ctx, storage.CustomerBatch{List: []storage.CustomerChange{{Customer: customer(1, 0)}}})
			return err
		},
		"CustomersWrappedBy": func(ctx context.Context) error {
			_, err := s.CustomersWrappedBy(ctx, "kek/1", 0, 10)
			return err
		},
		"CustomerKEKs": func(ctx context.Context) error { _, err := s.CustomerKEKs(ctx); return err },
		"RewrapCustomers": func(ctx context.Context) error {
			_, err := s.RewrapCustomers(ctx, []storage.CustomerRewrapping{{ID: 1, Old: []byte("old"), New: []byte("new"), KEK: "kek/2"}})
			return err
		},
		"PutCustomers": updating(s, func(tx storage.Tx) error {
			_, err := tx.PutCustomers([]storage.Customer{customer(1, 0)})
			return err
		}),
		"UpdateCustomer": updating(s, func(tx storage.Tx) error { return tx.UpdateCustomer(customerKey(1), recorded(1, 1)) }),
		"EnqueueJob": updating(s, func(tx storage.Tx) error {
			_, err := tx.EnqueueJob(jobs.Request{Kind: resolve, Key: tokenKey(1)})
			return err
		}),
		"FinishJob":  updating(s, func(tx storage.Tx) error { return tx.FinishJob(jobs.Job{ID: 1, Key: tokenKey(1)}) }),
		"RedriveJob": updating(s, func(tx storage.Tx) error { return tx.RedriveJob(1) }),
		"DropJob":    updating(s, func(tx storage.Tx) error { return tx.DropJob(1) }),
		"ClaimJobs": func(ctx context.Context) error {
			_, err := s.ClaimJobs(ctx, []jobs.Want{{Kind: resolve, Limit: 1}}, long)
			return err
		},
		"ExtendJobs": func(ctx context.Context) error {
			_, err := s.ExtendJobs(ctx, []jobs.Job{{ID: 1, Key: tokenKey(1)}}, long)
			return err
		},
		"SettleJob":    func(ctx context.Context) error { return s.SettleJob(ctx, jobs.Job{ID: 1, Key: tokenKey(1)}, done) },
		"JobDepth":     func(ctx context.Context) error { _, err := s.JobDepth(ctx, resolve); return err },
		"ParkedJobs":   func(ctx context.Context) error { _, err := s.ParkedJobs(ctx, resolve, 0, 1); return err },
		"ForgetNonces": func(ctx context.Context) error { _, err := s.ForgetNonces(ctx, at(1), 10); return err },
	}
}

func updating(s storage.Store, change func(storage.Tx) error) func(context.Context) error {
	return func(ctx context.Context) error { return s.Update(ctx, change) }
}

func testFaults(t *testing.T, database NewDatabase) {
	withStore(t, database, "a healthy database answers a ping", func(t *testing.T, s storage.Store) {
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("Ping: %v", err)
		}
	})
	withStore(t, database, "a closed database is unavailable", func(t *testing.T, s storage.Store) {
		mustPut(t, s, card(1, 0))
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		for name, call := range calls(s) {
			wantError(t, name, call(t.Context()), walletport.CodeUnavailable, "store_unavailable")
		}
		if err := s.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
	withStore(t, database, "a caller who has left is recognised and nothing is written", func(t *testing.T, s storage.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, call := range calls(s) {
			wantContextError(t, name, call(ctx))
		}
		wantEqual(t, "cards", must(s.CardsAfter(t.Context(), "", 0, 10))(t, "CardsAfter"), []storage.Card{})
		wantEqual(t, "tokens", must(s.TokensOfCard(t.Context(), 1))(t, "TokensOfCard"), storage.TokenList{})
		wantEqual(t, "customers", must(s.CustomersAfter(t.Context(), "", 0, 10))(t, "CustomersAfter"), []storage.Customer{})
		wantEqual(t, "consumers", must(s.ConsumersAfter(t.Context(), "first-bank", storage.ConsumerKey{}, 10))(t, "ConsumersAfter"), []storage.Consumer{})
		wantEqual(t, "requests", listed(t, s, storage.RequestFilter{}, 0, 10), []string{})
		mustUse(t, s, nonce("fault", 1, 1), nonce("fault too", 1, 1))
		wantAnswers(t, s, 0)
		wantChain(t, s, 0)
	})
	withStore(t, database, "a caller who leaves during an append leaves no record", func(t *testing.T, s storage.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.AppendAudit(ctx, func(head storage.AuditHead) ([]storage.AuditEntry, error) {
			cancel()
			return links("gone", 2)(head)
		})
		wantContextError(t, "AppendAudit", err)
		wantChain(t, s, 0)
		mustAppend(t, s, links("next", 1))
		wantChain(t, s, 1)
	})
}
