package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

const sealedRequest = "0b9f3c52-6f1e-4a5e-9d55-3f2f0a1c7e10"

// mustStoreRequest stores an open request of acme that says something; it is sealed for the
// request of sealedFor.
func mustStoreRequest(t *testing.T, at location, id, sealedFor string) {
	t.Helper()
	must(t, at.operate(t.Context(), func(ctx context.Context, o *operator) error {
		v, err := o.vault()
		if err != nil {
			return err
		}
		request := storage.EnrolmentRequest{
			ID: id, Action: walletport.UpdateCustomer, ConsumerKey: storage.ConsumerKey{Customer: 1, BID: "123456"},
			Issuer: "acme", Number: "5001", State: storage.RequestAccepted, AcceptAt: time.UnixMilli(1), UpdatedAt: time.UnixMilli(1), Channel: storage.RequestOfAPI,
		}
		if request.Overrides, err = v.SealOverrides("acme", sealedFor, []byte("ada@lovelace.example")); err != nil {
			return err
		}
		return o.db.Update(ctx, func(tx storage.Tx) error {
			_, err := tx.AddEnrolmentRequest(request)
			return err
		})
	}))
}

// TestAKeyOfRequestsIsRotated takes the key of two open requests, of which one was altered in
// the database, through its whole life.
func TestAKeyOfRequestsIsRotated(t *testing.T) {
	at := mustProduction(t)
	mustStoreRequest(t, at, sealedRequest, sealedRequest)
	run := saying(t, at)
	run(exitOK, []string{"1 requests: 1 good, 0 altered, 0 without a key\n"}, "vault", "verify")
	run(exitOK, nil, "keys", "generate", "vault-kek", "--activate")
	run(exitOK, nil, "keys", "retire", "vault-kek-v1")
	run(exitFault, []string{"key_in_use"}, "keys", "destroy", "vault-kek-v1", "--yes")
	run(exitOK, []string{"1 data keys of requests moved, 0 failed, 0 left\n"}, "cards", "rewrap")
	run(exitOK, nil, "keys", "destroy", "vault-kek-v1", "--yes")
	run(exitOK, []string{"1 requests: 1 good"}, "vault", "verify")

	const altered = "7d2c1b7e-90aa-4c43-8f0e-2f5a9be0d7c4"
	mustStoreRequest(t, at, altered, sealedRequest)
	finding := "altered: request " + altered + " of acme: request under vault-kek-v2: the data key does not unwrap\n"
	run(exitFault, []string{finding, "2 requests: 1 good, 1 altered, 0 without a key\n"}, "vault", "verify")
	lines := strings.Split(strings.TrimSpace(run(exitFault, nil, "vault", "verify", "--json")), "\n")
	var found struct{ RequestID, Check string }
	var counts struct{ Requests map[string]int64 }
	must(t, json.Unmarshal([]byte(lines[0]), &found))
	must(t, json.Unmarshal([]byte(lines[len(lines)-1]), &counts))
	if found.RequestID != altered || found.Check != checkAltered || counts.Requests["good"] != 1 || counts.Requests["altered"] != 1 {
		t.Errorf("as JSON: %v", lines)
	}
	run(exitOK, nil, "keys", "generate", "vault-kek", "--activate")
	run(exitFault, []string{"the request of row 2 does not unwrap\n", "1 data keys of requests moved, 1 failed, 0 left\n", "overrides_damaged"}, "cards", "rewrap")
	if out := run(exitFault, nil, "vault", "verify"); strings.Contains(out, "lovelace") {
		t.Error("a command tells what a request says")
	}
}
