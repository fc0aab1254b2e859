package e2e_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// warnings returns the codes and messages of the warnings of /readyz.
func (c caller) warnings(t *testing.T) map[string]string {
	t.Helper()
	var body struct {
		Warnings []struct{ Code, Message string } `json:"warnings"`
	}
	if a := c.get("/readyz"); a.err != nil || json.Unmarshal([]byte(a.body), &body) != nil {
		t.Fatalf("readiness: %v", a)
	}
	found := map[string]string{}
	for _, w := range body.Warnings {
		found[w.Code] += w.Message + "\n"
	}
	return found
}

// TestAnOfferWithoutAKeyIsAWarning offers what there are no keys for, beside what works.
func TestAnOfferWithoutAKeyIsAWarning(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "wallets: {samsungpay: {visa: {enabled: true}}}\n")
	s := p.mustServe(t)
	if !s.isReady() {
		t.Error("not ready for the sake of one offer")
	}
	if w := s.warnings(t); !strings.Contains(w["offer_unavailable"], "samsungpay for VISA cards of issuer acme: key_unavailable: no active vts-push key") {
		t.Errorf("warnings %v", w)
	}
	s.provision(serveCardID, wallet, "works").mustPayload(t)
	mustRun(t, pushSecret, p.at().with("keys", "import", "vts-push", "-", "--alias", firstPushKey, "--activate")...)
	eventually(t, "the warning is gone with the key", func() bool { return s.warnings(t)["offer_unavailable"] == "" })
	if !s.says(`"code":"offer_unavailable"`) || !s.says("a warning is gone") {
		t.Error("the log does not tell of it")
	}
	s.mustStop(t)
}

// TestAnotherKeyStoreBesideTheDatabase starts a server with keys of the right names that
// open none of its cards, and that did not sign its trail.
func TestAnotherKeyStoreBesideTheDatabase(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, "", "")
	other := mustMakeKeyStore(t)
	for _, name := range []string{"keystore.age", "keystore.key"} {
		mustWrite(t, filepath.Join(p.dir, name), mustRead(t, filepath.Join(other, name)))
	}
	if r := run(t, "", p.at().with("serve")...); r.code != 1 || !strings.Contains(r.errOut, "keystore_foreign") {
		t.Errorf("serve: exit code %d\n%s", r.code, r.errOut)
	}
}
