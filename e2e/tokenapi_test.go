package e2e_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/oracle"
)

// tokenAPISecrets are what an issuer calls the simulated Visa with.
type tokenAPISecrets struct {
	BaseURL                 string `json:"baseURL"`
	APIKey                  string `json:"apiKey"`
	SharedSecret            string `json:"sharedSecret"`
	SigningKeyID            string `json:"signingKeyId"`
	SigningPrivateKey       string `json:"signingPrivateKey"`
	EncryptionKeyID         string `json:"encryptionKeyId"`
	EncryptionCertificate   string `json:"encryptionCertificate"`
	VerificationKeyID       string `json:"verificationKeyId"`
	VerificationCertificate string `json:"verificationCertificate"`
	DecryptionKeyID         string `json:"decryptionKeyId"`
	DecryptionPrivateKey    string `json:"decryptionPrivateKey"`
}

// issuerInNode is a client of Visa that is none of ours: Node and the jose library.
type issuerInNode struct {
	box   *sandbox
	asked *int64 // how many requests, so that each is signed in a second of its own
}

func newIssuerInNode(box *sandbox) issuerInNode { return issuerInNode{box, new(int64)} }

// visaAnswer is an answer of the token API; status 0 is none.
type visaAnswer struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
	Opened struct {
		Outer     members `json:"outer"`
		Inner     members `json:"inner"`
		Plaintext string  `json:"plaintext"`
		Fault     string  `json:"fault"`
	} `json:"opened"`
}

// ask makes one call: seal is a text that becomes the body's encryptedData.
func (i issuerInNode) ask(t *testing.T, method, path, body, seal string) visaAnswer {
	t.Helper()
	own := i.box.file.VTS.TokenAPI
	step := members{"method": method, "url": own.BaseURL + "/" + path + "?apiKey=" + own.APIKey, "path": path}
	if seal != "" {
		step["seal"] = seal
	} else {
		step["body"] = body
	}
	*i.asked++
	request, err := json.Marshal(members{
		"secret": own.SharedSecret, "now": time.Now().Unix(), "first": time.Now().Unix() + *i.asked, "steps": []members{step},
		"signer":    members{"kid": own.SigningKeyID, "private": own.SigningPrivateKey},
		"recipient": members{"kid": own.EncryptionKeyID, "public": publicOf(t, own.EncryptionCertificate)},
		"visa":      members{"public": publicOf(t, own.VerificationCertificate)},
		"reader":    members{"private": own.DecryptionPrivateKey},
	})
	if err != nil {
		t.Fatal(err)
	}
	var answers []visaAnswer
	said := oracle.NeedNode(t, "jose").Run(t, request, filepath.Join(oracle.Dir(t), "visaissuer.mjs"))
	if err := json.Unmarshal(said, &answers); err != nil || len(answers) != 1 {
		t.Fatalf("%d answers, %v", len(answers), err)
	}
	return answers[0]
}

// publicOf returns the public key of a certificate, both in PEM.
func publicOf(t *testing.T, certificate string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(certificate))
	if block == nil {
		t.Fatal("not a certificate in PEM")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: parsed.RawSubjectPublicKeyInfo}))
}

// visaToken is a token as the simulated Visa lists its own.
type visaToken struct {
	Reference string `json:"tokenReferenceID"`
	Requestor string `json:"tokenRequestorID"`
	Status    string `json:"tokenStatus"`
}

func (v visaToken) path(call string) string {
	return "vtis/v1/tokenRequestors/" + v.Requestor + "/tokens/" + v.Reference + "/" + call
}

// onlyVisaToken returns the one token that the simulated Visa has.
func (s *sandbox) onlyVisaToken(t *testing.T) visaToken {
	t.Helper()
	var all struct {
		Tokens []visaToken `json:"tokens"`
	}
	a := s.caller().get("/sandbox/vts/tokens")
	if err := json.Unmarshal([]byte(a.body), &all); err != nil || len(all.Tokens) != 1 {
		t.Fatalf("one token expected: %s, %v", a.body, err)
	}
	return all.Tokens[0]
}

// TestTheSimulatedVisaKeepsItsState: a stranger changes a token, others do, an answer is
// lost, and the sandbox is killed.
func TestTheSimulatedVisaKeepsItsState(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "box")
	box := mustSandbox(t, dir, "")
	box.wantApplePay(t, visaCard)
	token, issuer := box.onlyVisaToken(t), newIssuerInNode(box)
	change := func(operation string) visaAnswer {
		body := fmt.Sprintf(`{"operatorID":"ada@acme","operationType":%q,"operationReason":"asked on the phone"}`, operation)
		return issuer.ask(t, http.MethodPost, token.path("lifecycle"), body, "")
	}

	if a := change("SUSPEND"); a.Status != http.StatusOK || a.Body != "" {
		t.Fatalf("suspend: %+v", a)
	}
	if a := change("SUSPEND"); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "VSE40002") {
		t.Errorf("suspend again: %+v", a)
	}
	for _, act := range []string{`{"as":"CARDHOLDER","do":"resume"}`, `{"as":"TOKEN_REQUESTOR","do":"suspend"}`} {
		if a := box.send(t, http.MethodPost, box.file.SandboxURL+"/vts/tokens/"+token.Reference, act, ""); a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", act, a.status, a.body)
		}
	}
	fault := `{"scheme":"vts","call":"lifecycle","fault":"drop_after_commit"}`
	if a := box.send(t, http.MethodPost, box.file.SandboxURL+"/faults", fault, ""); a.status != http.StatusCreated {
		t.Fatalf("the fault: %d %s", a.status, a.body)
	}
	if a := change("RESUME"); a.Status != 0 {
		t.Errorf("an answer that should be lost: %+v", a)
	}
	box.mustKill(t)

	box = mustSandbox(t, dir, "")
	issuer = newIssuerInNode(box)
	want := []string{"TOKEN_REQUESTOR TOKEN_CREATED", "ISSUER SUSPEND", "CARDHOLDER RESUME", "TOKEN_REQUESTOR SUSPEND", "ISSUER RESUME"}
	if story := box.tokenStory(t, "vts", token.Reference); story.Status != "ACTIVE" || len(story.Suspenders) != 0 || !slices.Equal(story.deeds(), want) {
		t.Errorf("after the kill the scheme knows %+v", story)
	}
	number := box.file.mustCard(t, visaCard).PAN
	listed := issuer.ask(t, http.MethodPost, "vtis/v1/pan/retrieveTokenInfo", "", `{"cardholderInfo":{"primaryAccountNumber":"`+number+`"}}`)
	if listed.Status != http.StatusOK || !strings.Contains(listed.Body, token.Reference) || strings.Contains(listed.Body, number) {
		t.Errorf("the card's tokens: %+v", listed)
	}
	issuer.wantDetails(t, token)
	box.mustStop(t)
}

// wantDetails opens the details of an active token.
func (i issuerInNode) wantDetails(t *testing.T, token visaToken) {
	t.Helper()
	a := i.ask(t, http.MethodGet, token.path("details"), "", "")
	var inside struct {
		TokenInfo struct {
			Token       json.Number `json:"token"`
			TokenStatus string      `json:"tokenStatus"`
		} `json:"tokenInfo"`
	}
	if err := json.Unmarshal([]byte(a.Opened.Plaintext), &inside); a.Status != http.StatusOK || err != nil {
		t.Fatalf("details: %+v, %v", a, err)
	}
	own := i.box.file.VTS.TokenAPI
	if a.Opened.Outer.text("kid") != own.VerificationKeyID || a.Opened.Inner.text("kid") != own.DecryptionKeyID {
		t.Errorf("the kids are %v and %v", a.Opened.Outer["kid"], a.Opened.Inner["kid"])
	}
	if number := string(inside.TokenInfo.Token); inside.TokenInfo.TokenStatus != "ACTIVE" || len(number) != 16 || strings.Contains(a.Body, number) {
		t.Errorf("the details are of a token %s, its number has %d digits", inside.TokenInfo.TokenStatus, len(number))
	}
}
