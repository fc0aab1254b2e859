package witnesssim_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/walletport/walletport/sim/witnesssim"
)

// testLog is a transparency log in memory, whose leaves are numbers.
type testLog struct {
	t      *testing.T
	origin string
	signer note.Signer
	vkey   string
	hashes []tlog.Hash
	mark   string // makes its leaves another log's
}

func newLog(t *testing.T, origin string) *testLog {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &testLog{t: t, origin: origin, signer: signer, vkey: vkey}
}

// rewritten returns a log of the same name and key, with other leaves.
func (l *testLog) rewritten() *testLog {
	return &testLog{t: l.t, origin: l.origin, signer: l.signer, vkey: l.vkey, mark: "another"}
}

func (l *testLog) verifier() note.Verifier {
	l.t.Helper()
	v, err := note.NewVerifier(l.vkey)
	if err != nil {
		l.t.Fatal(err)
	}
	return v
}

func (l *testLog) ReadHashes(indexes []int64) (hashes []tlog.Hash, err error) {
	for _, i := range indexes {
		hashes = append(hashes, l.hashes[i])
	}
	return hashes, nil
}

// grow appends leaves until there are size.
func (l *testLog) grow(size int64) {
	l.t.Helper()
	for n := int64(0); n < size; n++ {
		if tlog.StoredHashIndex(0, n) < int64(len(l.hashes)) {
			continue
		}
		added, err := tlog.StoredHashes(n, fmt.Appendf(nil, "%s %d", l.mark, n), l)
		if err != nil {
			l.t.Fatal(err)
		}
		l.hashes = append(l.hashes, added...)
	}
}

// note returns the signed checkpoint of size leaves.
func (l *testLog) note(size int64) string {
	l.t.Helper()
	l.grow(size)
	root, err := tlog.TreeHash(size, l)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.sign(fmt.Sprintf("%s\n%d\n%s\n", l.origin, size, root))
}

func (l *testLog) sign(text string) string {
	l.t.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(signed)
}

// request returns what a witness is asked with.
func (l *testLog) request(old, size int64) string {
	l.t.Helper()
	text := l.note(size)
	var proof tlog.TreeProof
	if old > 0 && old < size {
		var err error
		if proof, err = tlog.ProveTree(size, old, l); err != nil {
			l.t.Fatal(err)
		}
	}
	return encode(old, proof, text)
}

func encode(old int64, proof tlog.TreeProof, text string) string {
	out := fmt.Sprintf("old %d\n", old)
	for _, hash := range proof {
		out += hash.String() + "\n"
	}
	return out + "\n" + text
}

var start = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func newWitness(logs ...*testLog) *witnesssim.Witness {
	var verifiers []note.Verifier
	for _, l := range logs {
		verifiers = append(verifiers, l.verifier())
	}
	return witnesssim.New("witness.example/w1", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)), func() time.Time { return start }, witnesssim.Known(verifiers...))
}

// ask posts a request and returns what the witness answered.
func ask(w *witnesssim.Witness, body string) *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	w.ServeHTTP(out, httptest.NewRequest(http.MethodPost, "/submit/add-checkpoint", strings.NewReader(body)))
	return out
}

// wantCosigned checks the line of an answer as c2sp.org/tlog-cosignature says.
func wantCosigned(t *testing.T, w *witnesssim.Witness, out *httptest.ResponseRecorder, text string) {
	t.Helper()
	name, rest, _ := strings.Cut(strings.TrimPrefix(out.Body.String(), "\u2014 "), " ")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(rest, "\n"))
	if out.Code != http.StatusOK || err != nil || name != "witness.example/w1" || len(raw) != 4+8+ed25519.SignatureSize {
		t.Fatalf("it answered %d: %q, %v", out.Code, out.Body, err)
	}
	parts := strings.SplitN(w.Key(), "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || fmt.Sprintf("%x", raw[:4]) != parts[1] || key[0] != 4 {
		t.Fatalf("the line is of the key %x, and the witness's is %s", raw[:4], w.Key())
	}
	at := binary.BigEndian.Uint64(raw[4:12])
	body, _, _ := strings.Cut(text, "\n\n")
	message := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", at, body)
	if at != uint64(start.Unix()) || !ed25519.Verify(key[1:], message, raw[12:]) {
		t.Errorf("the cosignature of %d is not good", at)
	}
}

func TestAWitnessCosignsATreeThatGoesOn(t *testing.T) {
	log := newLog(t, "bank.example/audit")
	other := newLog(t, "other.example/audit")
	w := newWitness(log, other)
	for _, step := range []struct{ old, size int64 }{{0, 3}, {3, 3}, {3, 4}, {4, 300}, {300, 301}} {
		wantCosigned(t, w, ask(w, log.request(step.old, step.size)), log.note(step.size))
	}
	wantCosigned(t, w, ask(w, other.request(0, 2)), other.note(2)) // knows nothing of the first
}

func TestAWitnessRefusesAsTheProtocolSays(t *testing.T) {
	log, other, unknown := newLog(t, "bank.example/audit"), newLog(t, "other.example/audit"), newLog(t, "unknown.example")
	rewritten := log.rewritten()
	forged := newLog(t, "bank.example/audit") // with a key of its own
	proof := func(size, old int64) tlog.TreeProof {
		log.grow(size)
		p, err := tlog.ProveTree(size, old, log)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const remembered = 100
	for _, c := range []struct {
		name, body string
		status     int
		answer     string // "" for any
	}{
		{"an origin that it does not know", unknown.request(0, 7), http.StatusNotFound, ""},
		{"a key that it does not know", forged.request(remembered, 200), http.StatusForbidden, ""},
		{"the key of another log", encode(remembered, nil, other.sign(strings.SplitN(log.note(200), "\n\n", 2)[0]+"\n")), http.StatusForbidden, ""},
		{"no signature", encode(0, nil, "bank.example/audit\n7\n\n"), http.StatusForbidden, ""},
		{"a size that it does not remember", log.request(50, 200), http.StatusConflict, "100\n"},
		{"a tree that is cut back", log.request(50, 60), http.StatusConflict, "100\n"},
		{"a larger old tree than the new one", encode(200, nil, log.note(remembered)), http.StatusBadRequest, ""},
		{"the same size with another root", rewritten.request(remembered, remembered), http.StatusConflict, "100\n"},
		{"the same size with hashes", encode(remembered, proof(200, 100), log.note(remembered)), http.StatusUnprocessableEntity, ""},
		{"a tree that was rewritten", rewritten.request(remembered, 200), http.StatusUnprocessableEntity, ""},
		{"the proof of another size", encode(remembered, proof(200, 99), log.note(200)), http.StatusUnprocessableEntity, ""},
		{"no proof", encode(remembered, nil, log.note(200)), http.StatusUnprocessableEntity, ""},
		{"a first tree with hashes", encode(0, proof(200, 100), other.note(5)), http.StatusUnprocessableEntity, ""},
		{"a checkpoint without a size", encode(remembered, nil, log.sign("bank.example/audit\nno\nno\n")), http.StatusBadRequest, ""},
		{"a size with a zero in front", strings.Replace(log.request(remembered, 200), "old 100", "old 0100", 1), http.StatusBadRequest, ""},
		{"a hash that is none", encode(remembered, nil, "")[:8] + "no\n\n" + log.note(200), http.StatusBadRequest, ""},
		{"nothing", "", http.StatusBadRequest, ""},
		{"more than any request", strings.Repeat("a", 1<<17), http.StatusBadRequest, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWitness(log, other)
			wantCosigned(t, w, ask(w, log.request(0, remembered)), log.note(remembered))
			out := ask(w, c.body)
			if out.Code != c.status || c.answer != "" && out.Body.String() != c.answer {
				t.Errorf("it answered %d: %q", out.Code, out.Body)
			}
			if kind := out.Header().Get("Content-Type"); c.status == http.StatusConflict && kind != "text/x.tlog.size" {
				t.Errorf("the size has the type %q", kind)
			}
			wantCosigned(t, w, ask(w, log.request(remembered, 101)), log.note(101)) // it remembers what it did
		})
	}
}

func TestAWitnessAnswersOneCallAlone(t *testing.T) {
	w := newWitness(newLog(t, "bank.example/audit"))
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodGet, "/add-checkpoint", nil),
		httptest.NewRequest(http.MethodPost, "/add-tree", nil),
	} {
		out := httptest.NewRecorder()
		w.ServeHTTP(out, r)
		if out.Code != http.StatusNotFound {
			t.Errorf("%s %s: %d", r.Method, r.URL.Path, out.Code)
		}
	}
}
