package clicktopaysim_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
)

// An issuer that shares no code with this repository: Node with the jose library.
func TestAnIssuerByJose(t *testing.T) {
	node := oracle.NeedNode(t, "jose")
	w := newWorld(t, func(s *settings) { s.register.Delay = func(register.Call) time.Duration { return 0 } })
	enrol, ask := string(must(json.Marshal(enrolment("c-1")))), string(must(json.Marshal(body(ids("c-1")))))
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&visaKey().PublicKey))}))
	request := must(json.Marshal(members{
		"secret": testSecret, "query": "apiKey=" + testAPIKey, "base": w.URL + "/sandbox/c2p/api/visaIdCredential", "now": time.Now().Unix(),
		"recipient": members{"kid": "visa-key", "public": public}, "reader": members{"private": privatePEM(t, issuerKey())},
		"steps": []members{
			{"method": "POST", "call": "enrollData", "plain": enrol},
			{"method": "GET", "call": "requestStatus/{0}"},
			{"method": "POST", "call": "getData", "plain": ask, "header": members{"enc": "A256GCM", "typ": "JOSE"}},
			{"method": "POST", "call": "enrollData", "plain": enrol},
		},
	}))
	var answers []struct {
		Status int
		Header members
		Plain  string
	}
	if err := json.Unmarshal(node.Run(t, request, filepath.Join(oracle.Dir(t), "visaclicktopay.mjs")), &answers); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		status int
		plain  string
	}{{202, `{"requestTraceId":"`}, {200, `"status":"COMPLETED"`}, {200, `"accountNumber":"411111******1142"`}, {400, `"reason":"VIDC-2000"`}} {
		got := answers[i]
		iat, _ := got.Header["iat"].(float64)
		delete(got.Header, "iat")
		if diff := cmp.Diff(members{"alg": "RSA-OAEP-256", "enc": "A128GCM", "kid": "issuer-key"}, got.Header); diff != "" || iat < 1e12 {
			t.Errorf("header of answer %d, iat %v (-want +got):\n%s", i, iat, diff)
		}
		if got.Status != want.status || !strings.Contains(got.Plain, want.plain) {
			t.Errorf("answer %d: %d %s", i, got.Status, got.Plain)
		}
	}
}
