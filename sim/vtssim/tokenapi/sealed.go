package tokenapi

import (
	"context"
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
	"github.com/walletport/walletport/sim/faults"
)

// encryptedData is a compact JWE, RSA-OAEP-256 and A256GCM, as the payload of a compact
// JWS, PS256.
const (
	maxSealedChars = 7000
	minRSABits     = 2048
	keyBytes       = 32 // of A256GCM
	ivBytes        = 12
	tagBytes       = 16
)

var base64URL = base64.RawURLEncoding.Strict()

// header is a protected header, of either layer.
type header struct {
	Algorithm  string          `json:"alg"`
	Encryption string          `json:"enc,omitempty"`
	Type       string          `json:"typ,omitempty"`
	KeyID      string          `json:"kid"`
	Content    string          `json:"cty,omitempty"`
	IssuedAt   any             `json:"iat,omitempty"`
	Critical   json.RawMessage `json:"crit,omitempty"`
}

// readHeader refuses what it does not know by crit; typ may be absent.
func readHeader(encoded string) (h header, ok bool) {
	text, err := base64URL.DecodeString(encoded)
	if err != nil {
		return h, false
	}
	if _, fault := sim.ReadObject(text); fault != nil || json.Unmarshal(text, &h) != nil {
		return h, false
	}
	return h, h.Critical == nil && (h.Type == "" || h.Type == "JOSE")
}

// open returns the plaintext of an issuer's encryptedData.
func (s *Service) open(ctx context.Context, clients []Client, sealed string) ([]byte, *refusal) {
	if len(sealed) > maxSealedChars {
		return nil, invalid("encryptedData")
	}
	jwe, ok := verify(clients, sealed)
	if !ok || faults.Take(ctx, faults.WrongSignature) || faults.Take(ctx, faults.WrongKey) {
		return nil, unreadable()
	}
	plaintext, ok := s.decrypt(jwe)
	if !ok {
		return nil, unreadable()
	}
	return plaintext, nil
}

// verify returns what an issuer signed.
func verify(clients []Client, jws string) (payload string, ok bool) {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		return "", false
	}
	h, ok := readHeader(parts[0])
	signature, errSignature := base64URL.DecodeString(parts[2])
	text, errText := base64URL.DecodeString(parts[1])
	if !ok || h.Algorithm != "PS256" || h.Content != "" && h.Content != "JWE" || errSignature != nil || errText != nil {
		return "", false
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	isSigned := slices.ContainsFunc(clients, func(c Client) bool {
		return c.Signer.Key != nil && c.Signer.KeyID == h.KeyID &&
			rsa.VerifyPSS(c.Signer.Key, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	})
	return string(text), isSigned
}

// decrypt opens a JWE that is encrypted to Visa.
func (s *Service) decrypt(jwe string) ([]byte, bool) {
	parts := strings.Split(jwe, ".")
	if len(parts) != 5 {
		return nil, false
	}
	h, ok := readHeader(parts[0])
	if !ok || h.Algorithm != "RSA-OAEP-256" || h.Encryption != "A256GCM" {
		return nil, false
	}
	var binary [4][]byte // key, IV, ciphertext, tag
	for i, part := range parts[1:] {
		decoded, err := base64URL.DecodeString(part)
		if err != nil {
			return nil, false
		}
		binary[i] = decoded
	}
	if len(binary[1]) != ivBytes || len(binary[3]) != tagBytes {
		return nil, false
	}
	gcm := s.unwrap(h.KeyID, binary[0])
	if gcm == nil {
		return nil, false
	}
	plaintext, err := gcm.Open(nil, binary[1], slices.Concat(binary[2], binary[3]), []byte(parts[0]))
	return plaintext, err == nil
}

// unwrap opens the content key under the decrypter that kid names; nil if it does not.
func (s *Service) unwrap(keyID string, wrapped []byte) cipher.AEAD {
	for _, d := range s.c.Keys().Decrypters {
		if d.KeyID != keyID {
			continue
		}
		key, err := d.Key.Decrypt(s.c.Rand, wrapped, &rsa.OAEPOptions{Hash: crypto.SHA256})
		if err != nil || len(key) != keyBytes {
			continue
		}
		if gcm, err := newGCM(key); err == nil {
			return gcm
		}
	}
	return nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts to the issuer and signs as Visa. While an issuer renews its keys the last
// entry counts.
func (s *Service) seal(in request, p spelling, value any) (string, error) {
	plaintext, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	to := in.clients[len(in.clients)-1].Recipient
	keys := s.c.Keys()
	if to.Key == nil || keys.Signer == nil {
		return "", errors.New("there is no key to seal with")
	}
	if faults.Take(in.ctx, faults.WrongKey) {
		stranger, err := s.stranger()
		if err != nil {
			return "", err
		}
		to.Key = &stranger.PublicKey
	}
	if faults.Take(in.ctx, faults.WrongSignature) {
		stranger, err := s.stranger()
		if err != nil {
			return "", err
		}
		keys.Signer = stranger
	}
	jwe, err := s.encrypt(to, p.issuedAt(s.c.Now()), plaintext)
	if err != nil {
		return "", err
	}
	return s.sign(keys, jwe)
}

func (s *Service) encrypt(to PublicKey, issuedAt any, plaintext []byte) (string, error) {
	random := make([]byte, keyBytes+ivBytes)
	if _, err := io.ReadFull(s.c.Rand, random); err != nil {
		return "", err
	}
	key, iv := random[:keyBytes], random[keyBytes:]
	wrapped, err := rsa.EncryptOAEP(sha256.New(), s.c.Rand, to.Key, key, nil)
	if err != nil {
		return "", err
	}
	gcm, err := newGCM(key)
	if err != nil {
		return "", err
	}
	protected, err := encodeHeader(header{Algorithm: "RSA-OAEP-256", Encryption: "A256GCM", Type: "JOSE", KeyID: to.KeyID, IssuedAt: issuedAt})
	if err != nil {
		return "", err
	}
	sealed := gcm.Seal(nil, iv, plaintext, []byte(protected))
	text, tag := sealed[:len(plaintext)], sealed[len(plaintext):]
	parts := []string{protected}
	for _, part := range [][]byte{wrapped, iv, text, tag} {
		parts = append(parts, base64URL.EncodeToString(part))
	}
	return strings.Join(parts, "."), nil
}

func (s *Service) sign(keys Keys, payload string) (string, error) {
	protected, err := encodeHeader(header{Algorithm: "PS256", Type: "JOSE", KeyID: keys.SignerKeyID, Content: "JWE"})
	if err != nil {
		return "", err
	}
	signed := protected + "." + base64URL.EncodeToString([]byte(payload))
	digest := sha256.Sum256([]byte(signed))
	signature, err := keys.Signer.Sign(s.c.Rand, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	if err != nil {
		return "", err
	}
	return signed + "." + base64URL.EncodeToString(signature), nil
}

func encodeHeader(h header) (string, error) {
	text, err := json.Marshal(h)
	return base64URL.EncodeToString(text), err
}
