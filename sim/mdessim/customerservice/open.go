package customerservice

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha1" // keys are named by SHA-1 of the certificate: a name, not a protection
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/hex"
	"strings"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/faults"
)

// encryptedField is EncryptedAccountInformation, everything in hex of any case.
type encryptedField struct {
	EncryptedData        string
	PublicKeyFingerprint string
	EncryptedKey         string
	OaepHashingAlgorithm string
	IV                   string `json:"Iv"`
	AlgorithmCipherMode  string `json:"algorithmCipherMode"`
	Tag                  string `json:"tag"`
	AAD                  string `json:"aad"`
}

// account is what an encrypted field holds, one member of it.
type account struct {
	CurrentAccount struct {
		AccountPan                 string
		Token                      string
		AlternateAccountIdentifier string
		FinancialAccountID         string `json:"FinancialAccountId"`
		VirtualCardNumber          string
	}
}

var oaepHashes = map[string]crypto.Hash{"SHA256": crypto.SHA256, "SHA512": crypto.SHA512}

// unreadable is the one answer to every fault of encryption, so that it tells nobody
// which.
func unreadable() *refusal {
	return refuse("CRYPTOGRAPHY_ERROR", "The encrypted data could not be read.")
}

// open decrypts a field.
func (s *Service) open(ctx context.Context, f encryptedField) (account, *refusal) {
	for name, value := range map[string]string{
		"EncryptedData": f.EncryptedData, "PublicKeyFingerprint": f.PublicKeyFingerprint, "EncryptedKey": f.EncryptedKey,
		"OaepHashingAlgorithm": f.OaepHashingAlgorithm,
	} {
		if value == "" {
			return account{}, missing("EncryptedAccountInformation." + name)
		}
	}
	hash, ok := oaepHashes[f.OaepHashingAlgorithm]
	if !ok {
		return account{}, wrongValue("EncryptedAccountInformation.OaepHashingAlgorithm")
	}
	key := s.keyNamed(f.PublicKeyFingerprint)
	wrapped, err := hex.DecodeString(f.EncryptedKey)
	if key == nil || err != nil || faults.Take(ctx, faults.WrongKey) {
		return account{}, unreadable()
	}
	aesKey, err := key.Decrypt(s.c.Rand, wrapped, &rsa.OAEPOptions{Hash: hash})
	if err != nil || len(aesKey) != 16 && len(aesKey) != 32 {
		return account{}, unreadable()
	}
	plaintext, ok := f.decrypt(aesKey)
	var opened account
	if !ok || !sim.LooksLikeJSON(plaintext) || readExactly(plaintext, &opened) != nil {
		return account{}, unreadable()
	}
	return opened, nil
}

func (s *Service) keyNamed(fingerprint string) crypto.Decrypter {
	for _, key := range s.c.Keys() {
		sum := sha1.Sum(key.Certificate.Raw)
		if strings.EqualFold(fingerprint, hex.EncodeToString(sum[:])) {
			return key.Decrypter
		}
	}
	return nil
}

// decrypt is AES-CBC with PKCS#7 padding, or AES-GCM with tag and additional data.
func (f encryptedField) decrypt(key []byte) ([]byte, bool) {
	block, err := aes.NewCipher(key)
	data, errData := hex.DecodeString(f.EncryptedData)
	iv, errIV := hex.DecodeString(f.IV)
	if err != nil || errData != nil || errIV != nil {
		return nil, false
	}
	switch f.AlgorithmCipherMode {
	case "", "CBC":
		return decryptCBC(block, iv, data)
	case "GCM":
		return f.decryptGCM(block, iv, data)
	}
	return nil, false
}

func decryptCBC(block cipher.Block, iv, data []byte) ([]byte, bool) {
	if len(iv) == 0 {
		iv = make([]byte, aes.BlockSize) // an absent one is all zero
	}
	if len(iv) != aes.BlockSize || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, false
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	n := int(plain[len(plain)-1])
	if n < 1 || n > aes.BlockSize {
		return nil, false
	}
	text, padding := plain[:len(plain)-n], plain[len(plain)-n:]
	return text, bytes.Equal(padding, bytes.Repeat([]byte{byte(n)}, n))
}

const gcmIVBytes = 12

func (f encryptedField) decryptGCM(block cipher.Block, iv, data []byte) ([]byte, bool) {
	tag, errTag := hex.DecodeString(f.Tag)
	aad, errAAD := hex.DecodeString(f.AAD)
	gcm, err := cipher.NewGCM(block)
	if err != nil || errTag != nil || errAAD != nil || len(iv) != gcmIVBytes || f.AAD == "" {
		return nil, false
	}
	plain, err := gcm.Open(nil, iv, append(data, tag...), aad)
	return plain, err == nil
}
