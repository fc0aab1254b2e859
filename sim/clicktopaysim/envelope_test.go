package clicktopaysim_test

import (
	"crypto/sha1" // what RSA-OAEP means without 256, as a client that errs has it
	"net/http"
	"strings"
	"testing"
)

// envelopeCases are requests whose encryption is wrong.
var envelopeCases = []struct {
	name, fault string
	change      func(q *question)
}{
	{"not encrypted", "body_not_encrypted", func(q *question) { q.body = q.plain }},
	{"another member's name", "enc_data_name", func(q *question) { q.body = `{"encdata":"a.b.c.d.e"}` }},
	{"nothing", "enc_data_missing", func(q *question) { q.body = `{}` }},
	{"no JSON", "body_json_invalid", func(q *question) { q.body = `encData` }},
	{"encData twice", "body_json_duplicate_member", func(q *question) { q.body = `{"encData":"","encData":""}` }},
	{"the JSON serialization", "enc_data_form", func(q *question) { q.body = `{"encData":{"ciphertext":""}}` }},
	{"signed", "segments_jws", func(q *question) { q.body = `{"encData":"a.b.c"}` }},
	{"half a JWE", "segments_count", func(q *question) { q.body = `{"encData":"a.b.c.d"}` }},
	{"padded segments", "segment_not_base64url", func(q *question) {
		q.encode = func(parts []string) string { return strings.Join(parts, ".") + "==" }
	}},
	{"a header that is not base64url", "header_not_base64url", func(q *question) { q.body = `{"encData":"{}.b.c.d.e"}` }},
	{"a header that is no JSON", "header_json_invalid", func(q *question) { q.body = `{"encData":"bm9uZQ.b.c.d.e"}` }},
	{"alg RSA-OAEP", "alg_rsa_oaep", func(q *question) { q.header["alg"] = "RSA-OAEP" }},
	{"alg RSA1_5", "alg_wrong", func(q *question) { q.header["alg"] = "RSA1_5" }},
	{"enc A128CBC-HS256", "enc_wrong", func(q *question) { q.header["enc"] = "A128CBC-HS256" }},
	{"compressed", "zip_present", func(q *question) { q.header["zip"] = "DEF" }},
	{"crit", "crit_present", func(q *question) { q.header["crit"] = []string{"iat"} }},
	{"no kid", "kid_missing", func(q *question) { delete(q.header, "kid") }},
	{"another environment's kid", "kid_unknown", func(q *question) { q.header["kid"] = "other"; q.headers.Set("keyId", "other") }},
	{"the kid of x-pay-token", "kid_of_x_pay_token", func(q *question) { q.header["kid"] = testAPIKey; q.headers.Set("keyId", testAPIKey) }},
	{"no keyId", "key_id_missing", func(q *question) { q.headers.Del("keyId") }},
	{"another keyId", "key_id_other", func(q *question) { q.headers.Set("keyId", "other") }},
	{"iat as text", "iat_text", func(q *question) { q.header["iat"] = "1795608000000" }},
	{"iat in seconds", "iat_seconds", func(q *question) { q.header["iat"] = 1795608000 }},
	{"iat as a date", "iat_malformed", func(q *question) { q.header["iat"] = "2026-11-29" }},
	{"iat with a fraction", "iat_malformed", func(q *question) { q.header["iat"] = 1795608000000.5 }},
	{"to another key", "key_wrong", func(q *question) { q.to = stranger() }},
	{"by SHA-1", "key_wrong", func(q *question) { q.oaep = sha1.New }},
	{"a content key of 32 bytes", "content_key_length", func(q *question) { q.key = 32 }},
	{"an IV of 16 bytes", "iv_length", func(q *question) { q.iv = 16 }},
	{"half a tag", "tag_length", func(q *question) { q.tag = 8 }},
	{"another header than the one that is sealed", "content_does_not_open", func(q *question) {
		q.encode = func(parts []string) string {
			parts[3] = "AAAA" + parts[3][4:]
			return strings.Join(parts, ".")
		}
	}},
	{"text instead of JSON", "content_json_invalid", func(q *question) { q.plain = "enrol" }},
	{"a list instead of an object", "content_json_not_object", func(q *question) { q.plain = "[]" }},
}

func TestEncryptionThatIsWrong(t *testing.T) {
	w := newWorld(t, nil)
	bodies := map[string]bool{}
	for _, c := range envelopeCases {
		q := w.question(http.MethodPost, "enrollData", enrolment("c-1"))
		c.change(q)
		a := w.ask(t, q)
		if _, fault := w.firstFault(t); a.status != http.StatusBadRequest || a.reason() != "" || fault != c.fault {
			t.Errorf("%s: %d %s, fault %s", c.name, a.status, a.body, fault)
		}
		bodies[string(a.body)] = true
	}
	if len(bodies) != 1 {
		t.Errorf("the answers tell the faults apart: %v", bodies)
	}
	if status, text := w.send(t, http.MethodGet, "/c2p/consumers", ""); status != 200 || string(text) != `{"consumers":[]}` {
		t.Errorf("%d %s", status, text)
	}
}

// toleratedCases are what a first fault names without a refusal.
var toleratedCases = []struct {
	name, fault string
	change      func(q *question)
}{
	{"A256GCM", "", func(q *question) { q.header["enc"], q.key = "A256GCM", 32 }},
	{"typ JOSE", "", func(q *question) { q.header["typ"] = "JOSE" }},
	{"typ JWT", "typ_wrong", func(q *question) { q.header["typ"] = "JWT" }},
	{"no iat", "iat_missing", func(q *question) { delete(q.header, "iat") }},
}

func TestEncryptionThatIsTaken(t *testing.T) {
	w := newWorld(t, nil)
	for i, c := range toleratedCases {
		q := w.question(http.MethodPost, "enrollData", enrolment("c-"+string(rune('a'+i))))
		c.change(q)
		q.headers.Set("X-Correlation-Id", "trace-"+c.fault)
		a := w.ask(t, q)
		report, fault := w.firstFault(t)
		if a.status != http.StatusAccepted || fault != c.fault || !report.Accepted || report.CorrelationID != `"trace-`+c.fault+`"` {
			t.Errorf("%s: %d %v, report %+v", c.name, a.status, a.plain, report)
		}
	}
}
