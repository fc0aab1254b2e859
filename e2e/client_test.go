package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// caller is a bank's back end: a base URL and what it authenticates with.
type caller struct {
	base      string // …/wallet
	client    *http.Client
	authorize func(*http.Request)
}

func newCaller(base string, c credentials) caller {
	return caller{
		base:      base,
		client:    &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
		authorize: func(r *http.Request) { r.SetBasicAuth(c.Username, c.Password) },
	}
}

// answer is what came back, or err.
type answer struct {
	requestID string // that was sent
	status    int
	header    http.Header
	body      string
	closes    bool // the connection after the answer
	err       error
}

// problem is RFC 9457 with walletport's members.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Code      string `json:"code"`
	RequestID string `json:"requestId"`
	Errors    []struct {
		Field  string `json:"field"`
		Reason string `json:"reason"`
	} `json:"errors"`
}

// fields are the places that a problem names.
func (p problem) fields() (names []string) {
	for _, e := range p.Errors {
		names = append(names, e.Field)
	}
	return names
}

func (a answer) problem() problem {
	var p problem
	if json.Unmarshal([]byte(a.body), &p) != nil {
		return problem{}
	}
	return p
}

// code is the outcome of the call: "ok", or the problem's code.
func (a answer) code() string {
	if a.status == http.StatusOK {
		return "ok"
	}
	return a.problem().Code
}

func (a answer) String() string {
	if a.err != nil {
		return fmt.Sprintf("request %s: %v", a.requestID, a.err)
	}
	return fmt.Sprintf("request %s: status %d %.300s", a.requestID, a.status, a.body)
}

// payload returns the digitizationData of a good answer.
func (a answer) mustPayload(t *testing.T) string {
	t.Helper()
	var body struct {
		DigitizationData string `json:"digitizationData"`
	}
	if err := json.Unmarshal([]byte(a.body), &body); a.status != http.StatusOK || err != nil || body.DigitizationData == "" {
		t.Fatalf("no payload: %v", a)
	}
	return body.DigitizationData
}

// provision asks for the payload of a card.
func (c caller) provision(cardID int64, provider, requestID string) answer {
	target := fmt.Sprintf("%s/v1/%d/provision/issuerwallet/%s?auditUser=%s", c.base, cardID, provider, url.QueryEscape("ada@bank.example"))
	r, err := http.NewRequest(http.MethodPost, target, http.NoBody)
	if err != nil {
		return answer{requestID: requestID, err: err}
	}
	r.Header.Set("X-Request-Id", requestID)
	c.authorize(r)
	return c.do(r)
}

// post makes a call of the API with a JSON body; nil sends none.
func (c caller) post(path string, body any, requestID string, change ...func(*http.Request)) answer {
	text := []byte(nil)
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return answer{requestID: requestID, err: err}
		}
	}
	r, err := http.NewRequest(http.MethodPost, c.base+path+"?auditUser=ada%40bank.example", bytes.NewReader(text))
	if err != nil {
		return answer{requestID: requestID, err: err}
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-Request-Id", requestID)
	c.authorize(r)
	for _, f := range change {
		f(r)
	}
	return c.do(r)
}

// do sends a request and reads the whole answer.
func (c caller) do(r *http.Request) answer {
	a := answer{requestID: r.Header.Get("X-Request-Id")}
	resp, err := c.client.Do(r)
	if err != nil {
		a.err = err
		return a
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	a.status, a.header, a.body, a.closes = resp.StatusCode, resp.Header, string(body), resp.Close
	a.err = errors.Join(err, resp.Body.Close())
	return a
}

// get reads a page outside of the API.
func (c caller) get(path string) answer {
	r, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(c.base, "/wallet")+path, http.NoBody)
	if err != nil {
		return answer{err: err}
	}
	return c.do(r)
}

// ready returns the failed checks that /readyz names, by name and code; ok is
// false when there is no such answer.
func (c caller) ready() (failed map[string]string, status string, ok bool) {
	a := c.get("/readyz")
	var body struct {
		Status string `json:"status"`
		Checks []struct {
			Name string `json:"name"`
			OK   bool   `json:"ok"`
			Code string `json:"code"`
		} `json:"checks"`
	}
	if a.err != nil || json.Unmarshal([]byte(a.body), &body) != nil || (a.status == http.StatusOK) != (body.Status == "ready") {
		return nil, "", false
	}
	failed = map[string]string{}
	for _, check := range body.Checks {
		if !check.OK {
			failed[check.Name] = check.Code
		}
	}
	return failed, body.Status, true
}

func (c caller) isReady() bool {
	failed, status, ok := c.ready()
	return ok && status == "ready" && len(failed) == 0
}

// basicHeader is the value of an Authorization header.
func basicHeader(c credentials) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Username+":"+c.Password))
}
