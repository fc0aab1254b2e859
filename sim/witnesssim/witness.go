// Package witnesssim is a witness of transparency logs for tests and demonstrations: it
// remembers the last checkpoint of each log that it was told of, and cosigns a newer one
// that goes on from it, over HTTP (c2sp.org/tlog-witness, c2sp.org/tlog-cosignature). It
// forgets everything when the program ends, so it vouches for nothing in earnest.
//
// Its trees and notes are those of Go's checksum database (golang.org/x/mod/sumdb), so
// that it shares no code for proofs with what it checks.
package witnesssim

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Witness cosigns checkpoints. It is an http.Handler and safe for concurrent use.
type Witness struct {
	name  string
	key   ed25519.PrivateKey
	logs  Logs
	clock func() time.Time

	lock sync.Mutex
	last map[string]tlog.Tree // by origin
}

// Logs returns the keys of the logs that a witness knows, at the moment of a call, so that a
// rotation needs no restart.
type Logs func(ctx context.Context) ([]note.Verifier, error)

// Known returns Logs that are always the same.
func Known(logs ...note.Verifier) Logs {
	return func(context.Context) ([]note.Verifier, error) { return logs, nil }
}

// New returns a witness.
func New(name string, key ed25519.PrivateKey, clock func() time.Time, logs Logs) *Witness {
	return &Witness{name: name, key: key, logs: logs, clock: clock, last: make(map[string]tlog.Tree)}
}

// algorithm says in keys and their ids that they are of Ed25519 cosignatures.
const algorithm = "\x04"

// Key returns the witness's name and key as it publishes them: name+id+base64.
func (w *Witness) Key() string {
	raw := algorithm + string(w.key.Public().(ed25519.PublicKey))
	return fmt.Sprintf("%s+%08x+%s", w.name, w.id(), base64.StdEncoding.EncodeToString([]byte(raw)))
}

func (w *Witness) id() uint32 {
	sum := sha256.Sum256([]byte(w.name + "\n" + algorithm + string(w.key.Public().(ed25519.PublicKey))))
	return binary.BigEndian.Uint32(sum[:])
}

// maxRequest bounds a request: 63 hashes and a note.
const maxRequest = 1 << 16

// ServeHTTP answers POST …/add-checkpoint.
func (w *Witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/add-checkpoint") {
		http.NotFound(out, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, maxRequest))
	if err != nil {
		http.Error(out, "the request is too long", http.StatusBadRequest)
		return
	}
	logs, err := w.logs(r.Context())
	if err != nil {
		http.Error(out, "the keys of the logs are not known", http.StatusInternalServerError)
		return
	}
	line, err := w.add(string(body), logs)
	if conflict, ok := errors.AsType[conflict](err); ok {
		out.Header().Set("Content-Type", "text/x.tlog.size")
		out.WriteHeader(http.StatusConflict)
		fmt.Fprintf(out, "%d\n", int64(conflict))
		return
	}
	if refused, ok := errors.AsType[refusal](err); ok {
		http.Error(out, refused.why, refused.status)
		return
	}
	_, _ = io.WriteString(out, line)
}

// conflict is the size of the last tree that was cosigned, where another was named.
type conflict int64

func (c conflict) Error() string { return "the last tree that was cosigned is another" }

type refusal struct {
	status int
	why    string
}

func (r refusal) Error() string { return r.why }

// request is the body of add-checkpoint.
type request struct {
	old   int64
	proof tlog.TreeProof
	note  string
}

func parse(body string) (request, error) {
	head, text, found := strings.Cut(body, "\n\n")
	lines := strings.Split(head, "\n")
	digits, isOld := strings.CutPrefix(lines[0], "old ")
	old, err := strconv.ParseInt(digits, 10, 64)
	if !found || !isOld || err != nil || old < 0 || strconv.FormatInt(old, 10) != digits || len(lines) > 64 {
		return request{}, refusal{http.StatusBadRequest, "this is no request"}
	}
	r := request{old: old, note: text}
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return request{}, refusal{http.StatusBadRequest, "a line is no hash"}
		}
		r.proof = append(r.proof, hash)
	}
	return r, nil
}

// open checks the log's signature and reads the checkpoint.
func open(text string, logs []note.Verifier) (origin string, tree tlog.Tree, signed *note.Note, err error) {
	origin, _, _ = strings.Cut(text, "\n")
	if !slices.ContainsFunc(logs, func(l note.Verifier) bool { return l.Name() == origin }) {
		return "", tree, nil, refusal{http.StatusNotFound, "the origin is not known"}
	}
	signed, err = note.Open([]byte(text), note.VerifierList(logs...))
	if err != nil || !slices.ContainsFunc(signed.Sigs, func(s note.Signature) bool { return s.Name == origin }) {
		return "", tree, nil, refusal{http.StatusForbidden, "no signature is of the origin's key"}
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 {
		return "", tree, nil, refusal{http.StatusBadRequest, "this is no checkpoint"}
	}
	size, sizeErr := strconv.ParseInt(lines[1], 10, 64)
	hash, hashErr := tlog.ParseHash(lines[2])
	if sizeErr != nil || hashErr != nil {
		return "", tree, nil, refusal{http.StatusBadRequest, "this is no checkpoint"}
	}
	return origin, tlog.Tree{N: size, Hash: hash}, signed, nil
}

func (w *Witness) add(body string, logs []note.Verifier) (string, error) {
	r, err := parse(body)
	if err != nil {
		return "", err
	}
	origin, tree, signed, err := open(r.note, logs)
	if err != nil {
		return "", err
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	if err := goesOn(w.last[origin], tree, r); err != nil {
		return "", err
	}
	w.last[origin] = tree
	return w.cosign(signed.Text), nil
}

// goesOn returns why a tree does not go on from the last one, or nil.
func goesOn(last, tree tlog.Tree, r request) error {
	switch {
	case r.old > tree.N:
		return refusal{http.StatusBadRequest, "the older tree is larger"}
	case r.old != last.N:
		return conflict(last.N)
	case (r.old == 0 || r.old == tree.N) && len(r.proof) > 0:
		return refusal{http.StatusUnprocessableEntity, "a proof of nothing has no hashes"}
	case r.old == tree.N && tree.N > 0 && tree.Hash != last.Hash:
		return conflict(last.N) // the protocol asks for this status and says nothing of the text
	case r.old == 0, r.old == tree.N:
		return nil
	}
	if tlog.CheckTree(r.proof, tree.N, tree.Hash, last.N, last.Hash) != nil {
		return refusal{http.StatusUnprocessableEntity, "the tree does not go on from the last one"}
	}
	return nil
}

// cosign returns the signature line over a note's text.
func (w *Witness) cosign(text string) string {
	at := w.clock().Unix()
	raw := binary.BigEndian.AppendUint32(nil, w.id())
	raw = binary.BigEndian.AppendUint64(raw, uint64(at))
	raw = append(raw, ed25519.Sign(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text))...)
	return "\u2014 " + w.name + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
}
