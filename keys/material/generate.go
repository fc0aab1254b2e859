package material

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"io"
	"slices"
	"time"

	"github.com/walletport/walletport/keys"
)

// pairs are the purposes of RSA pairs that the issuer makes for a scheme.
var pairs = []keys.Purpose{keys.TAVSigning, keys.MDESOAuth, keys.MDESCSDecryption, keys.VTSSigning, keys.VTSDecryption, keys.ClickToPayDecryption}

// generate makes the material of a key. The keys of others, Mastercard's and Google's,
// cannot be generated.
func generate(spec keys.Spec, now time.Time) (material, error) {
	switch p, algorithm := spec.Purpose, spec.Algorithm; {
	case slices.Contains(pairs, p):
		bits, ok := map[string]int{"": 2048, "RSA-2048": 2048, "RSA-3072": 3072, "RSA-4096": 4096}[algorithm]
		if !ok {
			return material{}, errUnfit("a " + string(p) + " key is RSA-2048, RSA-3072 or RSA-4096")
		}
		k, err := rsa.GenerateKey(rand.Reader, bits)
		return material{private: k}, err
	case p == keys.MDESEncryption, p == keys.MDESCSEncryption:
		return material{}, errUnfit("the " + string(p) + " key is Mastercard's: import its certificate")
	case p == keys.VTSVerification, p == keys.VTSEncryption, p == keys.ClickToPayEncryption:
		return material{}, errUnfit("the " + string(p) + " key is Visa's: import its certificate or public key")
	case p == keys.ClickToPayLogin:
		return material{}, errUnfit("a clicktopay-login is Visa's: import its password")
	case isTLS(p):
		return material{}, errUnfit("a " + string(p) + " key comes with the certificate that the scheme's authority issued for it: import both")
	case p == keys.OPCEncryption:
		return material{}, errUnfit("the opc-encryption key is Google's: import its OpenPGP public key")
	case p == keys.OPCSigning:
		return generateOPCSigning(spec, now)
	case algorithm != "" && algorithm != secretAlgorithm(p):
		return material{}, errUnfit("the purpose has another algorithm")
	case p == keys.AuditCheckpoint:
		_, k, err := ed25519.GenerateKey(rand.Reader)
		return material{private: k}, err
	case p == keys.VTSPush, p == keys.VTSAPI, p == keys.ClickToPayAPI:
		secret, err := randomBytes(sharedSecretEntropy)
		return material{secret: base64.RawURLEncoding.AppendEncode(nil, secret)}, err
	case p == keys.WSD:
		secret, err := randomBytes(keys.TDEABytes)
		setParity(secret)
		return material{secret: secret}, err
	case p == keys.VaultKEK, p == keys.VaultIndex:
		secret, err := randomBytes(keys.SecretBytes)
		return material{secret: secret}, err
	}
	_, err := keys.ParsePurpose(string(spec.Purpose))
	return material{}, err
}

// sharedSecretEntropy is the number of random bytes in a generated shared secret,
// whose base64url text then has 40 characters as Visa's do (reference visa.md 1.1).
const sharedSecretEntropy = 30

func randomBytes(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(rand.Reader, b)
	return b, err
}

// secretAlgorithm names the one algorithm of the purposes that have no choice.
func secretAlgorithm(p keys.Purpose) string {
	switch p {
	case keys.VTSPush, keys.VaultKEK:
		return "AES-256"
	case keys.WSD:
		return "2TDEA"
	case keys.VaultIndex, keys.VTSAPI, keys.ClickToPayAPI:
		return "HMAC-SHA-256"
	case keys.AuditCheckpoint:
		return "Ed25519"
	case keys.ClickToPayLogin:
		return "password"
	case keys.MDESEncryption, keys.TAVSigning, keys.MDESOAuth, keys.MDESCSEncryption, keys.MDESCSDecryption, keys.VTSSigning, keys.VTSVerification, keys.VTSEncryption, keys.VTSDecryption, keys.ClickToPayEncryption, keys.ClickToPayDecryption, keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS, keys.OPCEncryption, keys.OPCSigning:
	}
	return ""
}
