package e2e_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// mustOpenOpaque opens a Google opaque payment card as Google does.
func mustOpenOpaque(t *testing.T, f sandboxFile, text string) members {
	t.Helper()
	ring := append(mustKeyRing(t, f.Google.OPCPrivateKey), mustKeyRing(t, f.Google.IssuerPublicKey)...)
	message, err := openpgp.ReadMessage(bytes.NewReader(mustBase64(t, base64.StdEncoding, text)), ring, nil, nil)
	if err != nil {
		t.Fatalf("the opaque card does not open: %v", err)
	}
	clear, err := io.ReadAll(message.UnverifiedBody)
	if err != nil || !message.IsSigned || message.SignedBy == nil || message.SignatureError != nil {
		t.Fatalf("the opaque card is not signed by the issuer: %v, %v", err, message.SignatureError)
	}
	return mustJSON(t, clear)
}

func wantOpaqueCard(t *testing.T, opened members, card sampleCard, session string) {
	t.Helper()
	context, _ := opened["validationContext"].(map[string]any)
	paymentCard, _ := opened["paymentCard"].(map[string]any)
	if context["serverSessionId"] != session || paymentCard["accountNumber"] != card.PAN ||
		paymentCard["expiryMonth"] != card.ExpiryMonth || paymentCard["expiryYear"] != card.ExpiryYear[2:] {
		t.Error("the opaque card is of another card or session")
	}
}

// mustUnsigned encrypts a card for Google, and signs nothing.
func (f sandboxFile) mustUnsigned(t *testing.T, card members) string {
	t.Helper()
	var out bytes.Buffer
	w, err := openpgp.Encrypt(&out, mustKeyRing(t, f.Google.OPCPrivateKey), nil, nil, &packet.Config{DefaultCipher: packet.CipherAES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(mustText(t, card)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func mustKeyRing(t *testing.T, armored string) openpgp.EntityList {
	t.Helper()
	ring, err := openpgp.ReadArmoredKeyRing(strings.NewReader(armored))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// mustOpenPGP makes a key of 2048 bits that lives for so many seconds, 0 for ever, with
// a subkey for encryption or without.
func mustOpenPGP(t *testing.T, lifetime uint32, withSubkey bool) *openpgp.Entity {
	t.Helper()
	config := &packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048, KeyLifetimeSecs: lifetime}
	e, err := openpgp.NewEntity("Google", "", "opc@wallet.example", config)
	if err != nil {
		t.Fatal(err)
	}
	if !withSubkey {
		e.Subkeys = nil
	}
	return e
}

// mustCertificate is the public half in armor.
func mustCertificate(t *testing.T, e *openpgp.Entity) string {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.PublicKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Serialize(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
