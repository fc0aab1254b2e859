package vault_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// requestName is the id of the nth request.
func requestName(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// newRequest returns an open request that says something, sealed for it.
func (r rig) newRequest(t testing.TB, issuer walletport.IssuerID, n int) storage.EnrolmentRequest {
	t.Helper()
	return storage.EnrolmentRequest{
		ID: requestName(n), Action: walletport.UpdateCustomer, ConsumerKey: storage.ConsumerKey{Customer: walletport.CustomerID(n), BID: "B1"},
		Issuer: issuer, Number: fmt.Sprint(n), Print: make([]byte, 32), Overrides: r.mustSealOverrides(t, issuer, requestName(n), overrideSay),
		State: storage.RequestAccepted, AcceptAt: now, UpdatedAt: now, Channel: storage.RequestOfAPI,
	}
}

func (r rig) mustAddRequests(t testing.TB, requests ...storage.EnrolmentRequest) {
	t.Helper()
	must(t, r.cards.Update(t.Context(), func(tx storage.Tx) error {
		for _, request := range requests {
			if _, err := tx.AddEnrolmentRequest(request); err != nil {
				return err
			}
		}
		return nil
	}))
}

// manyRequests stores n open requests of acme, which say something.
func (r rig) manyRequests(t testing.TB, n int) {
	t.Helper()
	var requests []storage.EnrolmentRequest
	for i := range n {
		requests = append(requests, r.newRequest(t, "acme", i+1))
	}
	r.mustAddRequests(t, requests...)
}

func (r rig) mustRequest(t testing.TB, n int) storage.EnrolmentRequest {
	t.Helper()
	request, err := r.cards.EnrolmentRequest(t.Context(), requestName(n))
	must(t, err)
	return request
}

func (r rig) mustComplete(t testing.TB, n int) {
	t.Helper()
	must(t, r.cards.Update(t.Context(), func(tx storage.Tx) error {
		return tx.UpdateEnrolmentRequest(r.mustRequest(t, n).No, func(q storage.EnrolmentRequest) (storage.EnrolmentRequest, error) {
			q.State, q.Result, q.EndedAt = storage.RequestCompleted, storage.RequestSucceeded, now.Add(time.Second)
			return q, nil
		})
	}))
}

func TestRewrapMovesOpenRequestsToo(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		const n = 1100 // more than a batch
		r.manyRequests(t, n)
		before := r.mustRequest(t, 1)
		damaged := r.newRequest(t, "acme", n+1)
		damaged.Overrides.WrappedKey = before.Overrides.WrappedKey
		r.mustAddRequests(t, damaged, r.newRequest(t, "globex", n+2))
		r.setState("vault-kek-v1", keys.Retired)
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Issuer: "acme", Version: 2})

		report, err := r.Rewrap(t.Context(), nil)
		wantReason(t, err, "overrides_damaged")
		want := vault.Rewrapped{Moved: n, Failed: 1, Failures: []int64{int64(r.mustRequest(t, n+1).No)}}
		if diff := cmp.Diff(want, report.Of[vault.Requests]); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		if len(report.Left) != 1 || report.Left[0].Issuer != "globex" || report.Left[0].Of[vault.Requests] != 1 {
			t.Errorf("left %+v", report.Left)
		}
		after := r.mustRequest(t, 1)
		if string(after.Overrides.Sealed) != string(before.Overrides.Sealed) || string(after.Overrides.WrappedKey) == string(before.Overrides.WrappedKey) {
			t.Error("what the request says was sealed anew, or its data key was not")
		}
		r.setState("vault-kek-v1", keys.Destroyed)
		for _, i := range []int{1, 500, n} {
			request := r.mustRequest(t, i)
			r.wantOverrides(t, request.Issuer, request.ID, request.Overrides, overrideSay)
		}
		if again, err := r.Rewrap(t.Context(), nil); again.Of[vault.Requests].Moved != 0 {
			t.Errorf("a second re-wrap: %+v, %v", again, err)
		}
	})
}

func TestVerifyNamesRequestsThatDoNotOpen(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.manyRequests(t, 1100) // more than a page
		altered, foreign, silent := r.newRequest(t, "acme", 2001), r.newRequest(t, "globex", 2002), r.newRequest(t, "acme", 2003)
		altered.Overrides.Sealed[40] ^= 1
		foreign.Overrides.KEK = "vault-kek-v9"
		silent.Overrides = storage.SealedOverrides{}
		r.mustAddRequests(t, altered, foreign, silent)
		r.mustComplete(t, 1)
		verified := func(issuer walletport.IssuerID) (report vault.VerifyReport, found []vault.Finding) {
			t.Helper()
			report, err := r.Verify(t.Context(), vault.VerifyOptions{Issuer: issuer, Found: func(f vault.Finding) error {
				found = append(found, f)
				return nil
			}})
			must(t, err)
			return report, found
		}
		report, found := verified("")
		if want := (vault.VerifyCounts{Good: 1099, Altered: 1, WithoutKey: 1}); report.Of[vault.Requests] != want || report.Rows() != want.Rows() {
			t.Errorf("report %+v", report)
		}
		want := []vault.Finding{
			{Request: altered.ID, Issuer: "acme", Reason: "overrides_damaged", Detail: "request under vault-kek-v1: the sealed request does not open"},
			{Request: foreign.ID, Issuer: "globex", Reason: "key_unavailable", Detail: "its key vault-kek-v9 is not in the key store"},
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
		if report, found = verified("globex"); len(found) != 1 || report.Of[vault.Requests].Rows() != 1 {
			t.Errorf("of one issuer: %+v, %+v", report, found)
		}
	})
}

// TestAKeyIsNeededByOpenRequests: by one that says something, until it is completed.
func TestAKeyIsNeededByOpenRequests(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		kek := r.ring()[0]
		wantReason(t, r.CheckUnused(t.Context(), kek), "")
		r.manyRequests(t, 2)
		r.mustComplete(t, 1)
		wantReason(t, r.CheckUnused(t.Context(), kek), "key_in_use")
		checks, err := r.CheckKEKs(t.Context())
		must(t, err)
		if len(checks) != 1 || checks[0].KEK != kek.ID || checks[0].Err != nil {
			t.Errorf("keys %+v", checks)
		}
		r.keys.Replace(keys.NewRing([]*keys.Key{{Meta: kek.Meta, KEK: anotherKEK(t)}}))
		foreign, err := r.ForeignKEKs(t.Context())
		must(t, err)
		if checks, err = r.CheckKEKs(t.Context()); err != nil || !foreign[kek.ID] || walletport.ReasonOf(checks[0].Err) != "overrides_damaged" {
			t.Errorf("another key of that name: foreign %v, keys %+v, %v", foreign, checks, err)
		}
		r.mustComplete(t, 2)
		wantReason(t, r.CheckUnused(t.Context(), kek), "")
	})
}

func anotherKEK(t testing.TB) keys.KEK {
	t.Helper()
	kek, err := keys.NewKEK(make([]byte, 32))
	must(t, err)
	return kek
}
