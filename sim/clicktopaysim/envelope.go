package clicktopaysim

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/walletport/walletport/sim"
)

const (
	minRSABits = 2048
	ivBytes    = 12
	tagBytes   = 16
)

// keyBytes are the lengths of the content keys.
var keyBytes = map[string]int{"A128GCM": 16, "A256GCM": 32}

var base64URL = base64.RawURLEncoding.Strict()

// open returns the plaintext of a request's encData.
func (s *Service) open(in *request) ([]byte, *refusal) {
	parts, ok := in.envelope()
	if !ok {
		return nil, unreadable()
	}
	h, ok := in.header(parts[0])
	if !ok {
		return nil, unreadable()
	}
	var binary [4][]byte // key, IV, ciphertext, tag
	for i, part := range parts[1:] {
		decoded, err := base64URL.DecodeString(part)
		if err != nil {
			in.Fail(checkEnvelope, segmentInvalid, "a segment is not base64url")
			return nil, unreadable()
		}
		binary[i] = decoded
	}
	in.Pass(checkEnvelope, "a compact JWE")
	key, ok := s.contentKey(in, h, binary[0])
	if !ok {
		return nil, unreadable()
	}
	plain, ok := in.content(key, parts[0], binary)
	if !ok {
		return nil, unreadable()
	}
	return plain, nil
}

// envelope returns the segments of encData.
func (in *request) envelope() ([]string, bool) {
	o, fault := sim.ReadObject(in.body)
	if fault != nil {
		return nil, in.Fail(checkEnvelope, fault.Kind.Of("body_"), "%s", fault.Detail)
	}
	text, ok := o.Text("encData")
	_, isClear := o.First("consumerInformation", "products", "intent", "paymentInstruments")
	name, isNear := o.Fold("encData")
	switch {
	case !o.Has("encData") && isClear:
		return nil, in.Fail(checkEnvelope, bodyClear, "the request is not encrypted")
	case !o.Has("encData") && isNear:
		return nil, in.Fail(checkEnvelope, encDataName, "the member is called %s", sim.Shown(name))
	case !o.Has("encData"):
		return nil, in.Fail(checkEnvelope, encDataMissing, "the body has no encData")
	case !ok:
		return nil, in.Fail(checkEnvelope, encDataForm, "encData is not text")
	}
	parts := strings.Split(text, ".")
	switch {
	case len(parts) == 3:
		return nil, in.Fail(checkEnvelope, segmentsJWS, "there are three segments")
	case len(parts) != 5:
		return nil, in.Fail(checkEnvelope, segmentsCount, "there are %d segments", len(parts))
	}
	return parts, true
}

// content opens the ciphertext; key is of a right length.
func (in *request) content(key []byte, protected string, binary [4][]byte) ([]byte, bool) {
	switch {
	case len(binary[1]) != ivBytes:
		return nil, in.Fail(checkContent, ivLength, "the IV has %d bytes", len(binary[1]))
	case len(binary[3]) != tagBytes:
		return nil, in.Fail(checkContent, tagLength, "the tag has %d bytes", len(binary[3]))
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, in.Fail(checkContent, contentSealed, "the content key is none of AES")
	}
	plain, err := gcm.Open(nil, binary[1], slices.Concat(binary[2], binary[3]), []byte(protected))
	if err != nil {
		return nil, in.Fail(checkContent, contentSealed, "the tag does not fit header and ciphertext")
	}
	return plain, true
}

// contentKey opens the content key under the decrypter that kid names.
func (s *Service) contentKey(in *request, h header, wrapped []byte) ([]byte, bool) {
	if in.fault == requestUnknown {
		return nil, in.Fail(checkKey, keyWrong, "the key is taken for another one: a fault that was asked for")
	}
	decrypters := slices.DeleteFunc(slices.Clone(s.c.Keys()), func(d Decrypter) bool { return d.KeyID != h.KeyID })
	if len(decrypters) == 0 {
		if slices.ContainsFunc(in.clients, func(c Client) bool { return h.KeyID == c.APIKey }) {
			return nil, in.Fail(checkKey, kidCaller, "the kid is the API key of x-pay-token")
		}
		return nil, in.Fail(checkKey, kidUnknown, "Visa has no key of this kid")
	}
	for _, d := range decrypters {
		key, err := d.Key.Decrypt(s.c.Rand, wrapped, &rsa.OAEPOptions{Hash: crypto.SHA256})
		if err != nil {
			continue
		}
		if len(key) != keyBytes[h.Encryption] {
			return nil, in.Fail(checkKey, keyLength, "the content key has %d bytes", len(key))
		}
		in.Pass(checkKey, "opens under the key of this kid")
		return key, true
	}
	return nil, in.Fail(checkKey, keyWrong, "the content key does not open")
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts an answer to the issuer. While an issuer renews its key the last entry
// counts.
func (s *Service) seal(in *request, plain []byte) (string, error) {
	to := in.clients[len(in.clients)-1].Recipient
	if to.Key == nil {
		return "", errors.New("there is no key to encrypt to")
	}
	if in.fault == answerStranger {
		stranger, err := s.stranger()
		if err != nil {
			return "", err
		}
		to.Key = &stranger.PublicKey
	}
	return s.encrypt(to, plain)
}

// answerKeyBytes are those of A128GCM, by which answers are encrypted.
const answerKeyBytes = 16

func (s *Service) encrypt(to PublicKey, plain []byte) (string, error) {
	random := make([]byte, answerKeyBytes+ivBytes)
	if _, err := io.ReadFull(s.c.Rand, random); err != nil {
		return "", err
	}
	key, iv := random[:answerKeyBytes], random[answerKeyBytes:]
	wrapped, err := rsa.EncryptOAEP(sha256.New(), s.c.Rand, to.Key, key, nil)
	if err != nil {
		return "", err
	}
	gcm, err := newGCM(key)
	if err != nil {
		return "", err
	}
	head, err := json.Marshal(object{"alg": "RSA-OAEP-256", "enc": "A128GCM", "kid": to.KeyID, "iat": s.c.Now().UnixMilli()})
	if err != nil {
		return "", err
	}
	protected := base64URL.EncodeToString(head)
	sealed := gcm.Seal(nil, iv, plain, []byte(protected))
	parts := []string{protected}
	for _, part := range [][]byte{wrapped, iv, sealed[:len(plain)], sealed[len(plain):]} {
		parts = append(parts, base64URL.EncodeToString(part))
	}
	return strings.Join(parts, "."), nil
}
