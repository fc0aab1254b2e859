package e2e_test

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificateHouse is an issuer whom the simulated Visa knows by a client certificate, with a
// server of its own that trusts the roots of the sandbox.
type certificateHouse struct {
	*enrolHouse

	roots *keyPair
	own   *keyPair // the tester's own certificate at the sandbox
}

// mustCertificateHouse starts the sandbox behind TLS, and the server. There is no client
// certificate yet.
func mustCertificateHouse(t *testing.T, customers int) *certificateHouse {
	t.Helper()
	roots := mustKeyPair(t, "roots", nil)
	h := &certificateHouse{
		&enrolHouse{&tokenHouse{address: mustAddress(t), dir: filepath.Join(t.TempDir(), "box")}, enrolConsumers(customers)},
		roots, mustKeyPair(t, "tester", roots),
	}
	files, front := t.TempDir(), mustKeyPair(t, "front door", roots)
	for name, text := range map[string]string{"roots.pem": roots.certificatePEM, "tls.pem": front.certificatePEM, "tls-key.pem": front.keyPEM} {
		mustWrite(t, filepath.Join(files, name), text)
	}
	h.env = []string{
		"WALLETPORT_HTTP__TLS__CERTIFICATE_FILE=" + filepath.Join(files, "tls.pem"), "WALLETPORT_HTTP__TLS__KEY_FILE=" + filepath.Join(files, "tls-key.pem"),
		"WALLETPORT_HTTP__TLS__CLIENT_CA_FILE=" + filepath.Join(files, "roots.pem"),
	}
	h.box = mustSandboxAt(t, h.address, h.dir, "", h.env...)
	visa := h.box.file.ClickToPay
	h.p = mustProduction(t, "", fmt.Sprintf("clicktopay: {visa: {url: %q, bids: {%s: [%q]}, profile: {caller_auth: mutual_tls, settle_after: 1s}, breaker: {failures: -1}}}\n",
		visa.BaseURL, serveIssuer, visa.BID))
	h.p.env = []string{"SSL_CERT_FILE=" + filepath.Join(files, "roots.pem")}
	h.p.mustKey(t, visa.EncryptionCertificate, "clicktopay-encryption", "--alias", visa.EncryptionKeyID)
	h.p.mustKey(t, visa.DecryptionPrivateKey, "clicktopay-decryption", "--alias", visa.DecryptionKeyID)
	h.p.client = h.p.mustClient(t, "clicktopay")
	h.mustFill(t)
	h.servers = []*server{h.p.mustServe(t)}
	return h
}

// mustPresent gives the server a client certificate, and takes away the one before it. It has
// the name that the simulated Visa knows the issuer by. What Visa says of a request that came
// with it is returned.
func (h *certificateHouse) mustPresent(t *testing.T, signer *keyPair) (said string) {
	t.Helper()
	pair := mustKeyPair(t, h.box.file.ClickToPay.CertificateName, signer)
	h.p.mustKey(t, pair.certificatePEM+pair.keyPEM, "clicktopay-tls")
	version := strings.Count(mustRun(t, "", h.at().with("keys", "list")...), "clicktopay-tls-v")
	if version > 1 {
		mustRun(t, "", h.at().with("keys", "retire", fmt.Sprintf("clicktopay-tls-v%d", version-1))...)
	}
	eventually(t, "the server knows the key", func() bool { // it is good for a day, so that there is a warning
		return h.said(fmt.Sprintf("key clicktopay-tls-v%d ends at", version))
	})
	return fmt.Sprintf("by client certificate, serial number %x", pair.certificate.SerialNumber)
}

// tester asks the sandbox what only a test asks.
func (h *certificateHouse) tester() caller { return h.box.caller().over(h.own, h.roots) }

// saw reports whether the simulated Visa says a text of a request that it met.
func (h *certificateHouse) saw(text string) bool {
	return strings.Contains(h.tester().get("/sandbox/clicktopay/reports").body, text)
}

// said reports whether the server's log has the text.
func (h *certificateHouse) said(text string) bool {
	return strings.Contains(h.servers[0].out.String(), text)
}

// wantOpen wants a request neither done nor failed, for the caller and for an operator.
func (h *certificateHouse) wantOpen(t *testing.T, id string) {
	t.Helper()
	a := h.caller(0).clickToPay(http.MethodGet, "/status/"+id, nil)
	var status requestStatus
	if err := json.Unmarshal([]byte(a.body), &status); err != nil || status.Status != "IN_PROGRESS" {
		t.Errorf("the status is %v", a)
	}
	for _, row := range h.mustRows(t) {
		if row.State != "accepted" && row.State != "sent" || row.Result != "" {
			t.Errorf("the request stands as %+v", row)
		}
	}
}

// TestClickToPayByClientCertificate: an issuer whom Visa knows by the connection. Without a
// certificate that Visa takes a request waits, and the log and readiness say why; with one it
// is done, once. New connections have the newest certificate.
func TestClickToPayByClientCertificate(t *testing.T) {
	t.Parallel()
	refused := []struct {
		name    string
		prepare func(h *certificateHouse)
		why     string // in the log
	}{
		{"none, where Visa looks for one", func(*certificateHouse) {}, "scheme_access_refused"}, // by 401 and its code 9209
		{"none, where the handshake wants one", func(h *certificateHouse) {
			h.env = append(h.env, "WALLETPORT_HTTP__TLS__REQUIRE_CLIENT=true")
			h.mustKillSandbox(t)
		}, "tls: certificate required"},
		{"a stranger's", func(h *certificateHouse) { h.mustPresent(t, mustKeyPair(t, "strangers", nil)) }, "tls: unknown certificate authority"},
	}
	h := mustCertificateHouse(t, len(refused))
	var ids []string
	for i, c := range refused {
		c.prepare(h)
		ids = append(ids, h.mustEnrol(t, i))
		eventually(t, "the log says why: "+c.name, func() bool { return h.said(c.why) })
		h.wantOpen(t, ids[i])
		const missing = "the connection to Visa Click to Pay: key_unavailable: no active clicktopay-tls key"
		eventually(t, "readiness knows whether there is one: "+c.name, func() bool {
			return strings.Contains(h.servers[0].warnings(t)["offer_unavailable"], missing) == strings.HasPrefix(c.name, "none")
		})
	}
	over := mustKeyPair(t, h.box.file.ClickToPay.CertificateName, h.roots, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	if r := run(t, over.certificatePEM+over.keyPEM, h.at().with("keys", "import", "clicktopay-tls", "-", "--activate")...); r.code != 1 || !strings.Contains(r.errOut, "key_expired") {
		t.Errorf("one that has expired: exit code %d, %s", r.code, r.errOut)
	}

	first := h.mustPresent(t, h.roots)
	for i, id := range ids {
		if got := h.caller(0).mustComplete(t, id); got != "SUCCESS" {
			t.Errorf("%s, and then a good one: %s", refused[i].name, got)
		}
		if story := h.storyOf(t, i); story.deeds() != "ISSUER enrollData SUCCESS\n" {
			t.Errorf("%s: what was done is\n%s", refused[i].name, story.deeds())
		}
	}
	if !h.saw(first) {
		t.Errorf("nothing was done %s", first)
	}

	second := h.mustPresent(t, h.roots)
	h.mustKillSandbox(t) // so that connections are new
	eventually(t, "a new connection has the renewed certificate", func() bool {
		h.caller(0).mustProfile(t, h.consumers[0].number)
		return h.saw(second)
	})
	h.servers[0].mustStop(t)
}

func (h *certificateHouse) mustEnrol(t *testing.T, i int) (id string) {
	t.Helper()
	c := h.consumers[i]
	return h.caller(0).mustAccept(t, http.MethodPost, "/enroll/customer/"+c.number, byBID(members{"cardId": []int64{c.cards[0]}}))
}

func (h *certificateHouse) storyOf(t *testing.T, i int) (story consumerStory) {
	t.Helper()
	a := h.tester().get("/sandbox/clicktopay/consumers/" + h.box.file.ClickToPay.BID + "/" + h.consumers[i].number)
	if err := json.Unmarshal([]byte(a.body), &story); err != nil {
		t.Fatalf("%v", a)
	}
	return story
}
