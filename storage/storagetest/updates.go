package storagetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
)

func testUpdates(t *testing.T, database NewDatabase) {
	t.Run("changes of all areas are seen at the commit and not before", func(t *testing.T) { testUpdateOfAll(t, database(t)) })
	for name, end := range interruptions() {
		t.Run("nothing stands after "+name, func(t *testing.T) { testInterrupted(t, database(t), end) })
	}
	withStore(t, database, "an update of nothing changes nothing", func(t *testing.T, s storage.Store) {
		mustUpdate(t, s, func(storage.Tx) error { return nil })
		mustUpdate(t, s, func(tx storage.Tx) error { return tx.AppendAudit(links("none", 0)) })
		wantChain(t, s, 0)
	})
	withStore(t, database, "a refusal of one row leaves the transaction in force", testRefusals)
	withStore(t, database, "a transaction appends to the chain once", func(t *testing.T, s storage.Store) {
		mustUpdate(t, s, func(tx storage.Tx) error {
			if err := tx.AppendAudit(links("first", 2)); err != nil {
				return err
			}
			if err := tx.AppendAudit(links("second", 2)); walletport.CodeOf(err) != walletport.CodeInternal {
				t.Errorf("AppendAudit: %v, want an error of the code internal", err)
			}
			return nil
		})
		wantChain(t, s, 2)
	})
	withStore(t, database, "a card is changed in place", testUpdateCard)
	withStore(t, database, "a client is changed in place", testUpdateClient)
	withStore(t, database, "a client is revoked once", testRevoke)
	withStore(t, database, "a nonce is used if its transaction commits", testUseInUpdate)
	t.Run("of changes of one row at once each counts", func(t *testing.T) { testCount(t, database(t)) })
	t.Run("rows may be taken in any order", func(t *testing.T) { testOrders(t, database(t)) })
	t.Run("one of many replicas adds a client", func(t *testing.T) { testConcurrentAdd(t, database(t)) })
	t.Run("one of many replicas uses a nonce in a transaction", func(t *testing.T) { testConcurrentUseInUpdate(t, database(t)) })
	t.Run("updates and batches append to one chain", func(t *testing.T) { testConcurrentRecords(t, database(t)) })
	t.Run("readers are not held up by an update", func(t *testing.T) { testReadDuringUpdate(t, database(t)) })
}

func mustUpdate(t testing.TB, s storage.Store, change func(storage.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), change); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// version makes card id become the one of that version.
func version(id walletport.CardID, version int) func(storage.Card) (storage.Card, error) {
	return func(storage.Card) (storage.Card, error) { return card(id, version), nil }
}

func renamed(name string) func(storage.Client) (storage.Client, error) {
	return func(c storage.Client) (storage.Client, error) { c.Name = name; return c, nil }
}

// prepareAll stores what changeAll changes.
func prepareAll(t testing.TB, s storage.Store) {
	t.Helper()
	mustPut(t, s, cards(1, 3)...)
	mustAdd(t, s, client("one"))
	mustPutTokens(t, s, token(1, 0))
	mustPutCustomers(t, s, customer(1, 0))
	mustConsumer(t, s, 1, 1)
	mustAddRequests(t, s, request(1))
	mustPutOptOut(t, s, optOut(1))
	mustAppend(t, s, links("before", 1))
}

// changeAll changes something of each area.
func changeAll(tx storage.Tx) error {
	fresh, err := tx.UseNonce(nonce("update", 5, 0))
	if err == nil && !fresh {
		err = errors.New("the nonce has been used")
	}
	puts, putErr := tx.PutTokens([]storage.SeenToken{token(2, 0), token(1, 1)})
	if putErr != nil {
		return putErr
	}
	_, stored := tx.PutCustomers([]storage.Customer{customer(2, 0)})
	_, enqueued := tx.EnqueueJob(jobs.Request{Kind: resolve, Key: tokenKey(1)})
	return errors.Join(err, enqueued, stored, changeEnrolments(tx),
		tx.UpdateCustomer(customerKey(1), recorded(1, 1)),
		tx.UpdateToken(puts[1].ID, changed(asked("update"))),
		tx.AddTokenHistory(storage.TokenHistoryEntry{Token: puts[1].ID, At: at(1), What: storage.TokenChangeAsked}),
		tx.TokensListed(1, at(2)),
		tx.AppendAudit(links("update", 2)), // not last: it is done last all the same
		tx.UpdateCard(1, version(1, 1)),
		tx.DeleteCard(2),
		tx.UpdateClient("one", renamed("another")),
		tx.AddClient(client("two")))
}

func changeEnrolments(tx storage.Tx) error {
	_, added := tx.AddEnrolmentRequest(request(2))
	_, put := tx.PutOptOut(optOut(2))
	_, withdrawn := tx.DeleteOptOut(customerKey(1))
	return errors.Join(added, put, withdrawn,
		tx.UpdateConsumer(consumerKey(1), customerKey(1), becomes(1, 2)),
		tx.UpdateConsumer(consumerKey(2), customerKey(2), becomes(2, 1)),
		tx.UpdateEnrolmentRequest(1, edited(failed)))
}

func wantEnrolments(t testing.TB, s storage.Store, consumers []storage.Consumer, optedOut storage.OptOut, open ...string) {
	t.Helper()
	wantEqual(t, "consumers", must(s.ConsumersAfter(t.Context(), "first-bank", storage.ConsumerKey{}, 9))(t, "ConsumersAfter"), consumers)
	wantEqual(t, "opt-outs", must(s.OptOutsAfter(t.Context(), "first-bank", "", 9))(t, "OptOutsAfter"), []storage.OptOut{optedOut})
	wantEqual(t, "open requests", listed(t, s, storage.RequestFilter{IsOpen: true}, 0, 9), open)
}

func wantNothingChanged(t testing.TB, s storage.Store) {
	t.Helper()
	wantStored(t, s, cards(1, 3)...)
	wantEqual(t, "clients", must(s.Clients(t.Context()))(t, "Clients"), []storage.Client{client("one")})
	list := must(s.TokensOfCard(t.Context(), 1))(t, "TokensOfCard")
	wantEqual(t, "tokens", list, storage.TokenList{Tokens: []storage.Token{row(list.Tokens[0].ID, token(1, 0))}})
	wantEqual(t, "history", told(t, s, list.Tokens[0].ID), []string{"seen >ACTIVE"})
	wantCustomer(t, s, customer(1, 0))
	wantEqual(t, "customers", len(must(s.CustomersAfter(t.Context(), "", 0, 9))(t, "CustomersAfter")), 1)
	wantEnrolments(t, s, []storage.Consumer{consumer(1, 1)}, optOut(1), "1")
	wantEqual(t, "jobs", must(s.JobDepth(t.Context(), resolve))(t, "JobDepth").Waiting, 0)
	wantChain(t, s, 1)
}

func wantAllChanged(t testing.TB, s storage.Store) {
	t.Helper()
	wantStored(t, s, card(1, 1), card(3, 0))
	one := client("one")
	one.Name = "another"
	wantEqual(t, "clients", must(s.Clients(t.Context()))(t, "Clients"), []storage.Client{one, client("two")})
	list := must(s.TokensOfCard(t.Context(), 1))(t, "TokensOfCard")
	wantEqual(t, "as of", list.AsOf, at(2))
	want := []storage.Token{row(list.Tokens[0].ID, token(1, 1)), row(list.Tokens[1].ID, token(2, 0))}
	asked("update")(&want[0])
	wantEqual(t, "tokens", list.Tokens, want)
	wantEqual(t, "history", told(t, s, want[0].ID), []string{"seen >ACTIVE", "asked >"})
	wantCustomer(t, s, customer(1, 1))
	wantCustomer(t, s, customer(2, 0))
	wantEnrolments(t, s, []storage.Consumer{consumer(1, 2), consumer(2, 1)}, optOut(2), "2")
	wantReused(t, s, nonce("update", 6, 0))
	wantEqual(t, "jobs", must(s.JobDepth(t.Context(), resolve))(t, "JobDepth").Waiting, 1)
	wantChain(t, s, 3)
}

func testUpdateOfAll(t *testing.T, open Open) {
	s, reader := open(t), open(t)
	prepareAll(t, s)
	mustUpdate(t, s, func(tx storage.Tx) error {
		if err := changeAll(tx); err != nil {
			return err
		}
		wantNothingChanged(t, reader)
		return nil
	})
	wantAllChanged(t, reader)
}

// interruption ends an update that has changed all that changeAll does, and returns what
// Update must answer: a check of its error.
type interruption func(t *testing.T, ctx context.Context, s storage.Store) error

// errRefused is of an update that refuses.
var errRefused = errors.New("the last step refuses")

func interruptions() map[string]interruption {
	after := func(ctx context.Context, s storage.Store, last func(storage.Tx) error) error {
		return s.Update(ctx, func(tx storage.Tx) error {
			if err := changeAll(tx); err != nil {
				return err
			}
			return last(tx)
		})
	}
	return map[string]interruption{
		"an error of the last step": func(t *testing.T, ctx context.Context, s storage.Store) error {
			err := after(ctx, s, func(storage.Tx) error { return errRefused })
			if err != errRefused { //nolint:errorlint // as it is
				t.Errorf("Update: got error %v, want that of the last step as it is", err)
			}
			return err
		},
		"an error of a row that is not there": func(t *testing.T, ctx context.Context, s storage.Store) error {
			err := after(ctx, s, func(tx storage.Tx) error { return tx.DeleteCard(404) })
			wantError(t, "Update", err, walletport.CodeNotFound, "card_not_found")
			return err
		},
		"a panic": func(t *testing.T, ctx context.Context, s storage.Store) (err error) {
			defer func() {
				if err, _ = recover().(error); !errors.Is(err, errRefused) {
					t.Errorf("Update: panicked with %v, want what change panicked with", err)
				}
			}()
			return after(ctx, s, func(storage.Tx) error { panic(errRefused) })
		},
		"its caller left": func(t *testing.T, ctx context.Context, s storage.Store) error {
			ctx, cancel := context.WithCancel(ctx)
			err := after(ctx, s, func(storage.Tx) error { cancel(); return nil })
			wantContextError(t, "Update", err)
			return err
		},
		"its caller left in its middle": func(t *testing.T, ctx context.Context, s storage.Store) error {
			ctx, cancel := context.WithCancel(ctx)
			err := after(ctx, s, func(tx storage.Tx) error { cancel(); return tx.DeleteCard(3) })
			wantContextError(t, "Update", err)
			return err
		},
		"a linker's error": func(t *testing.T, ctx context.Context, s storage.Store) error {
			err := s.Update(ctx, func(tx storage.Tx) error {
				refuse := func(storage.AuditHead) ([]storage.AuditEntry, error) { return nil, errRefused }
				return errors.Join(tx.AppendAudit(refuse), tx.UpdateCard(1, version(1, 1)))
			})
			if err != errRefused { //nolint:errorlint // as it is
				t.Errorf("Update: got error %v, want the linker's as it is", err)
			}
			return err
		},
		"entries that leave a gap": func(t *testing.T, ctx context.Context, s storage.Store) error {
			err := s.Update(ctx, func(tx storage.Tx) error {
				skip := func(head storage.AuditHead) ([]storage.AuditEntry, error) {
					head.Seq++
					return links("gap", 1)(head)
				}
				return errors.Join(tx.AppendAudit(skip), tx.UpdateCard(1, version(1, 1)))
			})
			if walletport.CodeOf(err) != walletport.CodeInternal {
				t.Errorf("Update: got error %v, want one of the code internal", err)
			}
			return err
		},
		"its caller left when the head was locked": func(t *testing.T, ctx context.Context, s storage.Store) error {
			ctx, cancel := context.WithCancel(ctx)
			err := s.Update(ctx, func(tx storage.Tx) error {
				leave := func(head storage.AuditHead) ([]storage.AuditEntry, error) {
					cancel()
					return links("gone", 1)(head)
				}
				return errors.Join(tx.UpdateCard(1, version(1, 1)), tx.AppendAudit(leave))
			})
			wantContextError(t, "Update", err)
			return err
		},
	}
}

func testInterrupted(t *testing.T, open Open, end interruption) {
	s := open(t)
	prepareAll(t, s)
	if err := end(t, t.Context(), s); err == nil {
		t.Fatal("Update: no error")
	}
	wantNothingChanged(t, s)
	mustUpdate(t, s, changeAll) // no lock is left, and the nonce is fresh
	wantAllChanged(t, open(t))
}

// testRefusals has rows refused whose errors the change goes on after.
func testRefusals(t *testing.T, s storage.Store) {
	prepareAll(t, s)
	mustUpdate(t, s, func(tx storage.Tx) error {
		wantError(t, "AddClient", tx.AddClient(client("one")), walletport.CodeConflict, "client_exists")
		wantError(t, "UpdateClient", tx.UpdateClient("nobody", renamed("x")), walletport.CodeNotFound, "client_not_found")
		wantError(t, "UpdateClient", tx.UpdateClient("a\x00b", renamed("x")), walletport.CodeNotFound, "client_not_found")
		wantError(t, "UpdateClient", tx.UpdateClient("one", renamed("zero \x00")), walletport.CodeInvalid, "text_malformed")
		wantError(t, "UpdateCard", tx.UpdateCard(404, version(404, 1)), walletport.CodeNotFound, "card_not_found")
		wantError(t, "DeleteCard", tx.DeleteCard(404), walletport.CodeNotFound, "card_not_found")
		_, err := tx.UseNonce(storage.NonceUse{Nonce: storage.Nonce{Issuer: "broken \xff"}})
		wantError(t, "UseNonce", err, walletport.CodeInvalid, "text_malformed")
		err = tx.UpdateCard(1, func(c storage.Card) (storage.Card, error) { return c, errRefused })
		if !errors.Is(err, errRefused) {
			t.Errorf("UpdateCard: got error %v, want that of change", err)
		}
		return changeAll(tx)
	})
	wantAllChanged(t, s)
}

func testUpdateCard(t *testing.T, s storage.Store) {
	mustPut(t, s, card(1, 0), card(2, 0))
	want := card(1, 7)
	want.CustomerID, want.Scheme, want.Status = "", walletport.Visa, walletport.CardStolen
	want.BIN, want.LastFour, want.KEK = "47611200", "0492", "kek/2"
	mustUpdate(t, s, func(tx storage.Tx) error {
		return tx.UpdateCard(1, func(old storage.Card) (storage.Card, error) {
			wantEqual(t, "what change sees", old, card(1, 0))
			next := want
			next.ID, next.Issuer = 2, "second-bank"
			return next, nil
		})
	})
	wantStored(t, s, want, card(2, 0))
	mustUpdate(t, s, func(tx storage.Tx) error { // twice in one transaction: the second sees the first
		for i := range 2 {
			err := tx.UpdateCard(2, func(old storage.Card) (storage.Card, error) {
				wantEqual(t, "what change sees", old, card(2, i))
				return card(2, i+1), nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	bare := storage.Card{CardSummary: walletport.CardSummary{ID: 1, Issuer: "first-bank"}, UpdatedAt: at(0)}
	mustUpdate(t, s, func(tx storage.Tx) error {
		return tx.UpdateCard(1, func(storage.Card) (storage.Card, error) { return storage.Card{UpdatedAt: at(0)}, nil })
	})
	wantStored(t, s, bare, card(2, 2))
}

func testUseInUpdate(t *testing.T, s storage.Store) {
	use := func(n storage.NonceUse, want bool, end error) {
		t.Helper()
		err := s.Update(t.Context(), func(tx storage.Tx) error {
			fresh, err := tx.UseNonce(n)
			wantEqual(t, "fresh", fresh, want)
			return errors.Join(err, end)
		})
		if !errors.Is(err, end) {
			t.Errorf("Update: %v, want %v", err, end)
		}
	}
	use(nonce("one", 5, 0), true, errRefused)
	use(nonce("one", 5, 0), true, nil)
	use(nonce("one", 6, 0), false, nil)
	use(nonce("one", 20, 6), true, nil) // an old use is replaced
	wantReused(t, s, nonce("one", 21, 6))
	wantRecorded(t, s, 1)
}

// testCount has replicas count in one card and in one client: a change that was made of an
// older row would be lost.
func testCount(t *testing.T, open Open) {
	const writers, rounds = 4, 10
	replicas := []storage.Store{open(t), open(t)}
	mustPut(t, replicas[0], card(1, 0))
	mustAdd(t, replicas[0], storage.Client{ID: "one", CreatedAt: at(1)})
	wantNoErrors(t, each(writers, func(i int) error {
		for range rounds {
			err := replicas[i%2].Update(t.Context(), func(tx storage.Tx) error {
				err := tx.UpdateCard(1, func(old storage.Card) (storage.Card, error) {
					old.CustomerID += "x"
					return old, nil
				})
				return errors.Join(err, tx.UpdateClient("one", func(old storage.Client) (storage.Client, error) {
					old.Name += "x"
					return old, nil
				}))
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	counted := len(must(replicas[0].Card(t.Context(), 1))(t, "Card").CustomerID) - len(card(1, 0).CustomerID)
	wantEqual(t, "changes counted in the card", counted, writers*rounds)
	wantEqual(t, "changes counted in the client", len(must(replicas[1].Client(t.Context(), "one"))(t, "Client").Name), writers*rounds)
}

// testOrders has replicas take the same rows in opposite orders: those that wait for each
// other are called again.
func testOrders(t *testing.T, open Open) {
	const writers, rounds = 2, 3
	replicas := []storage.Store{open(t), open(t)}
	mustPut(t, replicas[0], cards(1, 2)...)
	orders := [][]walletport.CardID{{1, 2}, {2, 1}}
	wantNoErrors(t, each(writers, func(i int) error {
		for n := range rounds {
			err := replicas[i].Update(t.Context(), func(tx storage.Tx) error {
				for _, id := range orders[i] {
					err := tx.UpdateCard(id, func(old storage.Card) (storage.Card, error) { old.Product += "x"; return old, nil })
					if err != nil {
						return err
					}
				}
				return tx.AppendAudit(links(fmt.Sprintf("%d-%d", i, n), 1))
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	want := "gold-0" + "xxxxxx"
	for id := walletport.CardID(1); id <= 2; id++ {
		wantEqual(t, "the card after all changes", must(replicas[0].Card(t.Context(), id))(t, "Card").Product, want)
	}
	wantChain(t, replicas[0], writers*rounds)
}

func testConcurrentAdd(t *testing.T, open Open) {
	replicas := []storage.Store{open(t), open(t)}
	added := 0
	for _, err := range each(8, func(i int) error {
		return replicas[i%2].Update(t.Context(), func(tx storage.Tx) error { return tx.AddClient(client("one")) })
	}) {
		if err == nil {
			added++
			continue
		}
		wantError(t, "AddClient", err, walletport.CodeConflict, "client_exists")
	}
	wantEqual(t, "added", added, 1)
}

func testConcurrentUseInUpdate(t *testing.T, open Open) {
	replicas := []storage.Store{open(t), open(t)}
	answers := make([]bool, 8)
	wantNoErrors(t, each(len(answers), func(i int) error {
		return replicas[i%2].Update(t.Context(), func(tx storage.Tx) (err error) {
			answers[i], err = tx.UseNonce(nonce("one", int64(i), 0))
			return err
		})
	}))
	fresh := 0
	for _, answer := range answers {
		if answer {
			fresh++
		}
	}
	wantEqual(t, "fresh", fresh, 1)
}

// testConcurrentRecords has updates of several replicas append beside batches.
func testConcurrentRecords(t *testing.T, open Open) {
	const writers, rounds = 6, 10
	replicas := []storage.Store{open(t), open(t), open(t)}
	mustPut(t, replicas[0], cards(1, writers)...)
	wantNoErrors(t, each(writers, func(i int) error {
		s, id := replicas[i%len(replicas)], walletport.CardID(1+i)
		for n := range rounds {
			var err error
			if link := links(fmt.Sprintf("%d-%d", i, n), 2); i < writers/2 {
				err = s.AppendAudit(t.Context(), link)
			} else {
				err = s.Update(t.Context(), func(tx storage.Tx) error {
					return errors.Join(tx.UpdateCard(id, version(id, n+1)), tx.AppendAudit(link))
				})
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
	wantChain(t, replicas[0], writers*rounds*2)
	want := cards(1, writers)
	for i := writers / 2; i < writers; i++ {
		want[i] = card(want[i].ID, rounds)
	}
	wantStored(t, replicas[0], want...)
}

func testReadDuringUpdate(t *testing.T, open Open) {
	writer, reader := open(t), open(t)
	prepareAll(t, writer)
	changed, read := make(chan struct{}), make(chan struct{})
	updated := make(chan error, 1)
	go func() {
		updated <- writer.Update(t.Context(), func(tx storage.Tx) error {
			err := changeAll(tx)
			close(changed)
			<-read
			return err
		})
	}()
	<-changed
	for _, s := range []storage.Store{writer, reader} {
		wantNothingChanged(t, s)
	}
	close(read)
	wantNoErrors(t, []error{<-updated})
	wantAllChanged(t, reader)
}
