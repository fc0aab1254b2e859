package storagetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// listed are the requests that f takes, by their places in the order in which they were added.
func listed(t testing.TB, s storage.Store, f storage.RequestFilter, before storage.RequestNo, limit int) []string {
	t.Helper()
	return requestNames(must(s.EnrolmentRequestsBefore(t.Context(), f, before, limit))(t, "EnrolmentRequestsBefore"))
}

func requestNames(requests []storage.EnrolmentRequest) []string {
	names := []string{}
	for i := range requests {
		names = append(names, requests[i].ID[len(requests[i].ID)-1:])
	}
	return names
}

// variety has a request of each state and result, of three customers and two issuers.
func variety(t testing.TB, s storage.Store) []storage.EnrolmentRequest {
	t.Helper()
	var requests []storage.EnrolmentRequest
	for n := 1; n <= 8; n++ {
		r := request(n)
		r.Customer = 1
		switch n {
		case 3, 6:
			r.Customer = 2
		case 5, 8:
			r.Customer, r.Issuer = 3, "second-bank"
		}
		requests = append(requests, r)
	}
	requests = mustAddRequests(t, s, requests...)
	steps := map[int]func(*storage.EnrolmentRequest){2: sent, 3: failed, 4: taken, 5: failed, 6: succeeded, 7: succeeded}
	for n, step := range steps {
		mustUpdateRequest(t, s, requests[n-1].No, step)
		step(&requests[n-1])
	}
	return requests
}

func testListRequests(t *testing.T, s storage.Store) {
	all := variety(t, s)
	newest := slices.Clone(all)
	slices.Reverse(newest)
	wantEqual(t, "all, whole", must(s.EnrolmentRequestsBefore(t.Context(), storage.RequestFilter{}, 0, 9))(t, "EnrolmentRequestsBefore"), newest)
	for _, c := range []struct {
		name   string
		filter storage.RequestFilter
		want   string
	}{
		{"all", storage.RequestFilter{}, "87654321"},
		{"of an issuer", storage.RequestFilter{Issuer: "first-bank"}, "764321"},
		{"of another issuer", storage.RequestFilter{Issuer: "second-bank"}, "85"},
		{"of no issuer", storage.RequestFilter{Issuer: "third-bank"}, ""},
		{"of an issuer that no engine keeps", storage.RequestFilter{Issuer: "\xff"}, ""},
		{"of a state that no engine keeps", storage.RequestFilter{State: "\x00"}, ""},
		{"of no state", storage.RequestFilter{State: "done"}, ""},
		{"of a customer", storage.RequestFilter{Customer: 1}, "7421"},
		{"of a customer of another issuer", storage.RequestFilter{Customer: 1, Issuer: "second-bank"}, ""},
		{"of a customer, open", storage.RequestFilter{Customer: 1, IsOpen: true}, "421"},
		{"of a customer, sent", storage.RequestFilter{Customer: 1, State: storage.RequestSent}, "2"},
		{"of a customer, failed", storage.RequestFilter{Customer: 2, Result: storage.RequestFailed}, "3"},
		{"of a customer, succeeded", storage.RequestFilter{Customer: 2, Result: storage.RequestSucceeded}, "6"},
		{"open", storage.RequestFilter{IsOpen: true}, "8421"},
		{"open of an issuer", storage.RequestFilter{IsOpen: true, Issuer: "first-bank"}, "421"},
		{"accepted", storage.RequestFilter{State: storage.RequestAccepted}, "81"},
		{"in progress and open", storage.RequestFilter{State: storage.RequestInProgress, IsOpen: true}, "4"},
		{"accepted of an issuer", storage.RequestFilter{State: storage.RequestAccepted, Issuer: "second-bank"}, "8"},
		{"completed", storage.RequestFilter{State: storage.RequestCompleted}, "7653"},
		{"completed of an issuer", storage.RequestFilter{State: storage.RequestCompleted, Issuer: "first-bank"}, "763"},
		{"failed", storage.RequestFilter{Result: storage.RequestFailed}, "53"},
		{"failed of an issuer", storage.RequestFilter{Result: storage.RequestFailed, Issuer: "second-bank"}, "5"},
		{"failed and completed", storage.RequestFilter{Result: storage.RequestFailed, State: storage.RequestCompleted}, "53"},
		{"succeeded", storage.RequestFilter{Result: storage.RequestSucceeded}, "76"},
		{"succeeded of an issuer", storage.RequestFilter{Result: storage.RequestSucceeded, Issuer: "second-bank"}, ""},
		{"failed and open", storage.RequestFilter{Result: storage.RequestFailed, IsOpen: true}, ""},
		{"completed and open", storage.RequestFilter{State: storage.RequestCompleted, IsOpen: true}, ""},
		{"sent and succeeded", storage.RequestFilter{State: storage.RequestSent, Result: storage.RequestSucceeded}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := []string{}
			for _, name := range c.want {
				want = append(want, string(name))
			}
			wantEqual(t, "requests", listed(t, s, c.filter, 0, 9), want)
			wantEqual(t, "none", listed(t, s, c.filter, 0, -1), []string{})
			if len(want) < 2 {
				return
			}
			wantEqual(t, "a page", listed(t, s, c.filter, 0, 1), want[:1])
			first := must(s.EnrolmentRequestsBefore(t.Context(), c.filter, 0, 1))(t, "EnrolmentRequestsBefore")[0]
			wantEqual(t, "the next page", listed(t, s, c.filter, first.No, 9), want[1:])
		})
	}
}

func testOpenRequests(t *testing.T, s storage.Store) {
	states := []storage.RequestState{storage.RequestAccepted, storage.RequestSent, storage.RequestInProgress}
	counts := func() (counts []int, oldest []time.Duration) {
		t.Helper()
		open := must(s.OpenEnrolmentRequests(t.Context()))(t, "OpenEnrolmentRequests")
		for _, state := range states {
			counts, oldest = append(counts, open[state].Count), append(oldest, open[state].Oldest)
		}
		return counts, oldest
	}
	count, oldest := counts()
	wantEqual(t, "of none", count, []int{0, 0, 0})
	wantEqual(t, "oldest of none", oldest, []time.Duration{0, 0, 0})

	now := must(s.Now(t.Context()))(t, "Now")
	const hour = time.Hour
	var requests []storage.EnrolmentRequest
	for n := 1; n <= 6; n++ {
		r := plainRequest(n)
		r.AcceptAt = now.Add(-time.Duration(10-n) * hour) // the later the younger
		requests = append(requests, r)
	}
	requests = mustAddRequests(t, s, requests...)
	for n, step := range map[int]func(*storage.EnrolmentRequest){1: failed, 2: sent, 3: sent, 6: taken} {
		mustUpdateRequest(t, s, requests[n-1].No, step)
	}
	count, oldest = counts()
	wantEqual(t, "counts", count, []int{2, 2, 1})
	for i, want := range []time.Duration{6 * hour, 8 * hour, 4 * hour} {
		if oldest[i] < want || oldest[i] > want+hour/2 {
			t.Errorf("the oldest that is %s was accepted %s ago, want %s", states[i], oldest[i], want)
		}
	}
	mustUpdateRequest(t, s, requests[1].No, succeeded)
	mustUpdateRequest(t, s, requests[5].No, failed)
	count, _ = counts()
	wantEqual(t, "counts after two ended", count, []int{2, 1, 0})
}

func testDeleteRequests(t *testing.T, s storage.Store) {
	var requests []storage.EnrolmentRequest
	for n := 1; n <= 6; n++ {
		r := request(n)
		r.AcceptAt = at(int64(10 * n))
		requests = append(requests, r)
	}
	requests = mustAddRequests(t, s, requests...)
	for n, ms := range map[int]int64{1: 500, 2: 200, 3: 100, 5: 300} { // 4 and 6 are open
		mustUpdateRequest(t, s, requests[n-1].No, func(r *storage.EnrolmentRequest) { succeeded(r); r.EndedAt = at(ms) })
	}
	deleted := func(ms int64, limit int) int {
		t.Helper()
		return must(s.DeleteEnrolmentRequests(t.Context(), at(ms), limit))(t, "DeleteEnrolmentRequests")
	}
	wantEqual(t, "before all", deleted(100, 9), 0)
	wantEqual(t, "none", deleted(301, -1), 0)
	wantEqual(t, "one", deleted(301, 1), 1)
	wantEqual(t, "left", listed(t, s, storage.RequestFilter{}, 0, 9), []string{"6", "5", "4", "3", "1"})
	wantEqual(t, "all that are old", deleted(301, 9), 2)
	wantEqual(t, "left", listed(t, s, storage.RequestFilter{}, 0, 9), []string{"6", "4", "1"})
	wantEqual(t, "all that ended", deleted(1_000_000, 9), 1)
	wantEqual(t, "left", listed(t, s, storage.RequestFilter{IsOpen: true}, 0, 9), []string{"6", "4"})
	mustUpdateRequest(t, s, requests[5].No, succeeded)
	wantEqual(t, "the newest", deleted(1_000_000, 9), 1)
	if next := mustAddRequests(t, s, request(7))[0]; next.No <= requests[5].No {
		t.Errorf("number %d comes after %d, which is gone", next.No, requests[5].No)
	}
}

func testSealedRequests(t *testing.T, s storage.Store) {
	var requests []storage.EnrolmentRequest
	for n := 1; n <= 6; n++ {
		r := request(n)
		switch n {
		case 2:
			r.Overrides.KEK = "kek/2"
		case 3:
			r = plainRequest(n)
		case 4:
			r.Issuer = "second-bank"
		}
		requests = append(requests, r)
	}
	requests = mustAddRequests(t, s, requests...)
	mustUpdateRequest(t, s, requests[4].No, failed) // wipes it
	by := func(kek string, after storage.RequestNo, limit int) []string {
		t.Helper()
		return requestNames(must(s.EnrolmentRequestsWrappedBy(t.Context(), kek, after, limit))(t, "EnrolmentRequestsWrappedBy"))
	}
	wantEqual(t, "kek/1", by("kek/1", 0, 9), []string{"1", "4", "6"})
	wantEqual(t, "kek/1, a page", by("kek/1", requests[0].No, 1), []string{"4"})
	wantEqual(t, "kek/2", by("kek/2", 0, 9), []string{"2"})
	wantEqual(t, "no key", by("", 0, 9), []string{})
	wantEqual(t, "a key that no engine keeps", by("\xff", 0, 9), []string{})
	wantEqual(t, "keys", must(s.EnrolmentRequestKEKs(t.Context()))(t, "EnrolmentRequestKEKs"), []string{"kek/1", "kek/2"})

	all := must(s.SealedEnrolmentRequestsAfter(t.Context(), "", 0, 2))(t, "SealedEnrolmentRequestsAfter")
	wantEqual(t, "sealed, whole", all, requests[:2])
	wantEqual(t, "the next page", requestNames(must(s.SealedEnrolmentRequestsAfter(t.Context(), "", all[1].No, 9))(t, "SealedEnrolmentRequestsAfter")), []string{"4", "6"})
	for issuer, want := range map[walletport.IssuerID][]string{"first-bank": {"1", "2", "6"}, "second-bank": {"4"}, "third-bank": {}, "\xff": {}} {
		got := must(s.SealedEnrolmentRequestsAfter(t.Context(), issuer, 0, 9))(t, "SealedEnrolmentRequestsAfter")
		wantEqual(t, fmt.Sprintf("sealed of %q", issuer), requestNames(got), want)
	}
}

func testRewrapRequests(t *testing.T, s storage.Store) {
	want := mustAddRequests(t, s, request(1), request(2), request(3), request(4))
	mustUpdateRequest(t, s, want[3].No, succeeded) // wiped after the re-wrap had read the row
	replaced := must(s.RewrapEnrolmentRequests(t.Context(), []storage.RequestRewrapping{
		{ID: want[0].No, Old: want[0].Overrides.WrappedKey, New: []byte("new 1"), KEK: "kek/2"},
		{ID: want[1].No, Old: []byte("stale"), New: []byte("new 2"), KEK: "kek/2"},
		{ID: want[3].No + 100, Old: []byte("none"), New: []byte("new 104"), KEK: "kek/2"},
		{ID: want[3].No, Old: want[3].Overrides.WrappedKey, New: []byte("new 4"), KEK: "kek/2"},
		{ID: want[2].No, Old: want[2].Overrides.WrappedKey, New: []byte("new 3"), KEK: "kek/2"},
		{ID: want[2].No, Old: []byte("new 3"), New: []byte("newer 3"), KEK: "kek/3"},
	}))(t, "RewrapEnrolmentRequests")
	wantEqual(t, "replaced", replaced, 3)
	want[0].Overrides.WrappedKey, want[0].Overrides.KEK = []byte("new 1"), "kek/2"
	want[2].Overrides.WrappedKey, want[2].Overrides.KEK = []byte("newer 3"), "kek/3"
	succeeded(&want[3])
	for _, r := range want {
		wantRequest(t, s, r)
	}
	wantEqual(t, "replaced of nothing", must(s.RewrapEnrolmentRequests(t.Context(), nil))(t, "RewrapEnrolmentRequests of nothing"), 0)
}
