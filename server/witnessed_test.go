package server_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/sandbox"
	"github.com/walletport/walletport/sim/witnesssim"
)

// outsideWitness is somebody else's witness of a server's trail. It may be out of order.
type outsideWitness struct {
	key    string
	url    string
	box    atomic.Pointer[sandbox.Sandbox] // whose trail it knows
	status atomic.Int64                    // what it answers to everything; 0 as it should
}

func startWitness(t *testing.T) *outsideWitness {
	t.Helper()
	w := &outsideWitness{}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	sim := witnesssim.New("witness.example/w1", key, time.Now, w.logs)
	listener := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if status := w.status.Load(); status != 0 {
			http.Error(out, "no", int(status))
			return
		}
		sim.ServeHTTP(out, r)
	}))
	t.Cleanup(listener.Close)
	w.key, w.url = sim.Key(), listener.URL
	return w
}

func (w *outsideWitness) logs(ctx context.Context) ([]note.Verifier, error) {
	box := w.box.Load()
	text, err := audit.Newest(ctx, box.Database)
	if err != nil {
		return nil, err
	}
	trusted := audit.TrustedKeys(box.Keys.Current())
	origin, err := audit.Origin(text, trusted)
	if err != nil {
		return nil, err
	}
	key, err := note.NewEd25519VerifierKey(origin, trusted[0].Public)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(key)
	return []note.Verifier{verifier}, err
}

// startWitnessed runs a server that asks the witness.
func startWitnessed(t *testing.T, w *outsideWitness) *sandbox.Sandbox {
	t.Helper()
	box := openSandbox(t, folderWith(t, fmt.Sprintf("audit:\n  checkpoint_interval: 20ms\n  witness_interval: 20ms\n  witnesses:\n    - key: %q\n      url: %s/submit/\n", w.key, w.url)))
	w.box.Store(box)
	return serving(t, box)
}

// eventually waits until something is so, as long as the test may run.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for !is() {
		select {
		case <-t.Context().Done():
			t.Fatal("it never was")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func readiness(t *testing.T, box *sandbox.Sandbox) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, box.URL()+"/readyz", http.NoBody)
	must(t, err)
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, string(body)
}

// TestServeHasItsTrailConfirmedByItself makes a call, and runs no command.
func TestServeHasItsTrailConfirmedByItself(t *testing.T) {
	outside := startWitness(t)
	box := startWitnessed(t, outside)
	mustCallEach(t, box)
	head, err := box.Database.AuditHead(t.Context())
	must(t, err)
	witness, err := audit.WitnessSettings{Key: outside.key}.Witness()
	must(t, err)
	trusted := audit.TrustedKeys(box.Keys.Current())
	eventually(t, func() bool {
		confirmed, err := audit.CheckWitnessed(t.Context(), box.Database, trusted, audit.Demand{Witness: witness})
		return err == nil && confirmed.Size >= head.Seq
	})
	proof, err := audit.Prove(t.Context(), box.Database, trusted, head.Seq, "")
	must(t, err)
	by := audit.Proven{Trusted: trusted}
	by.Witnesses = append(by.Witnesses, witness)
	if _, err := audit.VerifyProof(proof, by); err != nil {
		t.Errorf("VerifyProof: %v", err)
	}
}

// TestAWitnessThatDoesNotConfirmStopsNoPayment: calls are answered, the replica stays ready,
// and readiness says what it knows until the witness confirms again.
func TestAWitnessThatDoesNotConfirmStopsNoPayment(t *testing.T) {
	outside := startWitness(t)
	outside.status.Store(http.StatusUnprocessableEntity)
	box := startWitnessed(t, outside)
	mustCallEach(t, box)
	warned := func() bool {
		status, body := readiness(t, box)
		if status != http.StatusOK {
			t.Fatalf("status %d: %s", status, body)
		}
		return strings.Contains(body, "audit_unwitnessed") && strings.Contains(body, "witness.example/w1")
	}
	eventually(t, warned)
	mustCallEach(t, box)
	outside.status.Store(0)
	eventually(t, func() bool { return !warned() })
}
