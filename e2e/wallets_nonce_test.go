package e2e_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/walletport/walletport/storage/storagetest"
)

// TestNonceOnTwoReplicas sends one nonce sixteen times at once, to two servers on one
// database, and to both calls that use it.
func TestNonceOnTwoReplicas(t *testing.T) {
	t.Parallel()
	apple := mustAuthority(t)
	p := mustWalletProduction(t, storagetest.Postgres(t), "", apple)
	replicas := []*server{p.mustServe(t), p.mustServe(t)}
	chain := apple.mustChain(t)
	var all []answer
	for round := range 3 {
		answers := sendAtOnce(t, 16, func(i int, request members) answer {
			s, id := replicas[i%2], fmt.Sprintf("nonce-%d-%d", round, i)
			if i%4 == 3 {
				return s.post("/v3/7002/activate", members{"nonce": request["nonce"]}, id)
			}
			return s.post(provisionPath(servedVisa, "applepay"), request, id)
		}, appleRequest(chain))
		wantOneUse(t, answers)
		all = append(all, answers...)
	}
	tr := mustExport(t, p.at())
	tr.wantRecorded(t, all)
	mustVerify(t, p.at(), tr)
}

// sendAtOnce makes n calls with one request.
func sendAtOnce(t *testing.T, n int, call func(int, members) answer, request members) []answer {
	t.Helper()
	answers := make([]answer, n)
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range n {
		done.Go(func() {
			start.Wait()
			answers[i] = call(i, request)
		})
	}
	start.Done()
	done.Wait()
	return answers
}

// wantOneUse wants one good answer, and all others refused for the nonce.
func wantOneUse(t *testing.T, answers []answer) {
	t.Helper()
	codes := map[string]int{}
	for _, a := range answers {
		codes[a.code()]++
	}
	if codes["ok"] != 1 || codes["nonce_reused"] != len(answers)-1 {
		t.Errorf("%d calls with one nonce: %v", len(answers), codes)
	}
}

// TestKillInTheMiddleOfApplePay ends the server without notice while nonces are used:
// what was answered is on record, and no nonce of it is good again.
func TestKillInTheMiddleOfApplePay(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			apple := mustAuthority(t)
			p := mustWalletProduction(t, e.url(t), "", apple)
			first := p.mustServe(t)
			chain := apple.mustChain(t)
			var mu sync.Mutex
			requests := map[string]members{}
			l := startCalls(t, "kill", 4, func(requestID string) answer {
				request := appleRequest(chain)
				mu.Lock()
				requests[requestID] = request
				mu.Unlock()
				return first.post(provisionPath(servedVisa, "applepay"), request, requestID)
			})
			l.mustReach(t, 60)
			first.mustKill(t)
			answers := l.stop()
			wantCutOffOnly(t, answers)

			second := p.mustServe(t)
			again := make([]answer, 0, len(answers))
			for _, a := range answers {
				if a.err != nil {
					continue
				}
				repeat := second.post(provisionPath(servedMastercard, "applepay"), requests[a.requestID], "again-"+a.requestID)
				if repeat.code() != "nonce_reused" {
					t.Errorf("the nonce of %s was good again: %v", a.requestID, repeat.code())
				}
				again = append(again, repeat)
			}
			tr := mustExport(t, p.at())
			tr.wantRecorded(t, append(answers, again...))
			mustVerify(t, p.at(), tr)
			second.mustStop(t)
		})
	}
}
