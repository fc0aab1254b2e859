package clicktopaysim_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/walletport/walletport/sim/clicktopaysim"
)

// question is a request of the issuer, right unless a test changes it before it is sent.
type question struct {
	method, call string
	plain        string // "" is no body
	body         string // what is sent, sealed from plain unless it is there
	// Of the JWE.
	header  members
	to      *rsa.PrivateKey
	oaep    func() hash.Hash
	key     int // bytes
	iv, tag int // bytes
	encode  func(parts []string) string
	// Of the x-pay-token.
	query    string
	secret   string
	at       int64
	signs    func(path, query, body string) string
	payToken []string
	// Of HTTP.
	headers http.Header
	tls     *http.Client
	context context.Context
}

// asked counts the questions of all tests, so that each is signed in another second.
var asked atomic.Int64

func (w *world) question(method, call string, body any) *question {
	q := &question{
		method: method, call: call, header: members{"alg": "RSA-OAEP-256", "enc": "A128GCM", "kid": "visa-key", "iat": w.clock.now().UnixMilli()},
		to: visaKey(), oaep: sha256.New, key: 16, iv: 12, tag: 16, encode: func(parts []string) string { return strings.Join(parts, ".") },
		query: "apiKey=" + testAPIKey, secret: testSecret, at: w.clock.now().Unix() + asked.Add(1)%300, headers: http.Header{"Content-Type": {"application/json"}, "Keyid": {"visa-key"}},
		signs: func(path, query, body string) string { return path + query + body },
	}
	switch b := body.(type) {
	case nil:
	case string:
		q.plain = b
	default:
		q.plain = string(must(json.Marshal(b)))
	}
	return q
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// seal makes a JWE, by the standard library alone.
func (q *question) seal() string {
	encode := base64.RawURLEncoding.EncodeToString
	key, iv := make([]byte, q.key), make([]byte, q.iv)
	must(rand.Read(key))
	must(rand.Read(iv))
	wrapped := must(rsa.EncryptOAEP(q.oaep(), rand.Reader, &q.to.PublicKey, key, nil))
	protected := encode(must(json.Marshal(q.header)))
	block := must(aes.NewCipher(key))
	sealed := must(cipher.NewGCMWithNonceSize(block, q.iv)).Seal(nil, iv, []byte(q.plain), []byte(protected))
	text, tag := sealed[:len(q.plain)], sealed[len(q.plain):]
	return q.encode([]string{protected, encode(wrapped), encode(iv), encode(text), encode(tag[:q.tag])})
}

// answer is what came back; status 0 is nothing at all.
type answer struct {
	status int
	header http.Header
	body   []byte
	plain  members // opened
	fault  error   // of opening
}

// ask sends a question.
func (w *world) ask(t testing.TB, q *question) (a answer) {
	t.Helper()
	body := q.body
	if body == "" && q.plain != "" {
		body = string(must(json.Marshal(members{"encData": q.seal()})))
	}
	ctx := t.Context()
	if q.context != nil {
		ctx = q.context
	}
	req := must(http.NewRequestWithContext(ctx, q.method, w.URL+"/sandbox/c2p/api/visaIdCredential/v1/"+q.call, strings.NewReader(body)))
	req.URL.RawQuery = q.query
	maps.Copy(req.Header, q.headers)
	if q.payToken == nil && q.query != "" {
		seconds := strconv.FormatInt(q.at, 10)
		mac := hmac.New(sha256.New, []byte(q.secret))
		mac.Write([]byte(seconds + q.signs("v1/"+q.call, q.query, body)))
		q.payToken = []string{"xv2:" + seconds + ":" + hex.EncodeToString(mac.Sum(nil))}
	}
	if len(q.payToken) > 0 {
		req.Header["X-Pay-Token"] = q.payToken
	}
	sender := http.DefaultClient
	if q.tls != nil {
		sender = q.tls
	}
	got, err := sender.Do(req)
	if err != nil {
		if !errors.Is(err, io.EOF) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", q.call, err)
		}
		return answer{}
	}
	defer got.Body.Close()
	a = answer{status: got.StatusCode, header: got.Header, body: must(io.ReadAll(got.Body))}
	a.open()
	return a
}

// open opens encData, and says why it cannot.
func (a *answer) open() {
	var sealed struct{ EncData string }
	if a.fault = json.Unmarshal(a.body, &sealed); a.fault != nil {
		return
	}
	if sealed.EncData == "" {
		a.fault = errors.New("nothing is encrypted")
		return
	}
	parts := strings.Split(sealed.EncData, ".")
	decoded := make([][]byte, len(parts))
	for i, p := range parts {
		decoded[i], a.fault = base64.RawURLEncoding.DecodeString(p)
	}
	key, err := rsa.DecryptOAEP(sha256.New(), nil, issuerKey(), decoded[1], nil)
	if err != nil {
		a.fault = err
		return
	}
	plain, err := must(cipher.NewGCM(must(aes.NewCipher(key)))).Open(nil, decoded[2], slices.Concat(decoded[3], decoded[4]), []byte(parts[0]))
	if a.fault = err; err == nil {
		a.fault = json.Unmarshal(plain, &a.plain)
	}
}

// reason is Visa's code of a refusal, in either form; "" of none.
func (a answer) reason() string {
	if reason, ok := a.plain["reason"].(string); ok {
		return reason
	}
	var said struct {
		Reason         string
		ResponseStatus struct{ Code string }
	}
	_ = json.Unmarshal(a.body, &said) // an answer that is not JSON has no reason
	return said.Reason + said.ResponseStatus.Code
}

// locations are where a refusal says that something is wrong, with its reason.
func (a answer) locations() (all []string) {
	details, _ := a.plain["details"].([]any)
	for _, d := range details {
		all = append(all, d.(members)["reason"].(string)+" "+d.(members)["location"].(string))
	}
	return all
}

// write sends a write, which must be accepted, and returns its trace id.
func (w *world) write(t *testing.T, method, call string, body any) string {
	t.Helper()
	a := w.ask(t, w.question(method, call, body))
	trace, _ := a.plain["requestTraceId"].(string)
	if a.status != http.StatusAccepted || len(trace) != 36 {
		t.Fatalf("%s: %d %v %v", call, a.status, a.plain, a.fault)
	}
	return trace
}

// done is write and the time until its end; it must have succeeded.
func (w *world) done(t *testing.T, method, call string, body any) {
	t.Helper()
	trace := w.write(t, method, call, body)
	w.clock.add(delay)
	if status, outcome := w.outcome(t, trace); status != "COMPLETED" || !slices.Equal(outcome, []string{"SUCCESS"}) {
		t.Fatalf("%s: %s %v", call, status, outcome)
	}
}

// outcome asks how a request ended: SUCCESS, or FAILED and each reason and field.
func (w *world) outcome(t *testing.T, trace string) (status string, outcome []string) {
	t.Helper()
	a := w.ask(t, w.question(http.MethodGet, "requestStatus/"+trace, nil))
	if a.status != http.StatusOK || a.fault != nil {
		t.Fatalf("%d %v %v", a.status, a.fault, a.plain)
	}
	details, _ := a.plain["details"].([]any)
	for _, d := range details {
		outcome = append(outcome, d.(members)["status"].(string))
		problems, _ := d.(members)["errorDetails"].([]any)
		for _, p := range problems {
			outcome = append(outcome, p.(members)["reason"].(string)+" "+p.(members)["field"].(string))
		}
	}
	return a.plain["status"].(string), outcome
}

// send sends a request that needs no signature: to Acts, the reports or the faults.
func (w *world) send(t testing.TB, method, path, body string) (int, []byte) {
	t.Helper()
	got, err := http.DefaultClient.Do(must(http.NewRequest(method, w.URL+"/sandbox"+path, strings.NewReader(body))))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	return got.StatusCode, bytes.TrimSpace(must(io.ReadAll(got.Body)))
}

func (w *world) truth(t testing.TB, id string) (truth clicktopaysim.Truth) {
	t.Helper()
	status, text := w.send(t, http.MethodGet, "/c2p/consumers/"+testBID+"/"+id, "")
	if err := json.Unmarshal(text, &truth); status != http.StatusOK || err != nil {
		t.Fatalf("%d %s", status, text)
	}
	return truth
}

// firstFault is what the newest report names.
func (w *world) firstFault(t testing.TB) (report clicktopaysim.Report, code string) {
	t.Helper()
	got, err := http.Get(w.URL + "/sandbox/c2p/requests")
	if err != nil {
		t.Fatal(err)
	}
	return firstFaultOf(t, got)
}

func firstFaultOf(t testing.TB, got *http.Response) (report clicktopaysim.Report, code string) {
	t.Helper()
	defer got.Body.Close()
	var said struct{ Requests []clicktopaysim.Report }
	if err := json.NewDecoder(got.Body).Decode(&said); err != nil || len(said.Requests) == 0 {
		t.Fatalf("%d, %v", got.StatusCode, err)
	}
	if f := said.Requests[0].FirstFault; f != nil {
		code = f.Code
		if strings.TrimSpace(f.Remedy) == "" || f.Remedy == f.Detail {
			t.Errorf("the report of %s has the remedy %q", f.Code, f.Remedy)
		}
	}
	return said.Requests[0], code
}

func (w *world) act(t testing.TB, id, body string) {
	t.Helper()
	if status, text := w.send(t, http.MethodPost, "/c2p/consumers/"+testBID+"/"+id, body); status != http.StatusOK {
		t.Fatalf("%s: %d %s", body, status, text)
	}
}
