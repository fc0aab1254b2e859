package tokenapi

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/faults"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// newFuzzed is a service with one client, whose keys are all the same, and one token.
func newFuzzed(f *testing.F) (*Service, tokenvault.Token) {
	f.Helper()
	key, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		f.Fatal(err)
	}
	vault, err := tokenvault.Open(f.TempDir(), rand.Reader, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = vault.Close() })
	token, err := vault.Provision(tokenvault.Provisioning{Number: sim.NewCardNumber("4111111111111111"), TokenRequestorID: "40010075001", Wallet: "googlepay"})
	if err != nil {
		f.Fatal(err)
	}
	s, err := New(Config{
		Vault: vault,
		Clients: func() []Client {
			return []Client{{APIKey: "key", Secret: []byte("secret"), Signer: PublicKey{"k", &key.PublicKey}, Recipient: PublicKey{"k", &key.PublicKey}}}
		},
		Keys: func() Keys {
			return Keys{Decrypters: []Decrypter{{"k", key}}, SignerKeyID: "k", Signer: crypto.Signer(key)}
		},
		Faults: faults.New(map[string][]string{SchemeName: Calls()}), Rand: rand.Reader, Now: time.Now,
	})
	if err != nil {
		f.Fatal(err)
	}
	return s, token
}

// Nobody gets in whose token was not made with the secret, whatever path, header and body.
func FuzzUnsignedRequest(f *testing.F) {
	s, token := newFuzzed(f)
	f.Add("/vtis/v1/pan/retrieveTokenInfo?apiKey=key", "xv2:1700000000:00", `{"encryptedData":"a.b.c"}`)
	f.Add("/vtis/v1/tokenRequestors/40010075001/tokens/"+token.TokenReferenceID+"/lifecycle?apikey=key", "xv2::", `{"operationType":"DELETE"}`)
	f.Fuzz(func(t *testing.T, target, payToken, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RequestURI = target
		r.Header["X-Pay-Token"] = []string{payToken}
		c, _, _, ok := callOf(r)
		if !ok {
			return
		}
		if _, denied := s.authenticate(r, c, []byte(body)); denied == nil {
			t.Error("a request without the secret is let in")
		}
	})
}

// What opens is what was sealed with the keys; nothing else does.
func FuzzEncryptedData(f *testing.F) {
	s, _ := newFuzzed(f)
	sealed, err := s.seal(request{ctx: f.Context(), clients: s.c.Clients()}, spelling{}, "what is sealed")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add("e30.e30.e30")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		opened, refused := s.open(t.Context(), s.c.Clients(), text)
		if refused == nil && (text != sealed || string(opened) != `"what is sealed"`) {
			t.Errorf("opens to %q", opened)
		}
	})
}

// A change that is taken keeps the limits, and holds no card number.
func FuzzChange(f *testing.F) {
	s, _ := newFuzzed(f)
	f.Add([]byte(`{"operatorID":"ada","operationType":"SUSPEND","operationReason":"lost"}`))
	f.Add([]byte(`{"operationType":"TOKEN_DEVICE_BINDING_REMOVE","operationReason":"x","deviceInfo":{"deviceID":"1"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, refused := readChange(body)
		if refused != nil {
			return
		}
		act, refused := s.act(c)
		if refused != nil {
			return
		}
		said := act.OperatorID + " " + act.Reason
		if act.Device != nil {
			said += " " + act.Device.DeviceID
		}
		if !tokenvault.IsOperation(act.Operation) || act.Reason == "" || len(act.OperatorID) > 4*maxOperatorChars || walletport.ContainsPAN(act.OperatorID) || walletport.ContainsPAN(act.Reason) {
			t.Errorf("taken: %q", said)
		}
	})
}
