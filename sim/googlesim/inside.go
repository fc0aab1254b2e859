package googlesim

import (
	"crypto"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/walletport/walletport/sim"
)

// readInside checks the packets below the encryption, and the signature over the
// literal. The JSON is read whatever the signature is worth.
func (r *reading) readInside(plaintext []byte) {
	blocks, whole := readBlocks(plaintext)
	if !whole {
		r.facts.Inside = namesOf(blocks)
		r.Fail(checkInside, insideBroken, "the decrypted bytes are no sequence of whole packets")
		return
	}
	if blocks[0].tag == tagCompressed {
		r.Fail(checkInside, compressedNoted, "the data is compressed")
		blocks = flatten(blocks)
	}
	r.facts.Inside = namesOf(blocks)
	body, ok := r.findLiteral(blocks)
	if !ok {
		return
	}
	r.Pass(checkInside, "%s", strings.Join(r.facts.Inside, ", "))
	r.verify(blocks, body)
	r.readCard(body)
}

func (r *reading) findLiteral(blocks []block) ([]byte, bool) {
	for _, b := range blocks {
		if slices.Contains([]uint8{tagSessionKey, tagPassphraseKey, tagEncrypted, tagProtected, tagAEAD}, b.tag) {
			return nil, r.Fail(checkInside, encryptedTwice, "there is a %s inside", b)
		}
	}
	i := slices.IndexFunc(blocks, func(b block) bool { return b.tag == tagLiteral })
	if i < 0 {
		return nil, r.Fail(checkInside, literalMissing, "there is no literal packet")
	}
	body, ok := literalBody(blocks[i])
	if !ok {
		return nil, r.Fail(checkInside, insideBroken, "the literal packet is malformed")
	}
	if looksLikeNested(body) {
		return nil, r.Fail(checkInside, literalNested, "the literal is an OpenPGP message again")
	}
	return body, true
}

// verify asks for one good signature; the faults of the others do not count then.
func (r *reading) verify(blocks []block, body []byte) {
	var signatures []block
	announced := false
	for _, b := range blocks {
		switch b.tag {
		case tagOnePass:
			announced = true
		case tagSignature:
			signatures = append(signatures, b)
		}
	}
	switch {
	case len(signatures) == 0 && announced:
		r.Fail(checkSigned, signatureMissing, "a signature is announced and does not follow")
		return
	case len(signatures) == 0:
		r.Fail(checkSigned, unsigned, "there is no signature")
		return
	}
	r.Pass(checkSigned, "%d signature(s)", len(signatures))
	var told []finding
	for _, b := range signatures {
		found := r.judge(b, body)
		if !slices.ContainsFunc(found, finding.refuses) {
			told = found
			break
		}
		if told == nil {
			told = found
		}
	}
	for _, f := range told {
		if f.k.Code != "" {
			r.Fail(f.check, f.k, "%s", f.detail)
			continue
		}
		r.Pass(f.check, "%s", f.detail)
	}
}

// finding is what is to be said of a rule of one signature.
type finding struct {
	check, detail string
	k             sim.Kind // the zero Kind if it holds
}

func (f finding) refuses() bool { return f.k.Code != "" && !f.k.Tolerated }

// The ids of hashes, RFC 4880 section 9.4.
var hashNames = map[byte]string{1: "MD5", 2: "SHA-1", 3: "RIPEMD-160", 8: "SHA-256", 9: "SHA-384", 10: "SHA-512", 11: "SHA-224"}

func hashName(id byte) string {
	if name, ok := hashNames[id]; ok {
		return name
	}
	return fmt.Sprintf("a hash of number %d, which RFC 4880 does not have", id)
}

// judge checks one signature: version and type, hash, key, and whether it holds.
func (r *reading) judge(b block, body []byte) []finding {
	const offsetType, offsetHash = 1, 3
	if len(b.body) <= offsetHash || b.version() != 4 {
		return []finding{{checkSigned, fmt.Sprintf("a %s", b), signatureVersion}}
	}
	if b.body[offsetType] != 0 {
		return []finding{{checkSigned, fmt.Sprintf("a signature of type %02x", b.body[offsetType]), signatureType}}
	}
	id := b.body[offsetHash]
	hash := finding{checkHash, hashName(id), sim.Kind{}}
	switch id {
	case 9:
	case 8, 10:
		hash.k = r.lenient(signatureHash)
	default:
		hash.k = signatureHashWeak
		return []finding{hash}
	}
	r.facts.Hash = hash.detail
	parsed, err := b.parse()
	signature, ok := parsed.(*packet.Signature)
	if err != nil || !ok {
		return []finding{hash, {checkSignature, "the signature packet is malformed", signatureWrong}}
	}
	if r.keys.Issuers == nil {
		r.Skip("needs the issuers' public keys", checkSigner, checkSignature)
		return []finding{hash}
	}
	return append([]finding{hash}, r.judgeKey(signature, body)...)
}

func (r *reading) judgeKey(signature *packet.Signature, body []byte) []finding {
	r.facts.SignedAt = &signature.CreationTime
	if signature.IssuerKeyId == nil {
		return []finding{{checkSigner, "the signature names no key", signatureUnknown}}
	}
	r.facts.Signer = shortID(*signature.IssuerKeyId)
	keys := r.keys.Issuers.KeysById(*signature.IssuerKeyId)
	if len(keys) == 0 {
		return []finding{{checkSigner, "no registered issuer has the key that the signature names", signatureUnknown}}
	}
	key := keys[0]
	holds := finding{checkSignature, "it holds", sim.Kind{}}
	if !verifies(key, signature, body) {
		holds = finding{checkSignature, "it does not hold over the literal", signatureWrong}
	}
	if signature.CreationTime.After(r.now.Add(clockSkew)) {
		holds = finding{checkSignature, "it is made in the future", signatureEarly}
	}
	return []finding{r.judgeValidity(key), holds}
}

// clockSkew is how far ahead the clock of an issuer may be.
const clockSkew = 5 * time.Minute

func verifies(key openpgp.Key, signature *packet.Signature, body []byte) bool {
	hash, err := signature.PrepareVerify()
	if err != nil || !slices.Contains([]crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}, signature.Hash) {
		return false
	}
	hash.Write(body)
	return key.PublicKey.VerifySignature(hash, signature) == nil
}

// judgeValidity checks that the key may sign now.
func (r *reading) judgeValidity(key openpgp.Key) finding {
	primary, _ := key.Entity.PrimarySelfSignature()
	switch {
	case primary == nil || key.SelfSignature == nil || !key.SelfSignature.FlagsValid || !key.SelfSignature.FlagSign:
		return finding{checkSigner, "the key is not for signing", keyNotSigning}
	case key.Entity.Revoked(r.now) || key.Revoked(r.now):
		return finding{checkSigner, "the key is revoked", keyRevoked}
	case key.PublicKey.CreationTime.After(r.now.Add(clockSkew)):
		return finding{checkSigner, "the key is made in the future", keyEarly}
	case isPast(key.Entity.PrimaryKey, primary, r.now) || isPast(key.PublicKey, key.SelfSignature, r.now):
		return finding{checkSigner, "the key has expired", keyExpired}
	}
	return finding{checkSigner, "a registered key of an issuer", sim.Kind{}}
}

func isPast(key *packet.PublicKey, self *packet.Signature, now time.Time) bool {
	if self.KeyLifetimeSecs == nil || *self.KeyLifetimeSecs == 0 {
		return false
	}
	return now.After(key.CreationTime.Add(time.Duration(*self.KeyLifetimeSecs) * time.Second))
}
