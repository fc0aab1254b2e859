package googlesim

import (
	"errors"
	"fmt"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// openSessionKey decrypts the session key of the first recipient that is held.
func (r *reading) openSessionKey(recipients []block) *packet.EncryptedKey {
	fault, detail := recipientOther, "the message is for a key that Google does not hold"
	for _, b := range recipients {
		parsed, err := b.parse()
		key, ok := parsed.(*packet.EncryptedKey)
		if err != nil || !ok {
			fault, detail = sessionKeyFailed, "a session key packet is malformed"
			continue
		}
		held := r.findKeys(key.KeyId)
		switch {
		case len(held) == 0:
			continue
		case key.Algo != packet.PubKeyAlgoRSA:
			fault, detail = recipientAlgorithm, fmt.Sprintf("the session key is encrypted with public-key algorithm %d", key.Algo)
			continue
		case key.KeyId == 0:
			r.note("the recipient is hidden: every key was tried")
		}
		for _, private := range held {
			if key.Decrypt(private.PrivateKey, nil) != nil {
				fault, detail = sessionKeyFailed, "the session key does not decrypt with the key that is named"
				continue
			}
			r.facts.Recipient = shortID(private.PublicKey.KeyId)
			if private.PublicKey == private.Entity.PrimaryKey {
				r.Fail(checkRecipient, recipientPrimary, "the message is for Google's primary key")
			}
			r.Pass(checkRecipient, "Google's encryption subkey, RSA")
			return key
		}
	}
	r.Fail(checkRecipient, fault, "%s", detail)
	return nil
}

// findKeys returns the private keys of that id, the primary ones too; all of them for
// id 0, which hides the recipient.
func (r *reading) findKeys(id uint64) []openpgp.Key {
	var found []openpgp.Key
	for _, key := range r.keys.Google {
		list := openpgp.EntityList{key.entity}
		if id == 0 {
			found = append(found, list.DecryptionKeys()...)
			continue
		}
		found = append(found, list.KeysById(id)...)
	}
	return found
}

// shortID names a key without a run of digits that could be a PAN.
func shortID(id uint64) string {
	text := fmt.Sprintf("%016x", id)
	return text[:4] + "…" + text[12:]
}

var cipherNames = map[packet.CipherFunction]string{packet.Cipher3DES: "3DES", packet.CipherCAST5: "CAST5", packet.CipherAES128: "AES-128",
	packet.CipherAES192: "AES-192", packet.CipherAES256: "AES-256"}

// decrypt returns what is inside, nil if it does not hold.
func (r *reading) decrypt(data block, key *packet.EncryptedKey) []byte {
	r.facts.Cipher = cipherNames[key.CipherFunc]
	switch key.CipherFunc {
	case packet.CipherAES256:
		r.Pass(checkCipher, "AES-256")
	case packet.CipherAES128, packet.CipherAES192:
		r.Fail(checkCipher, r.lenient(cipherOther), "%s", r.facts.Cipher)
	case packet.Cipher3DES, packet.CipherCAST5:
		r.Fail(checkCipher, cipherWeak, "%s", r.facts.Cipher)
	}
	parsed, err := data.parse()
	sealed, ok := parsed.(*packet.SymmetricallyEncrypted)
	if err != nil || !ok {
		r.Fail(checkIntegrity, mdcMismatch, "the encrypted data is malformed")
		return nil
	}
	opened, err := sealed.Decrypt(key.CipherFunc, key.Key)
	if err != nil {
		r.Fail(checkIntegrity, mdcMismatch, "the data does not decrypt with its session key")
		return nil
	}
	plaintext, errRead := io.ReadAll(opened)
	if err := errors.Join(errRead, opened.Close()); err != nil {
		r.Fail(checkIntegrity, mdcMismatch, "the modification detection code does not hold")
		return nil
	}
	r.Pass(checkIntegrity, "SEIPD of version 1, its modification detection code holds")
	return plaintext
}
