package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testConsumers(t *testing.T, database NewDatabase) {
	withStore(t, database, "a consumer comes back as it was stored", testUpdateConsumer)
	withStore(t, database, "one row for customer and BID", testOneConsumer)
	withStore(t, database, "a refusal makes no consumer and changes none", testRefusedConsumer)
	withStore(t, database, "consumers that nobody should have stored are refused", testWrongConsumers)
	withStore(t, database, "unknown consumers are not found", testUnknownConsumers)
	withStore(t, database, "consumers are listed by customers and page by page", testListConsumers)
	withStore(t, database, "who wants no Click to Pay is remembered until it is withdrawn", testOptOuts)
	withStore(t, database, "opt-outs that nobody should have put are refused", testWrongOptOuts)
	t.Run("who makes the same consumer second waits for the first", func(t *testing.T) { testConsumerMadeTwice(t, database(t)) })
	t.Run("who waited for a consumer that was not made makes it", func(t *testing.T) { testConsumerNotMade(t, database(t)) })
	t.Run("of changes of one consumer at once each counts", func(t *testing.T) { testConsumerCount(t, database(t)) })
	t.Run("one of many replicas opts a customer out", func(t *testing.T) { testConcurrentOptOut(t, database(t)) })
}

func consumerKey(n int) storage.ConsumerKey {
	return storage.ConsumerKey{Customer: walletport.CustomerID(n), BID: "123456"}
}

// consumer makes a consumer whose columns all differ. version changes its content.
func consumer(n, version int) storage.Consumer {
	return storage.Consumer{
		ConsumerKey: consumerKey(n),
		Issuer:      customerKey(n).Issuer,
		Number:      customerKey(n).Number,
		IsEnrolled:  version%2 == 1,
		IsInactive:  version%3 == 1,
		Cards: []storage.ConsumerCard{
			{ID: 3, State: storage.CardEnrolled, Since: at(int64(version))},
			{ID: 12, State: storage.CardRefused, Reason: "VIDC-7000", Since: at(7)},
			{ID: 40, State: storage.CardAsked},
		},
		AsOf: at(int64(10 * version)),
		Open: 1 + version,
		Last: storage.LastRequest{ID: requestID(n), Print: []byte{1, byte(n)}, IsOpen: true},
	}
}

// becomes makes the consumer that version.
func becomes(n, version int) func(storage.Consumer) (storage.Consumer, error) {
	return func(storage.Consumer) (storage.Consumer, error) { return consumer(n, version), nil }
}

func mustConsumer(t testing.TB, s storage.Store, n, version int) {
	t.Helper()
	mustUpdate(t, s, func(tx storage.Tx) error {
		return tx.UpdateConsumer(consumerKey(n), customerKey(n), becomes(n, version))
	})
}

func wantConsumer(t testing.TB, s storage.Store, want storage.Consumer) {
	t.Helper()
	wantEqual(t, "consumer", must(s.Consumer(t.Context(), want.ConsumerKey))(t, "Consumer"), want)
}

func testUpdateConsumer(t *testing.T, s storage.Store) {
	mustUpdate(t, s, func(tx storage.Tx) error {
		return tx.UpdateConsumer(consumerKey(1), customerKey(1), func(old storage.Consumer) (storage.Consumer, error) {
			wantEqual(t, "a new consumer", old, storage.Consumer{ConsumerKey: consumerKey(1), Issuer: "first-bank", Number: "customer-1"})
			return old, nil
		})
	})
	wantConsumer(t, s, storage.Consumer{ConsumerKey: consumerKey(1), Issuer: "first-bank", Number: "customer-1"})
	mustConsumer(t, s, 1, 1)
	wantConsumer(t, s, consumer(1, 1))
	mustUpdate(t, s, func(tx storage.Tx) error {
		return tx.UpdateConsumer(consumerKey(1), customerKey(9), func(old storage.Consumer) (storage.Consumer, error) {
			wantEqual(t, "the consumer that is changed", old, consumer(1, 1))
			next := consumer(9, 4) // of another key, issuer and number
			next.Issuer = "second-bank"
			next.Cards[0], next.Cards[2] = next.Cards[2], next.Cards[0]
			return next, nil
		})
	})
	want := consumer(1, 4)
	want.Last = consumer(9, 4).Last
	wantConsumer(t, s, want)
	mustUpdate(t, s, func(tx storage.Tx) error { // what one change wrote the next one sees
		return errors.Join(tx.UpdateConsumer(consumerKey(2), customerKey(2), becomes(2, 1)),
			tx.UpdateConsumer(consumerKey(2), customerKey(2), func(old storage.Consumer) (storage.Consumer, error) {
				wantEqual(t, "the consumer of this transaction", old, consumer(2, 1))
				old.Cards, old.Last, old.AsOf = nil, storage.LastRequest{ID: "last"}, consumer(2, 1).Cards[2].Since
				return old, nil
			}))
	})
	want = consumer(2, 1)
	want.Cards, want.Last, want.AsOf = nil, storage.LastRequest{ID: "last"}, want.Cards[2].Since
	wantConsumer(t, s, want)
}

func testOneConsumer(t *testing.T, s storage.Store) {
	other := consumer(1, 2)
	other.BID = "654321"
	mustConsumer(t, s, 1, 1)
	mustUpdate(t, s, func(tx storage.Tx) error {
		return tx.UpdateConsumer(other.ConsumerKey, customerKey(1), func(old storage.Consumer) (storage.Consumer, error) {
			wantEqual(t, "open of another BID", old.Open, 0)
			return other, nil
		})
	})
	wantConsumer(t, s, consumer(1, 1))
	wantConsumer(t, s, other)
}

func testRefusedConsumer(t *testing.T, s storage.Store) {
	mustConsumer(t, s, 1, 1)
	refuse := func(storage.Consumer) (storage.Consumer, error) { return consumer(1, 2), errRefused }
	mustUpdate(t, s, func(tx storage.Tx) error { // the transaction may go on
		for n := 1; n <= 2; n++ {
			if err := tx.UpdateConsumer(consumerKey(n), customerKey(n), refuse); err != errRefused { //nolint:errorlint // as it is
				t.Errorf("UpdateConsumer: %v, want the error of change as it is", err)
			}
		}
		return tx.UpdateConsumer(consumerKey(3), customerKey(3), becomes(3, 1))
	})
	wantConsumer(t, s, consumer(1, 1))
	wantConsumer(t, s, consumer(3, 1))
	_, err := s.Consumer(t.Context(), consumerKey(2))
	wantError(t, "Consumer", err, walletport.CodeNotFound, "consumer_not_found")
	mustConsumer(t, s, 2, 1)
	wantConsumer(t, s, consumer(2, 1))
}

func testWrongConsumers(t *testing.T, s storage.Store) {
	for _, c := range []struct {
		name string
		code walletport.Code
		make func(*storage.Consumer)
	}{
		{"a zero character", walletport.CodeInvalid, func(c *storage.Consumer) { c.Last.ID = "zero \x00" }},
		{"broken UTF-8", walletport.CodeInvalid, func(c *storage.Consumer) { c.Cards[0].Reason = "broken \xff" }},
		{"a card without an id", walletport.CodeInternal, func(c *storage.Consumer) { c.Cards[0].ID = 0 }},
		{"a card without a state", walletport.CodeInternal, func(c *storage.Consumer) { c.Cards[1].State = "" }},
		{"a card twice", walletport.CodeInternal, func(c *storage.Consumer) { c.Cards[0].ID = 40 }},
		{"a card number as the reason", walletport.CodeInternal, func(c *storage.Consumer) { c.Cards[0].Reason = "of 5204247750001471" }},
		{"less than no open requests", walletport.CodeInternal, func(c *storage.Consumer) { c.Open = -1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			mustUpdate(t, s, func(tx storage.Tx) error { // the transaction may go on
				err := tx.UpdateConsumer(consumerKey(1), customerKey(1), func(storage.Consumer) (storage.Consumer, error) {
					bad := consumer(1, 1)
					c.make(&bad)
					return bad, nil
				})
				if walletport.CodeOf(err) != c.code {
					t.Errorf("UpdateConsumer: %v, want an error of the code %s", err, c.code)
				}
				return nil
			})
			_, err := s.Consumer(t.Context(), consumerKey(1))
			wantError(t, "Consumer", err, walletport.CodeNotFound, "consumer_not_found")
		})
	}
}

func testUnknownConsumers(t *testing.T, s storage.Store) {
	mustConsumer(t, s, 1, 1)
	for _, key := range []storage.ConsumerKey{{}, consumerKey(2), {Customer: 1, BID: "1234567"}, {Customer: 1, BID: "1\x00"}, {Customer: 1, BID: "\xff"}} {
		_, err := s.Consumer(t.Context(), key)
		wantError(t, "Consumer", err, walletport.CodeNotFound, "consumer_not_found")
	}
	for _, bid := range []string{"1\x00", "\xff"} {
		err := s.Update(t.Context(), func(tx storage.Tx) error {
			return tx.UpdateConsumer(storage.ConsumerKey{Customer: 1, BID: bid}, customerKey(1), becomes(1, 1))
		})
		wantError(t, "UpdateConsumer", err, walletport.CodeInvalid, "text_malformed")
		wantEqual(t, "consumers after it", len(must(s.ConsumersAfter(t.Context(), "first-bank", storage.ConsumerKey{Customer: 1, BID: bid}, 9))(t, "ConsumersAfter")), 0)
	}
	err := s.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateConsumer(storage.ConsumerKey{Customer: 0, BID: "1"}, customerKey(1), becomes(1, 1))
	})
	if walletport.CodeOf(err) != walletport.CodeInternal {
		t.Errorf("UpdateConsumer of nobody: %v", err)
	}
}

// named are the keys of consumers, as "customer/BID".
func named(consumers []storage.Consumer) []string {
	names := []string{}
	for i := range consumers {
		names = append(names, fmt.Sprintf("%d/%s", consumers[i].Customer, consumers[i].BID))
	}
	return names
}

func testListConsumers(t *testing.T, s storage.Store) {
	for _, c := range []struct {
		customer int
		bid      string
		issuer   walletport.IssuerID
	}{{2, "B", "first-bank"}, {10, "A", "first-bank"}, {2, "A", "first-bank"}, {1, "C", "first-bank"}, {3, "A", "second-bank"}} {
		key := storage.ConsumerKey{Customer: walletport.CustomerID(c.customer), BID: c.bid}
		mustUpdate(t, s, func(tx storage.Tx) error {
			return tx.UpdateConsumer(key, walletport.CustomerKey{Issuer: c.issuer, Number: "number"}, func(old storage.Consumer) (storage.Consumer, error) {
				return old, nil
			})
		})
	}
	of := func(customers ...walletport.CustomerID) []string {
		t.Helper()
		return named(must(s.ConsumersOf(t.Context(), customers))(t, "ConsumersOf"))
	}
	wantEqual(t, "of three customers", of(10, 2, 404, 2, 1), []string{"1/C", "2/A", "2/B", "10/A"})
	wantEqual(t, "of nobody", of(), []string{})
	after := func(issuer walletport.IssuerID, customer walletport.CustomerID, bid string, limit int) []string {
		t.Helper()
		return named(must(s.ConsumersAfter(t.Context(), issuer, storage.ConsumerKey{Customer: customer, BID: bid}, limit))(t, "ConsumersAfter"))
	}
	wantEqual(t, "all", after("first-bank", 0, "", 9), []string{"1/C", "2/A", "2/B", "10/A"})
	wantEqual(t, "a page", after("first-bank", 0, "", 2), []string{"1/C", "2/A"})
	wantEqual(t, "the next page", after("first-bank", 2, "A", 2), []string{"2/B", "10/A"})
	wantEqual(t, "of another issuer", after("second-bank", 0, "", 9), []string{"3/A"})
	wantEqual(t, "of nobody", after("third-bank", 0, "", 9), []string{})
	wantEqual(t, "of an issuer that no engine keeps", after("\xff", 0, "", 9), []string{})
	wantEqual(t, "a limit below 0", after("first-bank", 0, "", -1), []string{})
}

// secondComes is how long the first one waits until the second has most likely come to the
// row. Where it has not, it finds the row as if it had waited.
const secondComes = 50 * time.Millisecond

// testConsumerMadeTwice has a second replica make a consumer while the first one does.
func testConsumerMadeTwice(t *testing.T, open Open) {
	first, second := open(t), open(t)
	begun, done := make(chan struct{}), make(chan error, 1)
	mustUpdate(t, first, func(tx storage.Tx) error {
		if err := tx.UpdateConsumer(consumerKey(1), customerKey(1), becomes(1, 1)); err != nil {
			return err
		}
		go func() {
			close(begun)
			done <- second.Update(t.Context(), func(tx storage.Tx) error {
				return tx.UpdateConsumer(consumerKey(1), customerKey(1), func(old storage.Consumer) (storage.Consumer, error) {
					wantEqual(t, "the consumer that the second sees", old, consumer(1, 1))
					return consumer(1, 2), nil
				})
			})
		}()
		<-begun
		time.Sleep(secondComes)
		return nil
	})
	wantNoErrors(t, []error{<-done})
	wantConsumer(t, first, consumer(1, 2))
}

// testConsumerNotMade has the first replica give up the consumer that the second waits for.
func testConsumerNotMade(t *testing.T, open Open) {
	first, second := open(t), open(t)
	begun, done := make(chan struct{}), make(chan error, 1)
	err := first.Update(t.Context(), func(tx storage.Tx) error {
		err := tx.UpdateConsumer(consumerKey(1), customerKey(1), becomes(1, 1))
		go func() {
			close(begun)
			done <- second.Update(t.Context(), func(tx storage.Tx) error {
				return tx.UpdateConsumer(consumerKey(1), customerKey(1), func(old storage.Consumer) (storage.Consumer, error) {
					wantEqual(t, "open requests of a new consumer", old.Open, 0)
					return consumer(1, 2), nil
				})
			})
		}()
		<-begun
		time.Sleep(secondComes)
		return errors.Join(err, errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	wantNoErrors(t, []error{<-done})
	wantConsumer(t, first, consumer(1, 2))
}

// testConsumerCount has replicas count in one consumer, which all of them make at first.
func testConsumerCount(t *testing.T, open Open) {
	const writers, rounds = 6, 5
	replicas := []storage.Store{open(t), open(t)}
	wantNoErrors(t, each(writers, func(i int) error {
		for range rounds {
			err := replicas[i%2].Update(t.Context(), func(tx storage.Tx) error {
				return tx.UpdateConsumer(consumerKey(1), customerKey(1), func(c storage.Consumer) (storage.Consumer, error) {
					c.Open++
					return c, nil
				})
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	wantEqual(t, "changes", must(replicas[0].Consumer(t.Context(), consumerKey(1)))(t, "Consumer").Open, writers*rounds)
}
