package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sandbox"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
)

// mustPutRequest stores a request of Click to Pay that was accepted some time ago, and has no
// job: nobody brings it further.
func mustPutRequest(t *testing.T, box *sandbox.Sandbox, n int, state storage.RequestState, ago time.Duration) {
	t.Helper()
	now, err := box.Database.Now(t.Context())
	must(t, err)
	key := walletport.CustomerKey{Issuer: "acme", Number: "5003"}
	customer, err := box.Database.Customer(t.Context(), key)
	must(t, err)
	consumer := storage.ConsumerKey{Customer: customer.ID, BID: "123456"}
	must(t, box.Database.Update(t.Context(), func(tx storage.Tx) error {
		err := tx.UpdateConsumer(consumer, key, func(old storage.Consumer) (storage.Consumer, error) {
			old.Open++
			return old, nil
		})
		if err != nil {
			return err
		}
		no, err := tx.AddEnrolmentRequest(storage.EnrolmentRequest{
			ID: fmt.Sprintf("0b5e3f86-2f4e-4c7e-9d0a-%012d", n), Action: walletport.EnrolCard, ConsumerKey: consumer, Issuer: key.Issuer, Number: key.Number, CardID: 1006,
			Print: make([]byte, 32), State: storage.RequestAccepted, AcceptAt: now.Add(-ago), UpdatedAt: now.Add(-ago), By: "ada", Channel: storage.RequestOfAPI,
		})
		if err != nil || state == storage.RequestAccepted {
			return err
		}
		return tx.UpdateEnrolmentRequest(no, func(old storage.EnrolmentRequest) (storage.EnrolmentRequest, error) {
			old.State, old.Sends, old.SentAt, old.Reference = state, 1, now, "trace"
			return old, nil
		})
	}))
}

// TestARequestThatStaysOpenIsAWarning, in whichever state it is.
func TestARequestThatStaysOpenIsAWarning(t *testing.T) {
	box := startSandbox(t)
	s := box.Beside(func(*server.Server) {})
	look := func(wanted ...string) {
		t.Helper()
		s.WatchOpenRequests(t.Context())
		_, page := getPage(t, box, "/metrics")
		for _, want := range wanted {
			if !strings.Contains(string(page), want) {
				t.Errorf("the metrics lack %s", want)
			}
		}
	}
	look(`walletport_clicktopay_requests_open{state="accepted"} 0`, `walletport_clicktopay_request_oldest_seconds{state="in_progress"} 0`)
	mustPutRequest(t, box, 1, storage.RequestInProgress, 14*time.Minute)
	look(`walletport_clicktopay_requests_open{state="in_progress"} 1`, `walletport_clicktopay_request_oldest_seconds{state="in_progress"} 84`)
	if got := warningOf(s, "clicktopay_request_open"); got != "" {
		t.Errorf("of a request of 14 minutes it warns %q", got)
	}
	mustPutRequest(t, box, 2, storage.RequestAccepted, 16*time.Minute)
	look(`walletport_clicktopay_requests_open{state="accepted"} 1`)
	if got := warningOf(s, "clicktopay_request_open"); !strings.HasPrefix(got, "requests of Click to Pay have been open for more than 15m0s, and are accepted: ") {
		t.Errorf("of an old one it warns %q", got)
	}
}
