package tokenapi_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/faults"
	"github.com/walletport/walletport/sim/vtssim/tokenapi"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

const (
	testPAN    = "4111111111111111"
	otherPAN   = "4761120010000492"
	testAPIKey = "YBVCBAT5JM9UAXJUV2LF21I5bGFLuTmT"
	testSecret = "GtYm0zV#@L8Yz{f2u1fHwPqwRN0Bd$C8jqXPPo3d"
	google     = "40010075001"
	apple      = "40010030273"
)

// pairs are the issuer's signing and encryption keys, Visa's of both kinds, and a
// stranger's. A process that is killed has those of the test.
var pairs = sync.OnceValue(func() (five [5]*rsa.PrivateKey) {
	given, err := os.ReadFile(filepath.Join(os.Getenv(killFolder), keysFile))
	for i := range five {
		if err == nil && os.Getenv(killFolder) != "" {
			five[i], given = firstKey(given)
			continue
		}
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		five[i] = key
	}
	return five
})

func firstKey(text []byte) (key *rsa.PrivateKey, rest []byte) {
	block, rest := pem.Decode(text)
	read, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	return read.(*rsa.PrivateKey), rest
}

func issuerSigner() *rsa.PrivateKey { return pairs()[0] }
func issuerReader() *rsa.PrivateKey { return pairs()[1] }
func visaSigner() *rsa.PrivateKey   { return pairs()[2] }
func visaReader() *rsa.PrivateKey   { return pairs()[3] }
func stranger() *rsa.PrivateKey     { return pairs()[4] }

func privatePEM(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func publicPEM(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

type members = map[string]any

func newConfig(vault *tokenvault.Vault) tokenapi.Config {
	return tokenapi.Config{
		Vault: vault,
		Clients: func() []tokenapi.Client {
			return []tokenapi.Client{{
				APIKey: testAPIKey, Secret: []byte(testSecret),
				Signer: tokenapi.PublicKey{KeyID: "issuer-signer", Key: &issuerSigner().PublicKey}, Recipient: tokenapi.PublicKey{KeyID: "issuer-reader", Key: &issuerReader().PublicKey},
			}}
		},
		Keys: func() tokenapi.Keys {
			return tokenapi.Keys{Decrypters: []tokenapi.Decrypter{{KeyID: "visa-reader", Key: visaReader()}}, SignerKeyID: "715EA257", Signer: visaSigner()}
		},
		Faults: faults.New(map[string][]string{tokenapi.SchemeName: tokenapi.Calls()}),
		Rand:   rand.Reader, Now: time.Now,
	}
}

// mount is where a sandbox has the API, Acts and the faults.
func mount(t testing.TB, c tokenapi.Config) http.Handler {
	t.Helper()
	service, err := tokenapi.New(c)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/sandbox/vts/api/", service.Handler())
	mux.Handle("/sandbox/vts/tokens/{ref}", tokenapi.Acts(c.Vault))
	mux.Handle("/sandbox/faults", c.Faults)
	return mux
}

// world is a running simulator.
type world struct {
	URL   string
	vault *tokenvault.Vault
}

func newWorld(t *testing.T, change func(*tokenapi.Config)) *world {
	t.Helper()
	vault, err := tokenvault.Open(t.TempDir(), rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	config := newConfig(vault)
	if change != nil {
		change(&config)
	}
	server := httptest.NewServer(mount(t, config))
	t.Cleanup(func() {
		server.Close()
		if err := vault.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{server.URL, vault}
}

func provision(t *testing.T, vault *tokenvault.Vault, p tokenvault.Provisioning) tokenvault.Token {
	t.Helper()
	token, err := vault.Provision(p)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func googlePay(number string) tokenvault.Provisioning {
	return tokenvault.Provisioning{Number: sim.NewCardNumber(number), TokenRequestorID: google, Wallet: "googlepay", DeviceID: "3458604036415c7c4b1a24c6"}
}

// step is one request of the issuer that the oracle plays; visaissuer.mjs says what it may
// have.
type step = members

// call makes a step, signed as the documentation says unless more changes that.
func (w *world) call(method, path string, more step) step {
	s := step{"method": method, "url": w.URL + "/sandbox/vts/api/" + path + "?apiKey=" + testAPIKey, "path": path}
	for name, value := range more {
		s[name] = value
	}
	return s
}

func (w *world) list(more step) step { return w.call("POST", "vtis/v1/pan/retrieveTokenInfo", more) }

func cardInfo(number string) string {
	return `{"cardholderInfo":{"primaryAccountNumber":"` + number + `"}}`
}

func tokenPath(token tokenvault.Token, call string) string {
	return "vtis/v1/tokenRequestors/" + token.TokenRequestorID + "/tokens/" + token.TokenReferenceID + "/" + call
}

func (w *world) details(token tokenvault.Token) step {
	return w.call("GET", tokenPath(token, "details"), nil)
}

func (w *world) lifecycle(t *testing.T, token tokenvault.Token, body members) step {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return w.call("POST", tokenPath(token, "lifecycle"), step{"body": string(text)})
}

func operation(name string) members {
	body := members{"operatorID": "ada@acme", "operationType": name, "operationReason": "Cardholder reports the phone lost"}
	if name == "CALL_CENTER_ACTIVATION" {
		body["activationCode"] = "A1B2C3"
	}
	return body
}

// answer is what came back; status 0 is nothing at all.
type answer struct {
	Status int    `json:"status"`
	Type   string `json:"type"`
	Body   string `json:"body"`
	Opened *struct {
		Outer     members `json:"outer"`
		Inner     members `json:"inner"`
		Plaintext string  `json:"plaintext"`
		Fault     string  `json:"fault"`
	} `json:"opened"`
}

// reason is the code of an error in either of Visa's forms, "" of none.
func (a answer) reason(t *testing.T) string {
	t.Helper()
	var said struct {
		ErrorResponse  *struct{ Reason string }
		ResponseStatus *struct{ Code string }
	}
	if a.Body == "" {
		return ""
	}
	if err := json.Unmarshal([]byte(a.Body), &said); err != nil {
		t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
	switch {
	case said.ErrorResponse != nil:
		return said.ErrorResponse.Reason
	case said.ResponseStatus != nil:
		return said.ResponseStatus.Code
	}
	return ""
}

// asked counts the steps of all tests, so that each is signed in another second.
var asked atomic.Int64

// ask lets an issuer that shares no code with this repository send requests, one after the
// other: Node with the jose library.
func ask(t *testing.T, steps ...step) []answer {
	t.Helper()
	node := oracle.NeedNode(t, "jose")
	now, before := time.Now().Unix(), asked.Add(int64(len(steps)))-int64(len(steps))
	request, err := json.Marshal(members{
		"secret": testSecret, "now": now, "first": now + before%300, "steps": steps,
		"signer":    members{"kid": "issuer-signer", "private": privatePEM(t, issuerSigner())},
		"recipient": members{"kid": "visa-reader", "public": publicPEM(t, visaReader())},
		"visa":      members{"public": publicPEM(t, visaSigner())},
		"reader":    members{"private": privatePEM(t, issuerReader())},
	})
	if err != nil {
		t.Fatal(err)
	}
	var answers []answer
	if err := json.Unmarshal(node.Run(t, request, filepath.Join(oracle.Dir(t), "visaissuer.mjs")), &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(steps) {
		t.Fatalf("%d answers to %d requests", len(answers), len(steps))
	}
	return answers
}

// send sends a request that needs no signature, to Acts or to the faults.
func (w *world) send(t *testing.T, method, path, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.URL+"/sandbox"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, bytes.TrimSpace(text)
}

// story is the scheme's truth about a token.
type story struct {
	Ref, Status string
	Suspenders  []string
	History     []struct {
		Call, By string
		At       time.Time
	}
}

func (s story) deeds() (all []string) {
	for _, d := range s.History {
		all = append(all, d.By+" "+d.Call)
	}
	return all
}

func (w *world) story(t *testing.T, token tokenvault.Token) (s story) {
	t.Helper()
	status, text := w.send(t, http.MethodGet, "/vts/tokens/"+token.TokenReferenceID, "")
	if err := json.Unmarshal(text, &s); status != http.StatusOK || err != nil {
		t.Fatalf("%d %s", status, text)
	}
	return s
}
