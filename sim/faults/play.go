package faults

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// recorded is an answer that is not sent yet.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *recorded) Header() http.Header { return a.header }

func (a *recorded) WriteHeader(status int) { a.status = status }

func (a *recorded) Write(p []byte) (int, error) { return a.body.Write(p) }

// send sends it. A caller who went away is no fault of ours.
func (a *recorded) send(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes())
}

// The times by which Slow is late. The longer one is longer than the server waits.
const (
	late     = 2 * time.Second
	tooLate  = 6 * time.Second
	hugeBody = 10 << 20
)

// play answers a call with a fault; do does what the call asks for.
func (l *Library) play(fault Waiting, s Scheme, w http.ResponseWriter, do func() *recorded) {
	switch fault.Fault {
	case Slow:
		l.playSlow(fault.form(4), w, do)
	case Error5xx:
		playError(fault.form(4), s, w, do)
	case DropBefore:
		panic(http.ErrAbortHandler) // net/http closes the connection, and logs nothing
	case DropAfterCommit:
		do()
		panic(http.ErrAbortHandler)
	case Garbage:
		playGarbage(fault, do()).send(w)
	case RateLimited:
		l.playRateLimited(fault.form(3), s, w)
	case WrongKey, WrongSignature: // within a handler, see Take
	}
}

func (l *Library) playSlow(form uint64, w http.ResponseWriter, do func() *recorded) {
	pause, isDoneFirst := late, form%2 == 0
	if form >= 2 {
		pause = tooLate
	}
	if !isDoneFirst {
		l.wait(pause)
		do().send(w)
		return
	}
	answer := do()
	l.wait(pause)
	answer.send(w)
}

func playError(form uint64, s Scheme, w http.ResponseWriter, do func() *recorded) {
	if form%2 == 1 {
		do()
	}
	s.Refuse(w, []int{http.StatusServiceUnavailable, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout}[form])
}

// playGarbage makes rubbish of an answer.
func playGarbage(fault Waiting, answer *recorded) *recorded {
	rubbish := &recorded{header: http.Header{"Content-Type": {"application/json"}}, status: http.StatusOK}
	switch fault.form(5) {
	case 0:
		half := answer.body.Bytes()
		rubbish.body.Write(half[:len(half)/2])
	case 1:
		rubbish.header.Set("Content-Type", "text/html; charset=utf-8")
		rubbish.body.WriteString("<!DOCTYPE html><html><body><h1>The page is temporarily out of order</h1></body></html>\n")
	case 2:
		rubbish.body.WriteString(`[{"status":"ok"},null,7]`)
	case 3:
		rubbish.body.Write(noise(fault.Seed, 16))
	case 4:
		rubbish.body.WriteString(`{"padding":"`)
		rubbish.body.Write(bytes.Repeat([]byte("x"), hugeBody))
		rubbish.body.WriteString(`"}`)
	}
	return rubbish
}

// noise returns 32 n bytes without any sense, the same for the same seed.
func noise(seed uint64, n int) []byte {
	out := make([]byte, 0, n*sha256.Size)
	for i := range n {
		block := sha256.Sum256(fmt.Append(nil, seed, i))
		out = append(out, block[:]...)
	}
	return out
}

func (l *Library) playRateLimited(form uint64, s Scheme, w http.ResponseWriter) {
	switch form {
	case 0:
		w.Header().Set("Retry-After", strconv.Itoa(1))
	case 2:
		w.Header().Set("Retry-After", l.now().Add(late).UTC().Format(http.TimeFormat))
	}
	s.Refuse(w, http.StatusTooManyRequests)
}
