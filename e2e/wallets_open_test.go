package e2e_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/ecdh"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What stands here opens the answers by the formats alone, with the standard library
// and the keys of sandbox.json: a second opinion beside the simulated wallets.

// mustGCM is AES-256-GCM with IVs of 12 bytes.
func mustGCM(t *testing.T, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcm
}

func mustJSON(t *testing.T, text []byte) members {
	t.Helper()
	var opened members
	if err := json.Unmarshal(text, &opened); err != nil {
		t.Fatalf("what was opened is no JSON object: %v", err)
	}
	return opened
}

func mustBase64(t *testing.T, encoding *base64.Encoding, text string) []byte {
	t.Helper()
	decoded, err := encoding.Strict().DecodeString(text)
	if err != nil {
		t.Fatalf("not base64: %v", err)
	}
	return decoded
}

// mustLowerHex decodes hex that must be in lower case.
func mustLowerHex(t *testing.T, text string) []byte {
	t.Helper()
	decoded, err := hex.DecodeString(text)
	if err != nil || strings.ToLower(text) != text {
		t.Fatalf("not lower-case hex: %v", err)
	}
	return decoded
}

// passInfo is what the key of pass data (EV_ECC_v2) is the SHA-256 of.
func passInfo(secret, ephemeral []byte) []byte {
	return slices.Concat([]byte{0, 0, 0, 1}, secret, []byte("\x0did-aes256-GCMApple"), ephemeral)
}

func (f sandboxFile) mustAppleLeaf(t *testing.T) *ecdh.PrivateKey {
	t.Helper()
	leaf, err := mustPEM(t, f.Apple.LeafPrivateKey).ECDH()
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// mustOpenPass opens encryptedPassData as Apple does.
func (f sandboxFile) mustOpenPass(t *testing.T, sealed, ephemeral []byte) members {
	t.Helper()
	point, err := ecdh.P256().NewPublicKey(ephemeral)
	if err != nil || len(ephemeral) != 65 {
		t.Fatalf("the ephemeral key is no point of 65 bytes: %v", err)
	}
	secret, err := f.mustAppleLeaf(t).ECDH(point)
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256(passInfo(secret, ephemeral))
	opened, err := mustGCM(t, key[:]).Open(nil, make([]byte, 12), sealed, nil)
	if err != nil {
		t.Fatalf("the pass data do not open: %v", err)
	}
	return mustJSON(t, opened)
}

// mustOpenMBPAC opens Visa's activation data and returns the clear text.
func (f sandboxFile) mustOpenMBPAC(t *testing.T, text string) string {
	t.Helper()
	block, ok := strings.CutPrefix(text, "MBPAC-1-FK-"+f.VTS.WSDKeySet+"--TDEA-")
	data, err := hex.DecodeString(block)
	if !ok || err != nil || len(data)%des.BlockSize != 0 || strings.ToUpper(block) != block {
		t.Fatalf("no MBPAC under the key set: %v", err)
	}
	key := mustLowerHex(t, f.VTS.WSDKey)
	tdea, err := des.NewTripleDESCipher(slices.Concat(key, key[:8]))
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCDecrypter(tdea, make([]byte, des.BlockSize)).CryptBlocks(data, data)
	length, err := strconv.Atoi(string(data[6:8]))
	if err != nil || string(data[:2]) != "  " || len(data)-8-length >= des.BlockSize || len(data) < 8+length {
		t.Fatalf("the block is not as long as it says: %d of %d, %v", length, len(data), err)
	}
	if rest := string(data[8+length:]); strings.Trim(rest, "!") != "" {
		t.Error("the block is padded with something else than marks")
	}
	return string(data[8 : 8+length])
}

// mustOpenPush opens the JWE that is pushed to Visa, and returns header and card.
func (f sandboxFile) mustOpenPush(t *testing.T, jwe string) (header, card members) {
	t.Helper()
	parts := strings.Split(jwe, ".")
	if len(parts) != 5 {
		t.Fatalf("a JWE of %d parts", len(parts))
	}
	raw := make([][]byte, len(parts))
	for i, part := range parts {
		raw[i] = mustBase64(t, base64.RawURLEncoding, part)
	}
	header = mustJSON(t, raw[0])
	iv, tag := mustBase64(t, base64.RawURLEncoding, header.text("iv")), mustBase64(t, base64.RawURLEncoding, header.text("tag"))
	kek := sha256.Sum256([]byte(f.VTS.PushSharedSecret))
	key, err := mustGCM(t, kek[:]).Open(nil, iv, append(raw[1], tag...), nil)
	if err != nil {
		t.Fatalf("the content key does not unwrap: %v", err)
	}
	opened, err := mustGCM(t, key).Open(nil, raw[2], append(raw[3], raw[4]...), []byte(parts[0]))
	if err != nil {
		t.Fatalf("the content does not open: %v", err)
	}
	return header, mustJSON(t, opened)
}

// mustOpenIIDD opens the digitization data for Mastercard, and returns the card and
// the TAV beside it.
func (f sandboxFile) mustOpenIIDD(t *testing.T, text string) (card members, tav string) {
	t.Helper()
	outer := mustJSON(t, mustBase64(t, base64.StdEncoding, text))
	info, ok := outer["cardInfo"].(map[string]any)
	if !ok {
		t.Fatal("there is no cardInfo")
	}
	sealed := members(info)
	key, err := rsa.DecryptOAEP(sha256.New(), nil, mustRSA(t, f.MDES.EncryptionPrivateKey), mustLowerHex(t, sealed.text("encryptedKey")), nil)
	if err != nil {
		t.Fatalf("the content key does not unwrap: %v", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	data := mustLowerHex(t, sealed.text("encryptedData"))
	cipher.NewCBCDecrypter(block, mustLowerHex(t, sealed.text("iv"))).CryptBlocks(data, data)
	data = data[:len(data)-int(data[len(data)-1])]
	return mustJSON(t, data), outer.text("tokenizationAuthenticationValue")
}

func mustRSA(t *testing.T, text string) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatal("not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

// wantTAV checks a TAV of a version for the card, and for a token if one is named.
func (f sandboxFile) wantTAV(t *testing.T, text, version string, card sampleCard, token string) {
	t.Helper()
	tav := mustJSON(t, mustBase64(t, base64.StdEncoding, text))
	expiry := card.ExpiryMonth + card.ExpiryYear[2:]
	signed := strings.Join([]string{tav.text("dataValidUntilTimestamp"), card.PAN, expiry}, "|")
	if version == "2" {
		signed = card.PAN + "Y" + expiry + "N"
		if token != "" {
			signed = card.PAN + "Y" + expiry + "Y" + token
		}
	}
	block, _ := pem.Decode([]byte(f.MDES.TAVPublicKey))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(signed))
	signature := mustBase64(t, base64.StdEncoding, tav.text("signature"))
	if err := rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), crypto.SHA256, digest[:], signature); err != nil || tav.text("version") != version {
		t.Errorf("TAV version %q, want %q: %v", tav.text("version"), version, err)
	}
}
