package clicktopay_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/scheme/vts/clicktopay"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
	"github.com/walletport/walletport/sim/faults"
)

// visa is the simulated Visa, which shares no code with these messages, without a network
// between.
type visa struct {
	t       *testing.T
	m       *clicktopay.Messages
	service *clicktopaysim.Service
	now     time.Time
	delay   time.Duration // of each request that is taken
}

func newVisa(t *testing.T, edit func(*clicktopay.Profile, *clicktopaysim.Config)) *visa {
	t.Helper()
	v := &visa{t: t, now: testNow}
	now := func() time.Time { return v.now }
	r, err := register.Open(register.Config{Dir: t.TempDir(), Rand: rand.Reader, Now: now, Delay: func(register.Call) time.Duration { return v.delay }})
	must(t, err)
	t.Cleanup(func() { must(t, r.Close()) })
	profile, c := clicktopay.DefaultProfile(), clicktopaysim.Config{
		Register: r, Rand: rand.Reader, Now: now,
		Clients: func() []clicktopaysim.Client {
			return []clicktopaysim.Client{{
				APIKey: testAPIKey, Secret: []byte(testSecret), BIDs: []string{testID.OwnerBID},
				Recipient: clicktopaysim.PublicKey{KeyID: "issuer-mle-1", Key: &testPairs().issuer.PublicKey},
			}}
		},
		Keys: func() []clicktopaysim.Decrypter {
			return []clicktopaysim.Decrypter{{KeyID: "visa-mle-1", Key: testPairs().visa}}
		},
		Faults:   faults.New(map[string][]string{clicktopaysim.SchemeName: clicktopaysim.Calls()}),
		Declines: func(n sim.CardNumber) bool { return n.Clear() == otherPAN },
	}
	if edit != nil {
		edit(&profile, &c)
	}
	v.service, err = clicktopaysim.New(c)
	must(t, err)
	v.m, err = clicktopay.New(clicktopay.Config{BaseURL: "https://visa.example", Profile: profile})
	must(t, err)
	return v
}

// exchange sends a request, of a second of its own.
func (v *visa) exchange(r scheme.Request, err error) scheme.Answer {
	v.t.Helper()
	must(v.t, err)
	request := httptest.NewRequest(r.Method, r.URL, bytes.NewReader(r.Body))
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	v.service.Handler().ServeHTTP(recorder, request)
	v.now = v.now.Add(time.Second)
	return scheme.Answer{Status: recorder.Code, ContentType: recorder.Header().Get("Content-Type"), Body: recorder.Body.Bytes()}
}

func (v *visa) change(e scheme.Enrolment) scheme.Outcome {
	v.t.Helper()
	c, err := v.m.ChangeEnrolment(scheme.EnrolmentInput{Access: testAccess(), RequestID: testRequestID, Enrolment: e, Now: v.now, Rand: rand.Reader})
	must(v.t, err)
	return c.Read(v.exchange(c.Request(v.now, rand.Reader)))
}

func (v *visa) enrolled() (scheme.Enrolled, error) {
	v.t.Helper()
	q, err := v.m.Enrolled(scheme.ConsumerInput{Access: testAccess(), RequestID: testRequestID, ID: testID})
	must(v.t, err)
	return q.Read(v.exchange(q.Request(v.now, rand.Reader)))
}

func (v *visa) result(reference string) (scheme.EnrolmentResult, error) {
	v.t.Helper()
	q, err := v.m.EnrolmentResult(scheme.ResultInput{Access: testAccess(), RequestID: testRequestID, ID: testID, Reference: reference})
	must(v.t, err)
	return q.Read(v.exchange(q.Request(v.now, rand.Reader)))
}

// do makes a change and waits for its end.
func (v *visa) do(e scheme.Enrolment) {
	v.t.Helper()
	o := v.change(e)
	if o.Effect != scheme.Done {
		v.t.Fatalf("%s: %+v, %v", e.Action, o, o.Err)
	}
	v.now = v.now.Add(v.delay)
	if r, err := v.result(o.Reference); err != nil || r.State != scheme.EnrolmentSucceeded {
		v.t.Fatalf("%s: %+v, %v", e.Action, r, err)
	}
}

// verdict judges a change as if no answer to it had come.
func (v *visa) verdict(e scheme.Enrolment, repeat []scheme.Fault) scheme.Verdict {
	v.t.Helper()
	has, err := v.enrolled()
	must(v.t, err)
	return v.m.JudgeEnrolment(scheme.EnrolmentEvidence{Enrolment: e, SentAt: v.now.Add(-time.Hour), Now: v.now, Enrolled: &has, Repeat: repeat})
}

func TestTheSimulatedVisaTakesTheMessages(t *testing.T) {
	for name, edit := range map[string]func(*clicktopay.Profile, *clicktopaysim.Config){
		"by default": nil,
		"intent, 256 bits, the whole path": func(p *clicktopay.Profile, c *clicktopaysim.Config) {
			p.ProductForm, p.ContentEncryption, p.ResourcePath, p.APIKeyName = clicktopay.Intent, "A256GCM", vts.FullPath, "apiKey"
			c.WantsIntent, c.SignsContext = true, true
		},
		"other words for a consumer's status": func(p *clicktopay.Profile, c *clicktopaysim.Config) {
			p.ActiveStatus, p.InactiveStatus = "ENABLED", "SUSPENDED_BY_ISSUER"
			c.ActiveStatus, c.InactiveStatus = p.ActiveStatus, p.InactiveStatus
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVisa(t, edit)
			if has, err := v.enrolled(); err != nil || has.IsEnrolled {
				t.Fatalf("before: %+v, %v", has, err)
			}
			steps := []scheme.Enrolment{
				enrolment(scheme.EnrolConsumer), enrolment(scheme.EnrolCards), enrolment(scheme.ReplaceConsumer), enrolment(scheme.ReplaceCards),
				enrolment(scheme.DeleteCards), enrolment(scheme.DeleteConsumer),
			}
			steps[1].Cards = []scheme.ConsumerCard{testCard("4222222222222220")}
			steps[2].Consumer.Inactive = true
			steps[2].Consumer.Consent = &scheme.Consent{Version: "1.0", Presenter: "Acme Bank", At: testNow}
			steps[3].Cards[0].Address.Line1 = private("2 New Street")
			for _, e := range steps {
				if e.Action != scheme.DeleteConsumer && v.verdict(e, nil) != scheme.WasNotDone {
					t.Errorf("%s: judged to be done before", e.Action)
				}
				v.do(e)
				if v.verdict(e, nil) != scheme.WasDone {
					t.Errorf("%s: not judged to be done", e.Action)
				}
			}
			v.checkReports()
		})
	}
}

// checkReports: the simulator found nothing to remedy, not even what Visa might tolerate, but
// for questions about a consumer who is not enrolled.
func (v *visa) checkReports() {
	v.t.Helper()
	recorder := httptest.NewRecorder()
	v.service.Reports().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	var said struct {
		Requests []struct {
			Call       string
			FirstFault *struct{ Code, Detail string }
		}
	}
	must(v.t, json.Unmarshal(recorder.Body.Bytes(), &said))
	if len(said.Requests) < 12 {
		v.t.Errorf("only %d requests were reported", len(said.Requests))
	}
	for _, r := range said.Requests {
		if f := r.FirstFault; f != nil && f.Code != "consumer_not_enrolled" {
			v.t.Errorf("%s: %s: %s", r.Call, f.Code, f.Detail)
		}
	}
}

func TestTheSimulatedVisaSaysNoInThreePlaces(t *testing.T) {
	v := newVisa(t, nil)
	v.delay = time.Minute
	enrol := enrolment(scheme.EnrolConsumer)
	first := v.change(enrol)
	if first.Effect != scheme.Done {
		t.Fatalf("%+v, %v", first, first.Err)
	}
	if r, err := v.result(first.Reference); err != nil || r.State != scheme.EnrolmentRuns {
		t.Errorf("running: %+v, %v", r, err)
	}
	if _, err := v.enrolled(); walletport.ReasonOf(err) != "scheme_busy" {
		t.Errorf("getData while it runs: %v", err)
	}
	if o := v.change(enrolment(scheme.DeleteConsumer)); o.Effect != scheme.Refused || walletport.ReasonOf(o.Err) != "scheme_busy" {
		t.Errorf("another change while it runs: %+v", o)
	}
	v.now = v.now.Add(v.delay)

	again := v.change(enrol)
	faults := scheme.FaultsOf(again.Err)
	if again.Effect != scheme.Refused || len(faults) == 0 || faults[0].Kind != scheme.FaultConsumerEnrolled {
		t.Errorf("again: %+v, %v", again, again.Err)
	}
	if v.verdict(enrol, faults) != scheme.WasDone {
		t.Error("a repeat of what was done is not judged to be done")
	}
	declined := enrolment(scheme.EnrolCards)
	declined.Cards = []scheme.ConsumerCard{testCard(otherPAN)}
	o := v.change(declined)
	v.now = v.now.Add(v.delay)
	r, err := v.result(o.Reference)
	if err != nil || r.State != scheme.EnrolmentFailed || len(r.Faults) != 1 || r.Faults[0].Kind != scheme.FaultDeclined {
		t.Errorf("declined: %+v, %v", r, err)
	}
	for action, kind := range map[scheme.EnrolmentAction]scheme.FaultKind{scheme.EnrolCards: scheme.FaultCardEnrolled, scheme.ReplaceCards: scheme.FaultCardNotEnrolled, scheme.DeleteCards: scheme.FaultCardNotEnrolled} {
		e := enrolment(action)
		if action != scheme.EnrolCards {
			e.Cards = []scheme.ConsumerCard{testCard(otherPAN)}
		}
		o := v.change(e)
		if faults := scheme.FaultsOf(o.Err); o.Effect != scheme.Refused || len(faults) == 0 || faults[0].Kind != kind {
			t.Errorf("%s: %+v, %v", action, o, o.Err)
		}
		checkNoCanary(t, o.Err)
	}
	if _, err := v.result("nobody-knows"); walletport.ReasonOf(err) != "request_not_at_scheme" {
		t.Errorf("an unknown trace id: %v", err)
	}
	if text := fmt.Sprint(again.Err); !strings.Contains(text, "VIDC-2000") {
		t.Errorf("operators read %s", text)
	}
}
