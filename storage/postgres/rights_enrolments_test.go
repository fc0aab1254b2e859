package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// TestTheGrantsAreEnoughForClickToPay does as the serving role what serve does to requests.
func TestTheGrantsAreEnoughForClickToPay(t *testing.T) {
	role := openRole(t)
	role.grant(t)
	server, err := role.open(t)
	if err != nil {
		t.Fatal(err)
	}
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	customer := walletport.CustomerKey{Issuer: "acme", Number: "1"}
	key := storage.ConsumerKey{Customer: 1, BID: "123456"}
	refused := errors.New("refused")
	accept := func(answer error) (no storage.RequestNo, err error) {
		err = server.Update(t.Context(), func(tx storage.Tx) error {
			err := tx.UpdateConsumer(key, customer, func(c storage.Consumer) (storage.Consumer, error) { c.Open++; return c, answer })
			if err != nil {
				return err
			}
			no, err = tx.AddEnrolmentRequest(storage.EnrolmentRequest{
				ID: "id", Action: walletport.DeleteCustomer, ConsumerKey: key, Issuer: "acme", Number: "1",
				State: storage.RequestAccepted, AcceptAt: time.UnixMilli(1),
			})
			return err
		})
		return no, err
	}
	if _, err := accept(refused); !errors.Is(err, refused) {
		t.Fatalf("a consumer that is not made: %v", err)
	}
	no, err := accept(nil)
	must("a request", err)
	must("its end", server.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateEnrolmentRequest(no, func(r storage.EnrolmentRequest) (storage.EnrolmentRequest, error) {
			r.State, r.Result, r.EndedAt = storage.RequestCompleted, storage.RequestSucceeded, time.UnixMilli(2)
			return r, nil
		})
	}))
	deleted, err := server.DeleteEnrolmentRequests(t.Context(), time.UnixMilli(3), 9)
	if must("the deletion", err); deleted != 1 {
		t.Errorf("%d requests were deleted", deleted)
	}
	_, err = server.OptOuts(t.Context(), "acme", []string{"1"})
	must("opt-outs", err)
	err = server.Update(t.Context(), func(tx storage.Tx) error {
		_, err := tx.PutOptOut(storage.OptOut{CustomerKey: customer, At: time.UnixMilli(1)})
		return err
	})
	if err == nil {
		t.Error("serve may opt a customer out, which is for commands")
	}
}
