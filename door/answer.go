package door

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
)

// maxHeldBytes is the largest body that is held back until it is whole. Every answer of
// the specification fits, but for a list of some 80 tokens and more.
const maxHeldBytes = 16 << 10

// heldRoom keeps the buffers of bodies that have left.
var heldRoom = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// answer is a ResponseWriter that remembers its status and holds a small body
// back until the handler is done. Its length is known then, so header and body
// leave in one write: net/http chunks what is over 2 KiB, and a payload is, which
// costs a second TLS record and system call.
type answer struct {
	http.ResponseWriter
	status int           // 0 until the header is written
	held   *bytes.Buffer // of heldRoom; nil while nothing is held
	sent   bool          // the header has left
}

// WriteHeader remembers the status.
func (a *answer) WriteHeader(status int) {
	if status < http.StatusOK { // informational, the answer is yet to come
		a.ResponseWriter.WriteHeader(status)
		return
	}
	if a.status == 0 {
		a.status = status
	}
}

// Write implies status 200.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if !a.sent && a.heldBytes()+len(p) <= maxHeldBytes {
		if a.held == nil {
			a.held, _ = heldRoom.Get().(*bytes.Buffer)
		}
		return a.held.Write(p)
	}
	if err := a.send(); err != nil {
		return 0, err
	}
	return a.ResponseWriter.Write(p)
}

func (a *answer) heldBytes() int {
	if a.held == nil {
		return 0
	}
	return a.held.Len()
}

// release gives the buffer back, for there is nothing to hold any more.
func (a *answer) release() {
	if a.held != nil {
		a.held.Reset()
		heldRoom.Put(a.held)
	}
	a.held = nil
}

// FlushError sends what there is, for http.ResponseController.
func (a *answer) FlushError() error {
	if err := a.send(); err != nil {
		return err
	}
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// send passes the header and what is held on to net/http, once.
func (a *answer) send() error {
	if a.sent {
		return nil
	}
	a.WriteHeader(http.StatusOK)
	a.sent = true
	if a.heldBytes() == 0 {
		a.ResponseWriter.WriteHeader(a.status)
		return nil
	}
	if a.status != http.StatusOK { // else Write implies it, and finds the content type
		a.ResponseWriter.WriteHeader(a.status)
	}
	_, err := a.ResponseWriter.Write(a.held.Bytes())
	a.release()
	return err
}

// takeBack forgets what is held, so that another answer can take its place. It
// reports false when the answer has left already.
func (a *answer) takeBack() bool {
	if a.sent {
		return false
	}
	a.status = 0
	a.release()
	return true
}

// finish sends what is held, with its length. A caller who went away misses nothing.
func (a *answer) finish() {
	if a.sent {
		return
	}
	a.WriteHeader(http.StatusOK)
	if h := a.Header(); a.heldBytes() > 0 && h["Content-Length"] == nil {
		h["Content-Length"] = []string{strconv.Itoa(a.heldBytes())}
	}
	_ = a.send()
}

// Unwrap lets http.ResponseController set deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
