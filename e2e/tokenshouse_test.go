package e2e_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// tokenCards are the cards of a tokenHouse, two of each scheme: published test numbers,
// none of them the sandbox's own.
const tokenCards = `cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product
7001,1,2223000048400011,12,2031,ADA LOVELACE,mc-debit
7002,2,4012888888881881,11,2030,MARY JACKSON,visa-debit
7003,2,5425233430109903,11,2030,MARY JACKSON,mc-debit
7004,2,4000056655665556,11,2030,MARY JACKSON,visa-debit
`

// typedCards are the same cards as a cardholder types them into a wallet.
var typedCards = map[int64]members{
	7001: {"pan": "2223000048400011", "expiryMonth": "12", "expiryYear": "2031"},
	7002: {"pan": "4012888888881881", "expiryMonth": "11", "expiryYear": "2030"},
	7003: {"pan": "5425233430109903", "expiryMonth": "11", "expiryYear": "2030"},
	7004: {"pan": "4000056655665556", "expiryMonth": "11", "expiryYear": "2030"},
}

// schemeOf is what a sandbox calls the scheme of a card of a tokenHouse.
var schemeOf = map[int64]string{7001: "mdes", 7003: "mdes", 7002: "vts", 7004: "vts"}

// tokenHouse is an issuer who manages tokens at the simulated schemes of a sandbox, which
// has a fixed address. Either the issuer has servers of its own, with keys that it copied
// out of sandbox.json as a stranger would, or the sandbox's server is the issuer's.
type tokenHouse struct {
	address, dir, database string // of the sandbox
	env                    []string

	// p is nil where the sandbox's server is the issuer's.
	p *production

	// gate is held for writing while something is killed and started again.
	gate    sync.RWMutex
	box     *sandbox
	servers []*server
	killed  []*process
}

// mustTokenHouse starts the sandbox, and as many servers of the issuer's own. databaseURL is
// the issuer's. config is for these servers, env for the sandbox.
func mustTokenHouse(t *testing.T, servers int, databaseURL, config string, env ...string) *tokenHouse {
	t.Helper()
	boxDatabase := ""
	if servers == 0 {
		boxDatabase = databaseURL
	}
	h := mustTokenBox(t, boxDatabase, env...)
	if servers > 0 {
		h.mustServers(t, servers, databaseURL, config, h.box.file)
	}
	return h
}

// mustTokenBox starts a sandbox that has the cards of a tokenHouse.
func mustTokenBox(t *testing.T, databaseURL string, env ...string) *tokenHouse {
	t.Helper()
	h := &tokenHouse{address: mustAddress(t), dir: filepath.Join(t.TempDir(), "box"), database: databaseURL, env: env}
	h.box = mustSandboxAt(t, h.address, h.dir, h.database, h.env...)
	mustRun(t, tokenCards, h.box.at().with("cards", "import", "-", "--format", "csv", "--issuer", serveIssuer)...)
	return h
}

// mustServers starts servers of the issuer's own, who knows of the schemes what stands in
// file.
func (h *tokenHouse) mustServers(t *testing.T, servers int, databaseURL, config string, file sandboxFile) {
	t.Helper()
	h.p = mustTokenProduction(t, databaseURL, file.schemeConfig()+config, file)
	for range servers {
		h.servers = append(h.servers, h.p.mustServe(t))
	}
}

// schemeConfig is the addresses of the simulated schemes as an operator writes them down.
func (f sandboxFile) schemeConfig() string {
	const always = "breaker: {failures: -1}" // no scheme is left alone, whatever fails
	return fmt.Sprintf("schemes:\n  mdes: {customer_service: {url: %q, organization: Acme Bank, profile: {settle_after: %s}, %s}}\n"+
		"  vts: {token_api: {url: %q, profile: {settle_after: %[2]s}, %[3]s}}\n",
		f.MDES.CustomerService.BaseURL, cmp.Or(f.settleAfter, "10s"), always, f.VTS.TokenAPI.BaseURL)
}

// mustTokenProduction prepares a server that calls the schemes of a sandbox.
func mustTokenProduction(t *testing.T, databaseURL, config string, file sandboxFile) *production {
	t.Helper()
	p := mustProduction(t, databaseURL, config)
	p.mustImport(t, tokenCards, serveIssuer)
	p.mustTokenKeys(t, file)
	p.client = p.mustClient(t, "tokens:read", "--scope", "tokens:write")
	return p
}

// mustTokenKeys imports what the issuer calls the schemes of a sandbox with.
func (p *production) mustTokenKeys(t *testing.T, file sandboxFile) {
	t.Helper()
	mdes, vts := file.MDES.CustomerService, file.VTS.TokenAPI
	p.mustKey(t, mdes.SigningPrivateKey, "mdes-oauth", "--alias", mdes.ConsumerKey)
	p.mustKey(t, mdes.EncryptionCertificate, "mdes-cs-encryption")
	p.mustKey(t, vts.SharedSecret, "vts-api", "--alias", vts.APIKey)
	p.mustKey(t, vts.SigningPrivateKey, "vts-signing", "--alias", vts.SigningKeyID)
	p.mustKey(t, vts.EncryptionCertificate, "vts-encryption", "--alias", vts.EncryptionKeyID)
	p.mustKey(t, vts.VerificationCertificate, "vts-verification", "--alias", vts.VerificationKeyID)
	p.mustKey(t, vts.DecryptionPrivateKey, "vts-decryption", "--alias", vts.DecryptionKeyID)
}

// mustAddress returns a free address that nobody gets who asks for any free one: the system
// gives those from 32768 on.
func mustAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(20000))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no address is free")
	return ""
}

// at is where the operator's commands find the issuer's data.
func (h *tokenHouse) at() location {
	if h.p != nil {
		return h.p.at()
	}
	return location{"--dir", h.dir}
}

// caller is the issuer's application, which calls one of the servers.
func (h *tokenHouse) caller(n int) caller {
	h.gate.RLock()
	defer h.gate.RUnlock()
	if h.p == nil {
		return h.box.caller()
	}
	return h.servers[n%len(h.servers)].caller
}

// sandbox is the one that runs.
func (h *tokenHouse) sandbox() *sandbox {
	h.gate.RLock()
	defer h.gate.RUnlock()
	return h.box
}

// mustKillSandbox kills the sandbox, with what is under way, and starts it again.
func (h *tokenHouse) mustKillSandbox(t *testing.T) {
	t.Helper()
	h.gate.Lock()
	defer h.gate.Unlock()
	h.box.mustKill(t)
	h.killed = append(h.killed, h.box.process)
	h.box = mustSandboxAt(t, h.address, h.dir, h.database, h.env...)
}

// mustKillServer kills one of the issuer's servers and starts it again.
func (h *tokenHouse) mustKillServer(t *testing.T, n int) {
	t.Helper()
	h.gate.Lock()
	defer h.gate.Unlock()
	h.servers[n].mustKill(t)
	h.killed = append(h.killed, h.servers[n].process)
	h.servers[n] = h.p.mustServe(t)
}

// tokensOf asks for the tokens of a card.
func (c caller) tokensOf(card int64, requestID string) ([]listedToken, answer) {
	a := c.call(http.MethodGet, fmt.Sprintf("/v1/card/%d/tokens", card), requestID, "")
	var tokens []listedToken
	if a.err == nil && a.status == http.StatusOK {
		a.err = json.Unmarshal([]byte(a.body), &tokens)
	}
	return tokens, a
}

// changeToken asks for a change of a token; reason "" gives none.
func (c caller) changeToken(id, action, requestID, reason string) answer {
	return c.call(http.MethodPut, "/v1/tokens/"+id+"/"+action, requestID, reason)
}

func (c caller) call(method, path, requestID, reason string) answer {
	r, err := http.NewRequest(method, c.base+path+"?auditUser=ada%40bank.example", http.NoBody)
	if err != nil {
		return answer{requestID: requestID, err: err}
	}
	r.Header.Set("X-Request-Id", requestID)
	if reason != "" {
		r.Header.Set("X-Reason", reason)
	}
	c.authorize(r)
	return c.do(r)
}

// atSandbox makes a request to the other side of the sandbox.
func (h *tokenHouse) atSandbox(method, path, body string) answer {
	box := h.sandbox()
	r, err := http.NewRequest(method, box.file.SandboxURL+path, strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	r.Header.Set("Content-Type", "application/json")
	return box.caller().do(r)
}

// newToken puts a card into a wallet of the sandbox and returns the token's reference. One
// that is inactive waits for its activation, as the wallet had no activation data. The error
// is that of the sandbox, which may have been killed.
func (h *tokenHouse) newToken(card int64, inactive bool, requestID string) (string, error) {
	if inactive {
		return h.addToken("/wallets/manual/add", typedCards[card].with(members{"stepUp": true}))
	}
	var request, handed members
	a := h.atSandbox(http.MethodPost, "/wallets/applepay/request", "null")
	if err := json.Unmarshal([]byte(a.body), &request); err != nil || a.err != nil {
		return "", fmt.Errorf("the wallet gives the app nothing: %v", a)
	}
	a = h.sandbox().caller().post(provisionPath(card, "applepay"), request, requestID)
	if err := json.Unmarshal([]byte(a.body), &handed); err != nil || a.code() != "ok" {
		return "", fmt.Errorf("no pass: %v", a)
	}
	return h.addToken("/wallets/applepay/add", handed)
}

func (h *tokenHouse) addToken(path string, handed members) (string, error) {
	text, err := json.Marshal(handed)
	if err != nil {
		return "", err
	}
	var found struct{ Token members }
	a := h.atSandbox(http.MethodPost, path, string(text))
	if err := json.Unmarshal([]byte(a.body), &found); err != nil || found.Token == nil {
		return "", fmt.Errorf("no token: %v", a)
	}
	return found.Token.text("tokenUniqueReference") + found.Token.text("tokenReferenceID"), nil
}

// truth asks the scheme of a card what it knows of a token.
func (h *tokenHouse) truth(card int64, ref string) (story tokenStory, err error) {
	a := h.atSandbox(http.MethodGet, "/"+schemeOf[card]+"/tokens/"+ref, "")
	if err := json.Unmarshal([]byte(a.body), &story); err != nil || a.status != http.StatusOK {
		return story, fmt.Errorf("the scheme's truth: %v", a)
	}
	return story, nil
}

// act does what somebody else does to a token.
func (h *tokenHouse) act(card int64, ref, as, do string) answer {
	return h.atSandbox(http.MethodPost, "/"+schemeOf[card]+"/tokens/"+ref, fmt.Sprintf(`{"as":%q,"do":%q}`, as, do))
}

// fault has something go wrong at a scheme.
func (h *tokenHouse) fault(scheme, call, fault string, times int, seed uint64) answer {
	return h.atSandbox(http.MethodPost, "/faults", fmt.Sprintf(`{"scheme":%q,"call":%q,"fault":%q,"times":%d,"seed":%d}`, scheme, call, fault, times, seed))
}

// tokenTable is the table of the Wallet API: what an issuer may do to a token, and what it
// becomes. A token that is SOFTDELETED can be deactivated besides.
var tokenTable = map[string]map[string]string{
	"INACTIVE":    {"activate": "ACTIVE", "deactivate": "DEACTIVATED"},
	"ACTIVE":      {"suspend": "SUSPENDED", "deactivate": "DEACTIVATED"},
	"SUSPENDED":   {"resume": "ACTIVE", "deactivate": "DEACTIVATED"},
	"SOFTDELETED": {"deactivate": "DEACTIVATED"},
	"DEACTIVATED": {},
}

// mustToken reads the answer to a change that was done.
func (a answer) mustToken(t *testing.T) (token listedToken) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &token); err != nil || a.status != http.StatusOK {
		t.Fatalf("no token: %v", a)
	}
	return token
}
