package customerservice

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/faults"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

const (
	testPAN     = "5555555555554444"
	consumerKey = "dfHKGJ7abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP!4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c"
	google      = "50120834693"
	apple       = "50110030273"
)

type pair struct {
	key         *rsa.PrivateKey
	certificate *x509.Certificate
}

// pairs are the issuer's signing key, MDES's encryption key, and a stranger's.
var pairs = sync.OnceValue(func() (three [3]pair) {
	for i := range three {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			panic(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			panic(err)
		}
		three[i] = pair{key, certificate}
	}
	return three
})

func issuer() pair   { return pairs()[0] }
func mdes() pair     { return pairs()[1] }
func stranger() pair { return pairs()[2] }

// world is a running simulator.
type world struct {
	*httptest.Server
	dir    string
	vault  *tokenvault.Vault
	config Config
}

func newWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), config: Config{
		Clients: func() []Client { return []Client{{consumerKey, &issuer().key.PublicKey}} },
		Keys:    func() []Key { return []Key{{mdes().key, mdes().certificate}} },
		Faults:  faults.New(map[string][]string{SchemeName: Calls()}),
		Rand:    rand.Reader, Now: time.Now,
	}}
	if change != nil {
		change(&w.config)
	}
	w.start(t)
	t.Cleanup(func() { w.Close(); _ = w.vault.Close() })
	return w
}

// start opens what is in the folder. The vault of an earlier start is left as a kill
// leaves it, with its file open.
func (w *world) start(t *testing.T) {
	t.Helper()
	var err error
	if w.vault, err = tokenvault.Open(w.dir, rand.Reader, w.config.Now); err != nil {
		t.Fatal(err)
	}
	w.config.Vault = w.vault
	service, err := New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/sandbox/mdes/csapi/", http.StripPrefix("/sandbox", service.Handler()))
	mux.Handle("/sandbox/mdes/tokens/{ref}", Acts(w.vault))
	mux.Handle("/sandbox/faults", w.config.Faults)
	if w.Server != nil {
		w.Close()
	}
	w.Server = httptest.NewServer(mux)
}

func (w *world) token(t *testing.T, requestor, wallet string, needsStepUp bool) string {
	t.Helper()
	token, err := w.vault.Digitize(tokenvault.Digitization{
		Number: sim.NewCardNumber(testPAN), ExpiryMMYY: "1231", TokenRequestorID: requestor, Wallet: wallet, NeedsStepUp: needsStepUp,
	})
	if err != nil {
		t.Fatal(err)
	}
	return token.TokenUniqueReference
}

func (w *world) api(path string) string { return w.URL + "/sandbox/mdes/csapi/v2" + path }

// answer is what came back; status 0 is nothing at all.
type answer struct {
	status int
	body   []byte
}

// reason is the ReasonCode of the first error, "" of a success.
func (a answer) reason(t *testing.T) string {
	t.Helper()
	var members struct {
		Errors *struct {
			Error []struct{ Source, ReasonCode, Description string }
		}
	}
	if err := json.Unmarshal(a.body, &members); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	if members.Errors == nil {
		return ""
	}
	return members.Errors.Error[0].ReasonCode
}

func (a answer) read(t *testing.T, into any) {
	t.Helper()
	if reason := a.reason(t); a.status != http.StatusOK || reason != "" {
		t.Fatalf("status %d, %s", a.status, a.body)
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
}

func do(t *testing.T, method, url, authorization string, body []byte) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	req.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(req)
	if errors.Is(err, io.EOF) {
		return answer{}
	}
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, text}
}

type members = map[string]any

var audit = members{"UserId": "ada@acme", "UserName": "ada@acme.example", "Organization": "Acme Bank"}

// ask makes a call, signed as the documentation says.
func (w *world) ask(t *testing.T, path, wrapper string, request members) answer {
	t.Helper()
	inner := members{"AuditInfo": audit}
	maps.Copy(inner, request)
	body, err := json.Marshal(members{wrapper + "Request": inner})
	if err != nil {
		t.Fatal(err)
	}
	return do(t, http.MethodPost, w.api(path), newSigning(w.api(path), body).header(t), body)
}

func (w *world) change(t *testing.T, call, ref, reason string) answer {
	t.Helper()
	return w.ask(t, "/token/"+call, "Token"+strings.ToUpper(call[:1])+call[1:], members{"TokenUniqueReference": ref, "ReasonCode": reason, "CommentText": "on the phone"})
}

// signing is how a request is signed. It shares no code with the package under test.
type signing struct {
	method, url string
	oauth       map[string]string
	query       []string
	key         *rsa.PrivateKey
	join        func(name, value string) string
}

func newSigning(url string, body []byte) *signing {
	hash := sha256.Sum256(body)
	return &signing{method: "POST", url: url, key: issuer().key, oauth: map[string]string{
		"oauth_body_hash": base64.StdEncoding.EncodeToString(hash[:]), "oauth_consumer_key": consumerKey, "oauth_nonce": rand.Text()[:16],
		"oauth_signature_method": "RSA-SHA256", "oauth_timestamp": strconv.FormatInt(time.Now().Unix(), 10), "oauth_version": "1.0",
	}, join: func(name, value string) string { return name + "=" + value }}
}

func percent(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

func (s *signing) header(t *testing.T) string {
	t.Helper()
	pairs, header := slices.Clone(s.query), []string{}
	for name, value := range s.oauth {
		pairs = append(pairs, s.join(name, value))
		header = append(header, name+`="`+value+`"`)
	}
	slices.Sort(pairs)
	digest := sha256.Sum256([]byte(s.method + "&" + percent(s.url) + "&" + percent(strings.Join(pairs, "&"))))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return "OAuth " + strings.Join(append(header, `oauth_signature="`+percent(base64.StdEncoding.EncodeToString(signature))+`"`), ", ")
}

// sealing is how a field is encrypted.
type sealing struct {
	plaintext string
	to        pair
	hash      crypto.Hash
	name      string // of the hash
	isGCM     bool
	change    func(members)
}

func pan(number string) sealing {
	return sealing{plaintext: `{"CurrentAccount":{"AccountPan":"` + number + `"}}`, to: mdes(), hash: crypto.SHA256, name: "SHA256"}
}

func (s sealing) field(t *testing.T) members {
	t.Helper()
	key, iv := bytes.Repeat([]byte{7}, 16), bytes.Repeat([]byte{9}, 16)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := rsa.EncryptOAEP(s.hash.New(), rand.Reader, &s.to.key.PublicKey, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	fingerprint := sha1.Sum(s.to.certificate.Raw)
	field := members{"PublicKeyFingerprint": hex.EncodeToString(fingerprint[:]), "EncryptedKey": strings.ToUpper(hex.EncodeToString(wrapped)), "OaepHashingAlgorithm": s.name}
	if s.isGCM {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		sealed := gcm.Seal(nil, iv[:12], []byte(s.plaintext), []byte("aad"))
		data, tag := sealed[:len(sealed)-16], sealed[len(sealed)-16:]
		maps.Copy(field, members{"EncryptedData": hex.EncodeToString(data), "Iv": hex.EncodeToString(iv[:12]), "algorithmCipherMode": "GCM", "tag": hex.EncodeToString(tag), "aad": hex.EncodeToString([]byte("aad"))})
	} else {
		n := 16 - len(s.plaintext)%16
		padded := append([]byte(s.plaintext), bytes.Repeat([]byte{byte(n)}, n)...)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
		maps.Copy(field, members{"EncryptedData": hex.EncodeToString(padded), "Iv": hex.EncodeToString(iv)})
	}
	if s.change != nil {
		s.change(field)
	}
	return field
}

// searched is an answer to a search; numbers and strings are both read.
type searched struct {
	SearchResponse struct {
		Accounts struct {
			Account []struct {
				AccountPanSuffix, ExpirationDate any
				Tokens                           struct {
					Token []struct {
						TokenUniqueReference, CurrentStatusCode, TokenDeletedFromConsumerApp, ProvisioningStatusCode, LastCommentId string
						CurrentStatusDateTime                                                                                       time.Time
						TokenSuffix, CorrelationId, TokenRequestorId, WalletId                                                      any
						Suspenders                                                                                                  struct{ Suspender []string }
					}
				}
			}
		}
		PageInfo *struct{ Offset, Limit, Total, Count string }
	}
}

func (s searched) references() (all []string) {
	for _, account := range s.SearchResponse.Accounts.Account {
		for _, token := range account.Tokens.Token {
			all = append(all, token.TokenUniqueReference)
		}
	}
	return all
}
