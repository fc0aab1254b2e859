package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport/oracle"
)

// customerServiceSecrets are what an issuer calls the simulated MDES with.
type customerServiceSecrets struct {
	BaseURL               string `json:"baseURL"`
	ConsumerKey           string `json:"consumerKey"`
	SigningPrivateKey     string `json:"signingPrivateKey"`
	EncryptionPrivateKey  string `json:"encryptionPrivateKey"`
	EncryptionCertificate string `json:"encryptionCertificate"`
}

// issuerInPython is a client of MDES that is none of ours: Python and openssl.
type issuerInPython struct {
	python           oracle.Program
	box              *sandbox
	key, certificate string // files
}

func newIssuerInPython(t *testing.T, box *sandbox) issuerInPython {
	t.Helper()
	oracle.Need(t, "openssl")
	dir := t.TempDir()
	i := issuerInPython{
		oracle.Need(t, "python3").With("../sim/mdessim/customerservice/testdata/issuer.py"), box,
		filepath.Join(dir, "key.pem"), filepath.Join(dir, "certificate.pem"),
	}
	own := box.file.MDES.CustomerService
	for path, text := range map[string]string{i.key: own.SigningPrivateKey, i.certificate: own.EncryptionCertificate} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// ask makes a call of the Customer Service API; inner is the members of the request but
// AuditInfo.
func (i issuerInPython) ask(t *testing.T, path, wrapper, inner string) answer {
	t.Helper()
	at := i.box.file.MDES.CustomerService.BaseURL + "/v2" + path
	body := `{"` + wrapper + `":{` + inner + `,"AuditInfo":{"UserId":"ada@acme","UserName":"ada@acme.example","Organization":"Acme Bank"}}}`
	header := i.python.Run(t, []byte(body), "sign", "POST", at, i.box.file.MDES.CustomerService.ConsumerKey, i.key)
	return i.box.send(t, http.MethodPost, at, body, string(header))
}

// send makes a request to the other side of a sandbox.
func (s *sandbox) send(t *testing.T, method, at, body, authorization string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at, io.NopCloser(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return s.caller().do(r)
}

// tokenStory is what the scheme knows of a token.
type tokenStory struct {
	Ref        string   `json:"ref"`
	Status     string   `json:"status"`
	Suspenders []string `json:"suspenders"`
	History    []struct {
		Call string    `json:"call"`
		By   string    `json:"by"`
		At   time.Time `json:"at"`
	} `json:"history"`
}

func (s tokenStory) deeds() (all []string) {
	for _, d := range s.History {
		all = append(all, d.By+" "+d.Call)
	}
	return all
}

// tokenStory asks "mdes" or "vts" for the truth about a token.
func (s *sandbox) tokenStory(t *testing.T, scheme, ref string) (story tokenStory) {
	t.Helper()
	a := s.send(t, http.MethodGet, s.file.SandboxURL+"/"+scheme+"/tokens/"+ref, "", "")
	if err := json.Unmarshal([]byte(a.body), &story); a.status != http.StatusOK || err != nil {
		t.Fatalf("the scheme's truth: %d %s, %v", a.status, a.body, a.err)
	}
	return story
}

// TestTheSimulatedMDESKeepsItsState: a stranger changes a token, others do, an answer is
// lost, and the sandbox is killed.
func TestTheSimulatedMDESKeepsItsState(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "box")
	box := mustSandbox(t, dir, "")
	ref := box.provisioned(t, box.caller(), wallet, "tokens-1").Token.TokenUniqueReference
	issuer := newIssuerInPython(t, box)
	named := `"TokenUniqueReference":"` + ref + `","ReasonCode":"Z","CommentText":"asked on the phone"`

	if a := issuer.ask(t, "/token/suspend", "TokenSuspendRequest", named); a.status != http.StatusOK || !strings.Contains(a.body, "CommentId") {
		t.Fatalf("suspend: %d %s", a.status, a.body)
	}
	if a := issuer.ask(t, "/token/suspend", "TokenSuspendRequest", named); !strings.Contains(a.body, "INVALID_TOKEN_STATUS") {
		t.Errorf("suspend again: %d %s", a.status, a.body)
	}
	tokens := box.file.SandboxURL + "/mdes/tokens/" + ref
	if a := box.send(t, http.MethodPost, tokens, `{"as":"CARDHOLDER","do":"suspend"}`, ""); a.status != http.StatusOK {
		t.Fatalf("the cardholder: %d %s", a.status, a.body)
	}
	fault := `{"scheme":"mdes","call":"unsuspend","fault":"drop_after_commit"}`
	if a := box.send(t, http.MethodPost, box.file.SandboxURL+"/faults", fault, ""); a.status != http.StatusCreated {
		t.Fatalf("the fault: %d %s", a.status, a.body)
	}
	if a := issuer.ask(t, "/token/unsuspend", "TokenUnsuspendRequest", named); a.err == nil {
		t.Errorf("an answer that should be lost: %d %s", a.status, a.body)
	}
	box.mustKill(t)

	box = mustSandbox(t, dir, "")
	story := box.tokenStory(t, "mdes", ref)
	want := []string{"TOKEN_REQUESTOR digitize", "ISSUER suspend", "CARDHOLDER suspend", "ISSUER unsuspend"}
	if story.Status != "SUSPENDED" || !slices.Equal(story.Suspenders, []string{"CARDHOLDER"}) || !slices.Equal(story.deeds(), want) {
		t.Errorf("after the kill the scheme knows %+v", story)
	}
	issuer = newIssuerInPython(t, box)
	number := box.file.mustCard(t, goodCard).PAN
	sealed := issuer.python.Run(t, []byte(`{"CurrentAccount":{"AccountPan":"`+number+`"}}`), "seal", issuer.certificate)
	a := issuer.ask(t, "/search", "SearchRequest", `"EncryptedAccountInformation":`+string(sealed))
	if a.status != http.StatusOK || !strings.Contains(a.body, ref) || !strings.Contains(a.body, `"Suspender":["C"]`) || strings.Contains(a.body, number) {
		t.Errorf("search: %d %s", a.status, a.body)
	}
	box.mustStop(t)
}
