package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func testEnrolments(t *testing.T, database NewDatabase) {
	withStore(t, database, "a request comes back as it was added", testAddRequest)
	withStore(t, database, "a request goes through its states", testUpdateRequest)
	withStore(t, database, "what was asked stays as it is", testRequestStays)
	withStore(t, database, "a completed request has nothing sealed and is not opened again", testCompletedRequest)
	withStore(t, database, "requests that nobody should have added are refused", testWrongRequests)
	withStore(t, database, "changes that nobody should make are refused", testWrongRequestChanges)
	withStore(t, database, "unknown requests are not found", testUnknownRequests)
	withStore(t, database, "requests are listed by what they are", testListRequests)
	withStore(t, database, "open requests are counted", testOpenRequests)
	withStore(t, database, "old requests are deleted, the oldest first", testDeleteRequests)
	withStore(t, database, "requests are found by what is sealed", testSealedRequests)
	withStore(t, database, "a re-wrap of requests replaces only the key it knows", testRewrapRequests)
	t.Run("numbers of one consumer follow the commits", func(t *testing.T) { testRequestNumbers(t, database(t)) })
	t.Run("of changes of one request at once each counts", func(t *testing.T) { testRequestCount(t, database(t)) })
}

func requestID(n int) string { return fmt.Sprintf("0192f0c1-2b1e-4c3a-9d55-%012d", n) }

// request makes a request whose columns all differ.
func request(n int) storage.EnrolmentRequest {
	return storage.EnrolmentRequest{
		ID:          requestID(n),
		Action:      walletport.EnrolCard,
		ConsumerKey: consumerKey(n),
		Issuer:      customerKey(n).Issuer,
		Number:      customerKey(n).Number,
		CardID:      walletport.CardID(100 + n),
		Print:       fmt.Appendf(nil, "print %d", n),
		Overrides:   storage.SealedOverrides{Sealed: fmt.Appendf(nil, "sealed %d", n), WrappedKey: fmt.Appendf(nil, "key %d", n), KEK: "kek/1"},
		State:       storage.RequestAccepted,
		AcceptAt:    at(int64(n)),
		UpdatedAt:   at(int64(n) + 1),
		By:          "someone@example.com",
		Client:      "client",
		Channel:     storage.RequestOfAPI,
	}
}

// plainRequest says nothing beyond what is stored.
func plainRequest(n int) storage.EnrolmentRequest {
	r := request(n)
	r.Overrides = storage.SealedOverrides{}
	return r
}

// mustAddRequests adds requests and returns them with their numbers.
func mustAddRequests(t testing.TB, s storage.Store, requests ...storage.EnrolmentRequest) []storage.EnrolmentRequest {
	t.Helper()
	added := slices.Clone(requests)
	mustUpdate(t, s, func(tx storage.Tx) (err error) {
		for i := range added {
			if added[i].No, err = tx.AddEnrolmentRequest(requests[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return added
}

func edited(change func(*storage.EnrolmentRequest)) func(storage.EnrolmentRequest) (storage.EnrolmentRequest, error) {
	return func(r storage.EnrolmentRequest) (storage.EnrolmentRequest, error) { change(&r); return r, nil }
}

func mustUpdateRequest(t testing.TB, s storage.Store, no storage.RequestNo, change func(*storage.EnrolmentRequest)) {
	t.Helper()
	mustUpdate(t, s, func(tx storage.Tx) error { return tx.UpdateEnrolmentRequest(no, edited(change)) })
}

// The changes of a request on its way.
func sent(r *storage.EnrolmentRequest) {
	r.State, r.Sends, r.SentAt, r.UpdatedAt = storage.RequestSent, r.Sends+1, at(50), at(51)
}

func taken(r *storage.EnrolmentRequest) {
	r.State, r.Reference, r.UpdatedAt = storage.RequestInProgress, "trace id: not a UUID", at(52)
}

func succeeded(r *storage.EnrolmentRequest) {
	r.State, r.Result, r.UpdatedAt, r.EndedAt = storage.RequestCompleted, storage.RequestSucceeded, at(60), at(60)
	r.Print, r.Overrides = nil, storage.SealedOverrides{}
}

func failed(r *storage.EnrolmentRequest) {
	succeeded(r)
	r.Result = storage.RequestFailed
	r.Faults = []storage.RequestFault{{Field: "contactInformation.email[0]", Reason: "VIDC-1010", Message: "the \"e-mail\" is malformed"}, {Reason: "clicktopay_gave_up", Message: "zürich"}}
}

func wantRequest(t testing.TB, s storage.Store, want storage.EnrolmentRequest) {
	t.Helper()
	wantEqual(t, "request", must(s.EnrolmentRequest(t.Context(), want.ID))(t, "EnrolmentRequest"), want)
	wantEqual(t, "request by number", must(s.EnrolmentRequestByNo(t.Context(), want.No))(t, "EnrolmentRequestByNo"), want)
}

func testAddRequest(t *testing.T, s storage.Store) {
	bare := storage.EnrolmentRequest{
		ID: requestID(9), Action: walletport.DeleteCustomer, ConsumerKey: consumerKey(1), Issuer: "first-bank", Number: "customer-1",
		State: storage.RequestAccepted, AcceptAt: at(1),
	}
	odd := request(2)
	odd.No = 77 // is not looked at
	added := mustAddRequests(t, s, request(1), odd, bare)
	last := storage.RequestNo(0)
	for _, r := range added {
		if r.No <= last {
			t.Errorf("number %d comes after %d", r.No, last)
		}
		last = r.No
		wantRequest(t, s, r)
	}
	err := s.Update(t.Context(), func(tx storage.Tx) error {
		_, err := tx.AddEnrolmentRequest(request(3))
		return errors.Join(err, errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	if again := mustAddRequests(t, s, request(3))[0]; again.No <= last {
		t.Errorf("number %d comes after %d", again.No, last)
	}
}

func testUpdateRequest(t *testing.T, s storage.Store) {
	r := mustAddRequests(t, s, request(1), request(2))[0]
	for _, step := range []func(*storage.EnrolmentRequest){sent, taken, sent, taken, failed} {
		mustUpdateRequest(t, s, r.No, step)
		step(&r)
		wantRequest(t, s, r)
	}
	wantEqual(t, "sends", r.Sends, 2)
	other := request(2)
	other.No = r.No + 1
	wantRequest(t, s, other)
	mustUpdateRequest(t, s, other.No, succeeded)
	succeeded(&other)
	wantRequest(t, s, other)
	wantRequest(t, s, r)
}

func testRequestStays(t *testing.T, s storage.Store) {
	r := mustAddRequests(t, s, request(1))[0]
	mustUpdateRequest(t, s, r.No, func(r *storage.EnrolmentRequest) {
		other := request(5)
		other.No = 404
		sent(&other)
		*r = other
	})
	sent(&r)
	wantRequest(t, s, r)
	mustUpdateRequest(t, s, r.No, func(r *storage.EnrolmentRequest) { r.Overrides = storage.SealedOverrides{} })
	r.Overrides = storage.SealedOverrides{}
	wantRequest(t, s, r)
	mustUpdateRequest(t, s, r.No, func(r *storage.EnrolmentRequest) { r.Overrides = request(1).Overrides })
	wantRequest(t, s, r)
	mustUpdateRequest(t, s, r.No, func(r *storage.EnrolmentRequest) { r.Print = nil })
	r.Print = nil
	wantRequest(t, s, r)
}

func testCompletedRequest(t *testing.T, s storage.Store) {
	r := mustAddRequests(t, s, request(1))[0]
	mustUpdateRequest(t, s, r.No, func(r *storage.EnrolmentRequest) {
		failed(r)
		r.Print, r.Overrides = request(1).Print, request(1).Overrides
	})
	failed(&r)
	wantRequest(t, s, r)
	mustUpdateRequest(t, s, r.No, func(r *storage.EnrolmentRequest) { r.Reference = "later" })
	r.Reference = "later"
	wantRequest(t, s, r)
	err := s.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateEnrolmentRequest(r.No, edited(func(r *storage.EnrolmentRequest) {
			r.Result, r.Faults, r.EndedAt = "", nil, time.Time{}
			sent(r)
		}))
	})
	if walletport.CodeOf(err) != walletport.CodeInternal {
		t.Errorf("UpdateEnrolmentRequest opens one again: %v", err)
	}
	wantRequest(t, s, r)
	wantEqual(t, "open", listed(t, s, storage.RequestFilter{IsOpen: true}, 0, 9), []string{})
}

func testWrongRequests(t *testing.T, s storage.Store) {
	for _, c := range []struct {
		name string
		code walletport.Code
		make func(*storage.EnrolmentRequest)
	}{
		{"a zero character", walletport.CodeInvalid, func(r *storage.EnrolmentRequest) { r.Number = "zero \x00" }},
		{"broken UTF-8", walletport.CodeInvalid, func(r *storage.EnrolmentRequest) { r.By = "broken \xff" }},
		{"no id", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.ID = "" }},
		{"no action", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.Action = "" }},
		{"no customer", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.Customer = 0 }},
		{"no BID", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.BID = "" }},
		{"no state", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.State = "" }},
		{"no time", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.AcceptAt = time.Time{} }},
		{"a seal without a key", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.Overrides.WrappedKey = nil }},
		{"a seal without the id of a key", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.Overrides.KEK = "" }},
		{"a key without a seal", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.Overrides.Sealed = nil }},
		{"a result", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.Result = storage.RequestFailed }},
		{"one that is completed", walletport.CodeInternal, succeeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := request(1)
			c.make(&bad)
			mustUpdate(t, s, func(tx storage.Tx) error { // the transaction may go on
				if _, err := tx.AddEnrolmentRequest(bad); walletport.CodeOf(err) != c.code {
					t.Errorf("AddEnrolmentRequest: %v, want an error of the code %s", err, c.code)
				}
				return nil
			})
			wantEqual(t, "requests", listed(t, s, storage.RequestFilter{}, 0, 9), []string{})
		})
	}
}

func testWrongRequestChanges(t *testing.T, s storage.Store) {
	r := mustAddRequests(t, s, request(1))[0]
	for _, c := range []struct {
		name string
		code walletport.Code
		make func(*storage.EnrolmentRequest)
	}{
		{"broken UTF-8", walletport.CodeInvalid, func(r *storage.EnrolmentRequest) { r.Reference = "broken \xff" }},
		{"a fault with a zero character", walletport.CodeInvalid, func(r *storage.EnrolmentRequest) { failed(r); r.Faults[0].Field = "\x00" }},
		{"a card number in a fault", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { failed(r); r.Faults[0].Message = "of 5204247750001471" }},
		{"a result without an end", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { failed(r); r.EndedAt = time.Time{} }},
		{"an end without a result", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { failed(r); r.Result = "" }},
		{"a success with faults", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { failed(r); r.Result = storage.RequestSucceeded }},
		{"faults of one that goes on", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.Faults = []storage.RequestFault{{Reason: "x"}} }},
		{"no state", walletport.CodeInternal, func(r *storage.EnrolmentRequest) { r.State = "done" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			mustUpdate(t, s, func(tx storage.Tx) error { // the transaction may go on
				if err := tx.UpdateEnrolmentRequest(r.No, edited(c.make)); walletport.CodeOf(err) != c.code {
					t.Errorf("UpdateEnrolmentRequest: %v, want an error of the code %s", err, c.code)
				}
				return nil
			})
			wantRequest(t, s, r)
		})
	}
	refuse := func(r storage.EnrolmentRequest) (storage.EnrolmentRequest, error) { sent(&r); return r, errRefused }
	err := s.Update(t.Context(), func(tx storage.Tx) error { return tx.UpdateEnrolmentRequest(r.No, refuse) })
	if err != errRefused { //nolint:errorlint // as it is
		t.Errorf("UpdateEnrolmentRequest: %v, want the error of change as it is", err)
	}
	wantRequest(t, s, r)
}

func testUnknownRequests(t *testing.T, s storage.Store) {
	mustAddRequests(t, s, request(1))
	for _, id := range []string{"", requestID(2), "not a UUID", "\x00", "\xff"} {
		_, err := s.EnrolmentRequest(t.Context(), id)
		wantError(t, "EnrolmentRequest", err, walletport.CodeNotFound, "enrolment_request_not_found")
	}
	_, err := s.EnrolmentRequestByNo(t.Context(), 404)
	wantError(t, "EnrolmentRequestByNo", err, walletport.CodeNotFound, "enrolment_request_not_found")
	mustUpdate(t, s, func(tx storage.Tx) error {
		wantError(t, "UpdateEnrolmentRequest", tx.UpdateEnrolmentRequest(404, edited(sent)), walletport.CodeNotFound, "enrolment_request_not_found")
		return nil
	})
}

// testRequestNumbers has replicas accept requests of one consumer at once: each sees the one
// before, which has a lower number.
func testRequestNumbers(t *testing.T, open Open) {
	const writers, rounds = 4, 5
	replicas := []storage.Store{open(t), open(t)}
	wantNoErrors(t, each(writers, func(i int) error {
		for n := range rounds {
			r := plainRequest(1)
			r.ID = requestID(100*i + n)
			err := replicas[i%2].Update(t.Context(), func(tx storage.Tx) error {
				err := tx.UpdateConsumer(consumerKey(1), customerKey(1), func(c storage.Consumer) (storage.Consumer, error) {
					c.Open++
					r.Sends = c.Open // which of all it is
					return c, nil
				})
				if err != nil {
					return err
				}
				_, err = tx.AddEnrolmentRequest(r)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	all := must(replicas[0].EnrolmentRequestsBefore(t.Context(), storage.RequestFilter{}, 0, 99))(t, "EnrolmentRequestsBefore")
	wantEqual(t, "requests", len(all), writers*rounds)
	for i, r := range all {
		wantEqual(t, fmt.Sprintf("place of number %d", r.No), r.Sends, len(all)-i)
	}
}

// testRequestCount makes each of many changes of what the one before left.
func testRequestCount(t *testing.T, open Open) {
	const writers, rounds = 4, 5
	replicas := []storage.Store{open(t), open(t)}
	r := mustAddRequests(t, replicas[0], request(1))[0]
	wantNoErrors(t, each(writers, func(i int) error {
		for range rounds {
			err := replicas[i%2].Update(t.Context(), func(tx storage.Tx) error { return tx.UpdateEnrolmentRequest(r.No, edited(sent)) })
			if err != nil {
				return err
			}
		}
		return nil
	}))
	wantEqual(t, "sends", must(replicas[1].EnrolmentRequest(t.Context(), r.ID))(t, "EnrolmentRequest").Sends, writers*rounds)
}
