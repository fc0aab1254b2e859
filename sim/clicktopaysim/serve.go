package clicktopaysim

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/faults"
)

// request is one that is being answered.
type request struct {
	*sim.Checklist
	http     *http.Request
	call     call
	last     string   // of the path
	body     []byte   // as it was sent
	clients  []Client // the entries of its issuer
	fault    keyFault
	contents sim.Object // what was encrypted
}

// keyFault is how the fault wrong_key happens to a call, by the remainder of its seed.
type keyFault int

const (
	noKeyFault     keyFault = iota
	answerStranger          // the answer is encrypted to a key that nobody has [0]
	requestUnknown          // the request is taken for one to another key [1]
	answerClear             // the answer is not encrypted [2]
)

// The checks of a request, in the order in which it is looked at.
const (
	checkCaller   = "caller"
	checkEnvelope = "envelope"
	checkHeader   = "header"
	checkKey      = "key"
	checkContent  = "content"
	checkForm     = "product_form"
	checkMembers  = "members"
	checkBID      = "bid"
	checkLock     = "lock"
	checkRules    = "rules"
	checkTrace    = "trace"
)

func checksOf(c call) []string {
	if c.name == callStatus {
		return []string{checkCaller, checkTrace}
	}
	return []string{checkCaller, checkEnvelope, checkHeader, checkKey, checkContent, checkForm, checkMembers, checkBID, checkLock, checkRules}
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	c, last, ok := callOf(r)
	switch {
	case !ok:
		writeStatus(w, http.StatusNotFound, "404", "The resource is unknown")
		return
	case r.Method != c.method:
		w.Header().Set("Allow", c.method)
		writeStatus(w, http.StatusMethodNotAllowed, "405", "The method is not allowed")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, sim.MaxBodyBytes))
	if err != nil {
		writeStatus(w, http.StatusRequestEntityTooLarge, "413", "The request could not be read")
		return
	}
	in := &request{Checklist: sim.NewChecklist(checksOf(c)), http: r, call: c, last: last, body: body}
	status, answer, f := s.answer(in)
	s.wait(r)
	if f != nil {
		status = f.status
		s.refuse(w, in, *f)
	} else {
		s.send(w, in, status, answer)
	}
	s.reports.add(s.reportOf(in, status, f))
}

// wait lets an answer take its time; what was asked is done by then.
func (s *Service) wait(r *http.Request) {
	if s.c.Latency <= 0 {
		return
	}
	select {
	case <-r.Context().Done():
	case <-time.After(s.c.Latency):
	}
}

// answer lets a request in, opens it, and does what it asks for.
func (s *Service) answer(in *request) (int, any, *refusal) {
	if f := s.authenticate(in); f != nil {
		return 0, nil, f
	}
	if form, ok := faults.TakeForm(in.http.Context(), faults.WrongKey, 3); ok {
		in.fault = answerStranger + keyFault(form)
		if in.fault == requestUnknown && in.call.method == http.MethodGet { // nothing of it is encrypted
			in.fault = answerStranger
		}
	}
	if in.call.method != http.MethodGet {
		plain, f := s.open(in)
		if f != nil {
			return 0, nil, f
		}
		o, fault := sim.ReadObject(plain)
		if fault != nil {
			in.Fail(checkContent, fault.Kind.Of("content_"), "%s", fault.Detail)
			return 0, nil, unreadable()
		}
		in.Pass(checkContent, "opened: a JSON object")
		in.contents = o
	}
	return in.call.do(s, in)
}

// send encrypts an answer.
func (s *Service) send(w http.ResponseWriter, in *request, status int, answer any) {
	plain, err := json.Marshal(answer)
	if err == nil && in.fault == answerClear {
		sim.WriteBytes(w, "application/json", status, plain)
		return
	}
	var sealed string
	if err == nil {
		sealed, err = s.seal(in, plain)
	}
	if err != nil {
		writeStatus(w, http.StatusInternalServerError, "500", "The answer could not be encrypted")
		return
	}
	sim.WriteJSON(w, status, object{"encData": sealed})
}
