package mdessim

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"slices"

	"github.com/walletport/walletport/sim"
)

// verify checks a TAV's signature in two steps: is it a signature by a key of
// this issuer (which the RSA public operation shows without knowing the signed
// text), and is the signed text that of this card.
func (r *reading) verify(t tav) {
	if len(r.keys.TAV) == 0 {
		r.Skip("needs the issuer's TAV public key", checkTAVKey, checkTAVSignature, checkTAVCard)
		return
	}
	candidates := r.tavKeys(t.alias)
	key := r.verifyForm(t.signature, candidates)
	if key == nil {
		return
	}
	r.verifyCard(t, key)
}

// tavKeys chooses keys by alias; without aliases every key of the issuer may
// have signed.
func (r *reading) tavKeys(alias string) []*rsa.PublicKey {
	var named, all []*rsa.PublicKey
	aliases := false
	for _, key := range r.keys.TAV {
		public, ok := key.Public.(*rsa.PublicKey)
		if !ok {
			continue
		}
		aliases = aliases || key.Alias != ""
		all = append(all, public)
		if key.Alias == alias {
			named = append(named, public)
		}
	}
	switch {
	case alias == "", !aliases:
		r.Pass(checkTAVKey, "not named by an alias: each TAV key of the issuer is tried, %d in all", len(all))
		return all
	case len(named) == 0:
		r.Fail(checkTAVKey, tavAliasUnknown, "no TAV key of this issuer has that keyAlias")
		return all
	}
	r.Pass(checkTAVKey, "the key that keyAlias names")
	return named
}

// verifyForm returns the key that made the signature, nil if none did as it
// should.
func (r *reading) verifyForm(signature []byte, keys []*rsa.PublicKey) *rsa.PublicKey {
	sizes := make([]int, 0, len(keys))
	for _, key := range keys {
		sizes = append(sizes, key.Size())
		message := rsaPublic(key, signature)
		if message == nil {
			continue
		}
		k, good, found := signatureForm(message, key.N.BitLen())
		if good {
			r.Pass(checkTAVSignature, "RSASSA-PKCS1-v1_5 with SHA-256 by a known key")
			return key
		}
		if found {
			r.Fail(checkTAVSignature, k, "a known key signed, but not with RSASSA-PKCS1-v1_5 and SHA-256")
			return nil
		}
	}
	if !slices.Contains(sizes, len(signature)) {
		r.Fail(checkTAVSignature, tavSignatureLength, "the signature has %d bytes", len(signature))
		return nil
	}
	r.Fail(checkTAVSignature, tavUnknownKey, "no TAV key of this issuer made the signature")
	return nil
}

// rsaPublic is RSAVP1 of RFC 8017 section 5.2.2 and returns the encoded message,
// nil if the signature does not fit the key.
func rsaPublic(key *rsa.PublicKey, signature []byte) []byte {
	s := new(big.Int).SetBytes(signature)
	if len(signature) != key.Size() || s.Cmp(key.N) >= 0 {
		return nil
	}
	return s.Exp(s, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
}

// digestInfos are the DER prefixes of RFC 8017 section 9.2 note 1.
var digestInfos = []struct {
	hash   crypto.Hash
	prefix string
	kind   sim.Kind // what it means in a TAV; zero is right
}{
	{crypto.SHA256, "3031300d060960864801650304020105000420", sim.Kind{}},
	{crypto.SHA1, "3021300906052b0e03021a05000414", tavSignatureSHA1},
	{crypto.SHA384, "3041300d060960864801650304020205000430", tavSignatureHash},
	{crypto.SHA512, "3051300d060960864801650304020305000440", tavSignatureHash},
	{crypto.SHA224, "302d300d06096086480165030402040500041c", tavSignatureHash},
	{crypto.MD5, "3020300c06082a864886f70d020505000410", tavSignatureHash},
}

// signatureForm tells by which scheme an encoded message was made. found is
// false if it is noise: another key signed.
func signatureForm(message []byte, modulusBits int) (k sim.Kind, good, found bool) {
	content, isPKCS1 := pkcs1Content(message)
	if !isPKCS1 {
		return tavSignaturePSS, false, isPSS(message, modulusBits)
	}
	for _, d := range digestInfos {
		prefix := hexBytes(d.prefix)
		if bytes.HasPrefix(content, prefix) && len(content) == len(prefix)+d.hash.Size() {
			return d.kind, d.hash == crypto.SHA256, true
		}
	}
	return tavSignatureNoHash, false, true
}

// pkcs1Content takes 00 01 FF … FF 00 off (EMSA-PKCS1-v1_5, block type 1).
func pkcs1Content(message []byte) ([]byte, bool) {
	if !bytes.HasPrefix(message, []byte{0, 1, 0xff}) {
		return nil, false
	}
	rest := bytes.TrimLeft(message[2:], "\xff")
	if len(rest) == 0 || rest[0] != 0 {
		return nil, false
	}
	return rest[1:], true
}

// isPSS recognises EMSA-PSS (RFC 8017 section 9.1.2) without the signed text: the
// trailer, and the zero padding that appears under the right mask.
func isPSS(message []byte, modulusBits int) bool {
	bits := modulusBits - 1
	message = message[len(message)-(bits+7)/8:]
	if message[len(message)-1] != 0xbc {
		return false
	}
	return slices.ContainsFunc([]crypto.Hash{crypto.SHA256, crypto.SHA1, crypto.SHA384, crypto.SHA512}, func(hash crypto.Hash) bool {
		split := len(message) - 1 - hash.Size()
		if split <= 0 {
			return false
		}
		block := xor(message[:split], mgf1(hash, message[split:len(message)-1], split))
		block[0] &= 0xff >> (8*len(message) - bits)
		salt := bytes.TrimLeft(block, "\x00")
		return len(salt) > 0 && salt[0] == 1
	})
}

// mgf1 is the mask of RFC 8017 appendix B.2.1.
func mgf1(hash crypto.Hash, seed []byte, n int) []byte {
	var mask []byte
	for counter := byte(0); len(mask) < n; counter++ {
		h := hash.New()
		h.Write(seed)
		h.Write([]byte{0, 0, 0, counter})
		mask = h.Sum(mask)
	}
	return mask[:n]
}

func xor(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range a {
		out[i] = a[i] ^ b[i]
	}
	return out
}

// verifyCard checks that the signed text is that of the card.
func (r *reading) verifyCard(t tav, key *rsa.PublicKey) {
	needsExpiry := t.hasExpiry || slices.Contains(t.fields, fieldExpiry)
	needsTUR := t.hasTUR || slices.Contains(t.fields, fieldTUR)
	switch {
	case t.version != "2" && (t.fields == nil || t.timestamp == "" && slices.Contains(t.fields, fieldTime)):
		return // the signed text cannot be built; named by the check of the members
	case r.card.number.Clear() == "", needsExpiry && r.card.mmyy == "":
		r.Skip("needs the card", checkTAVCard)
		return
	case needsTUR && r.card.tur == "":
		r.Fail(checkTAVCard, tavNeedsToken, "the TAV is bound to a token")
		return
	}
	text := newSignedText(t, r.card)
	sum := sha256.Sum256(text.build(text.standard()))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], t.signature) == nil {
		r.Pass(checkTAVCard, "the signature is over this card")
		return
	}
	message := rsaPublic(key, t.signature)
	k, detail := text.explain([sha256.Size]byte(message[len(message)-sha256.Size:]))
	r.Fail(checkTAVCard, k, "%s", detail)
}

func isHex(text string) bool {
	_, err := hex.DecodeString(text)
	return err == nil
}

// hexBytes decodes hex, nil if it is none.
func hexBytes(text string) []byte {
	data, err := hex.DecodeString(text)
	if err != nil {
		return nil
	}
	return data
}
