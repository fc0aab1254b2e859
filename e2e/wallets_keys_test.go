package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestKeysOfWallets has cards whose keys are missing, not valid yet and no longer valid:
// it is the operator's fault, and said so.
func TestKeysOfWallets(t *testing.T) {
	t.Parallel()
	apple := mustAuthority(t)
	p := mustWalletProduction(t, "", "", apple)
	tomorrow := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	for purpose, material := range map[string][2]string{
		"vts-push": {"later-shared-secret-of-the-tests-0123456", "ended-shared-secret-of-the-tests-0123456"},
		"wsd":      {"89ABCDEF01234567FEDCBA9876543210", "76543210FEDCBA980123456789ABCDEF"},
	} {
		p.mustKey(t, material[0], purpose, "--alias", "400005.1", "--bin", "400005", "--valid-from", tomorrow)
		p.mustKeyThatEnds(t, purpose, func(ends time.Time) (string, []string) {
			return material[1], []string{"--alias", "426398.1", "--bin", "426398", "--valid-until", ends.UTC().Format(time.RFC3339)}
		})
	}
	s := p.mustServe(t)
	chain := apple.mustChain(t)
	request := map[string]func() members{
		"applepay":  func() members { return appleRequest(chain) },
		"googlepay": func() members { return goodClient },
	}
	var refused []answer
	for _, c := range []struct {
		name string
		card int64
	}{{"missing", 7003}, {"not-yet-valid", 7004}, {"ended", 7005}} {
		for walletName, body := range request {
			t.Run(c.name+" for "+walletName, func(t *testing.T) {
				a := answer{}
				eventually(t, "the key does not serve", func() bool {
					a = s.post(provisionPath(c.card, walletName), body(), c.name+"-"+walletName+randomHex(4))
					return a.code() != "ok"
				})
				wantRefused(t, a, badCall{status: http.StatusServiceUnavailable, code: "key_unavailable"})
				if a.header.Get("Retry-After") == "" {
					t.Error("there is no Retry-After")
				}
				refused = append(refused, a)
			})
		}
	}
	for walletName, body := range request {
		wantAllGood(t, []answer{s.post(provisionPath(servedVisa, walletName), body(), "good-"+walletName)})
	}
	tr := mustExport(t, p.at())
	tr.wantRecorded(t, refused)
	mustVerify(t, p.at(), tr)
}

// mustKeyThatEnds imports a key that ends soon: as soon as this machine gets it into the
// store before its end, which the store refuses afterwards.
func (p *production) mustKeyThatEnds(t *testing.T, purpose string, material func(ends time.Time) (key string, flags []string)) {
	t.Helper()
	for life := 2 * time.Second; life < patience; life *= 2 {
		key, flags := material(time.Now().Add(life))
		r := run(t, key, append(p.at().with("keys", "import", purpose, "-", "--activate"), flags...)...)
		if r.code == 0 {
			return
		}
		if !strings.Contains(r.errOut, "key_expired") {
			t.Fatalf("import of a %s key: exit code %d, %s", purpose, r.code, r.errOut)
		}
	}
	t.Fatalf("no %s key gets into the store", purpose)
}

// TestGoogleKeyThatDoesNotFit has the key store refuse certificates that nothing can be
// encrypted with, and the server one that ends while it runs.
func TestGoogleKeyThatDoesNotFit(t *testing.T) {
	t.Parallel()
	apple := mustAuthority(t)
	p := mustWalletProduction(t, "", "", apple)
	ended := mustOpenPGP(t, 1, true) // a second: it has ended when the others are made
	for name, c := range map[string]struct{ certificate, code string }{
		"without an encryption subkey": {mustCertificate(t, mustOpenPGP(t, 0, false)), "key_unfit"},
		"that is no certificate":       {"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxsBN\n-----END PGP PUBLIC KEY BLOCK-----\n", "key_malformed"},
	} {
		r := run(t, c.certificate, p.at().with("keys", "import", "opc-encryption", "-", "--activate")...)
		if r.code != 1 || !strings.Contains(r.errOut, c.code) {
			t.Errorf("a certificate %s: exit code %d, %s", name, r.code, r.errOut)
		}
	}
	eventually(t, "an ended certificate is refused", func() bool {
		r := run(t, mustCertificate(t, ended), p.at().with("keys", "import", "opc-encryption", "-")...)
		return r.code == 1 && strings.Contains(r.errOut, "key_expired")
	})

	p.mustKeyThatEnds(t, "opc-encryption", func(ends time.Time) (string, []string) {
		return mustCertificate(t, mustOpenPGP(t, uint32(time.Until(ends).Seconds())+1, true)), nil
	})
	mustRun(t, "", p.at().with("keys", "retire", "opc-encryption-v1", "--needed")...)
	s := p.mustServe(t)
	asked := goodClient.with(members{"serverSessionId": "8f072e15-604c-414c-be5c-b1cbceda665b", "googleOpaquePaymentCardRequested": true})
	path, a := provisionPath(servedMastercard, "googlepay"), answer{}
	eventually(t, "Google's key ends", func() bool {
		a = s.post(path, asked, "google"+randomHex(4))
		return a.code() != "ok"
	})
	wantRefused(t, a, badCall{status: http.StatusServiceUnavailable, code: "key_unavailable"})
	s.post(path, goodClient, "without-opaque").mustMembers(t, "digitizationData")
	mustExport(t, p.at()).wantRecorded(t, []answer{a})
}
