package e2e_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// TestRotationOfWalletKeys replaces each key of the device wallets while requests run:
// none fails, and the answers are made with the new keys.
func TestRotationOfWalletKeys(t *testing.T) {
	t.Parallel()
	apple := mustAuthority(t)
	p := mustWalletProduction(t, "", "", apple)
	s := p.mustServe(t)
	chain, google := apple.mustChain(t), mustOpenPGP(t, 0, true)
	pass := func(requestID string) answer {
		return s.post(provisionPath(servedVisa, "applepay"), appleRequest(chain), requestID)
	}
	push := func(requestID string) answer {
		return s.post(provisionPath(servedVisa, "googlepay"), goodClient.with(members{
			"serverSessionId": "8f072e15-604c-414c-be5c-b1cbceda665b", "googleOpaquePaymentCardRequested": true,
		}), requestID)
	}
	passes, pushes := startCalls(t, "pass", 2, pass), startCalls(t, "push", 2, push)
	passes.mustReach(t, 10)
	pushes.mustReach(t, 10)

	p.mustKey(t, "second-shared-secret-of-the-tests-012345", "vts-push", "--alias", "PUSHKEY-2", "--bin", "401288")
	p.mustKey(t, "89ABCDEF01234567FEDCBA9876543210", "wsd", "--alias", "401288.2", "--bin", "401288")
	p.mustKey(t, mustCertificate(t, google), "opc-encryption")
	mustRun(t, "", p.at().with("keys", "generate", "opc-signing", "--algorithm", "RSA-2048", "--activate")...)
	issuer := mustKeyRing(t, mustRun(t, "", p.at().with("keys", "export-public", "opc-signing-v2")...))

	next := func(call func(string) answer, names ...string) members {
		return call("next-"+randomHex(4)).mustMembers(t, names...)
	}
	eventually(t, "the MBPAC is under the new key", func() bool {
		mbpac := next(pass, "activationData", "encryptedPassData", "ephemeralPublicKey").text("activationData")
		return strings.HasPrefix(string(mustBase64(t, base64.StdEncoding, mbpac)), "MBPAC-1-FK-401288.2--TDEA-")
	})
	eventually(t, "the push and the opaque card are under the new keys", func() bool {
		got := next(push, "digitizationData", "googleOpaquePaymentCard")
		header, _, _ := strings.Cut(got.text("digitizationData"), ".")
		isNew := mustJSON(t, mustBase64(t, base64.RawURLEncoding, header)).text("kid") == "PUSHKEY-2"
		return isNew && isOpaqueFor(t, mustBase64(t, base64.StdEncoding, got.text("googleOpaquePaymentCard")), google, issuer)
	})
	for _, purpose := range []string{"vts-push", "wsd", "opc-encryption", "opc-signing"} {
		mustRun(t, "", p.at().with("keys", "retire", purpose+"-v1")...)
	}
	passes.mustReach(t, 20)
	pushes.mustReach(t, 20)

	answers := append(passes.stop(), pushes.stop()...)
	wantAllGood(t, answers)
	tr := mustExport(t, p.at())
	tr.wantRecorded(t, answers)
	mustVerify(t, p.at(), tr)
}

// isOpaqueFor tells whether a message is encrypted to recipient and signed by the
// issuer's new key.
func isOpaqueFor(t *testing.T, message []byte, recipient *openpgp.Entity, issuer openpgp.EntityList) bool {
	t.Helper()
	first, err := packet.Read(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	if to, ok := first.(*packet.EncryptedKey); !ok || to.KeyId != recipient.Subkeys[0].PublicKey.KeyId {
		return false
	}
	opened, err := openpgp.ReadMessage(bytes.NewReader(message), append(openpgp.EntityList{recipient}, issuer...), nil, nil)
	if err != nil {
		t.Fatalf("the opaque card does not open: %v", err)
	}
	return opened.SignedByKeyId == issuer[0].PrimaryKey.KeyId
}
