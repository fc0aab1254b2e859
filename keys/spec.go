package keys

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
)

// Spec describes a key that is to be added.
type Spec struct {
	Purpose    Purpose
	Issuer     walletport.IssuerID // "" serves every issuer
	BINs       []BINRange          // empty serves every BIN
	ValidFrom  time.Time           // zero means now
	ValidUntil time.Time           // zero never ends; a certificate's end may come before. Generated opc-signing keys: zero is one year
	// Algorithm of a generated key: RSA-2048, RSA-3072 or RSA-4096 for tav-signing,
	// mdes-oauth, mdes-cs-decryption, vts-signing, vts-decryption and clicktopay-decryption, where empty means the first, and for opc-signing,
	// where it means the second; the other purposes have one each.
	Algorithm         string
	Alias             string // see Meta; mdes-oauth, wsd and the keys of vts and clicktopay, but for those of TLS, need theirs
	SchemeFingerprint string // see Meta
	Activate          bool   // false leaves the key pending
	// AsIs takes an imported key although something about it looks wrong: a key usage
	// that forbids the purpose, the parity of a WSD key, quotes, blanks or a name around
	// a shared secret.
	AsIs    bool
	Sandbox bool
	// After is the version that the new key's must be above, whatever the custodian has:
	// of a key that it has lost, so that no id means two keys. 0 is none.
	After int
}

// maxAliasBytes bounds Alias and SchemeFingerprint: 64 hex digits are the longest
// in use.
const maxAliasBytes = 64

// Validate looks at everything that a Spec says of itself. Its errors are CodeInvalid
// with the reasons key_purpose, issuer_malformed, bin_range, key_not_of_cards and key_alias.
func (s Spec) Validate() error {
	if _, err := ParsePurpose(string(s.Purpose)); err != nil {
		return err
	}
	if s.Issuer != "" {
		if _, err := walletport.ParseIssuerID(string(s.Issuer)); err != nil {
			return err
		}
	}
	for _, r := range s.BINs {
		if _, err := ParseBINRange(r.Low + "-" + r.High); err != nil {
			return err
		}
	}
	if s.Purpose.isOfConnections() && (s.Issuer != "" || len(s.BINs) > 0) {
		return walletport.Errorf(walletport.CodeInvalid, "key_not_of_cards",
			"a %s key is of the connection to the scheme, over which the requests of all issuers and cards go: it has neither an issuer nor BINs", s.Purpose)
	}
	texts := []string{s.SchemeFingerprint, s.Alias}
	if s.Purpose == MDESOAuth {
		texts = texts[:1] // a consumer key has a form of its own, which validateAlias knows
	}
	for _, text := range texts {
		if len(text) > maxAliasBytes || !walletport.IsPrintable(text, " ") {
			return errAlias("alias and scheme fingerprint have up to 64 printable ASCII characters without spaces")
		}
		if walletport.ContainsPAN(text) { // it stands in payloads and lists
			return errAlias("alias and scheme fingerprint must not contain a card number")
		}
	}
	return s.validateAlias()
}

// keySet is what names a WSD key in Visa's strings: the six digits of a BIN or of an
// encryption rule, and the index of the key (reference visa.md 2.1).
var keySet = regexp.MustCompile(`^[0-9]{6}\.[0-9]{1,4}$`)

// maxTAVAlias bounds the keyAlias of a TAV 4, which no other version has (scheme/mdes
// refuses a longer one at each call).
const maxTAVAlias = 10

var tavAlias = regexp.MustCompile(`^[A-Za-z0-9+._:-]*$`)

// validateAlias asks for what the schemes ask of the names of their keys.
func (s Spec) validateAlias() error {
	switch {
	case s.Purpose == MDESOAuth && !isConsumerKey(s.Alias):
		return errAlias("an mdes-oauth key needs its consumer key as alias, whole, as Mastercard's developer portal shows it: a client id of up to 64 letters, digits, '-' and '_', '!', and up to 64 hex digits")
	case s.Purpose == TAVSigning && (len(s.Alias) > maxTAVAlias || !tavAlias.MatchString(s.Alias)):
		return errAlias("the alias of a tav-signing key is the keyAlias of a TAV 4, at most 10 letters, digits, '+', '-', '.', '_' and ':'; versions 2 and 3 have none")
	case s.Purpose == VTSPush && s.Alias == "":
		return errAlias("a vts-push key needs its encryption API key id as alias: Visa issued it with the shared secret")
	case s.Purpose == VTSPush && strings.ContainsAny(s.Alias, `"\`):
		return errAlias("the alias of a vts-push key goes into JSON as it is: it has neither quotation mark nor backslash")
	case (s.Purpose == VTSAPI || s.Purpose == ClickToPayAPI) && (s.Alias == "" || !walletport.IsAlnum(s.Alias, "-._~")):
		return errAlias("a " + string(s.Purpose) + " secret needs its API key as alias, letters, digits, '-', '.', '_' and '~': it goes into addresses as it is")
	case s.Purpose == ClickToPayLogin && (s.Alias == "" || strings.Contains(s.Alias, ":")):
		return errAlias("a clicktopay-login needs its user as alias; Basic authentication has no ':' in it")
	case s.isVisaPair() && (s.Alias == "" || strings.ContainsAny(s.Alias, `"\`)):
		return errAlias("a " + string(s.Purpose) + " key needs the key id (kid) that Visa knows it by as alias; it goes into JSON as it is, and has neither quotation mark nor backslash")
	case s.Purpose == WSD && !keySet.MatchString(s.Alias):
		return errAlias("a wsd key needs its key set as alias, six digits and an index: 401200.1")
	}
	return nil
}

// isVisaPair reports whether the key is one of the RSA pairs between Visa and the issuer,
// of which each side names by a kid which it used.
func (s Spec) isVisaPair() bool {
	return slices.Contains([]Purpose{VTSSigning, VTSVerification, VTSEncryption, VTSDecryption, ClickToPayEncryption, ClickToPayDecryption}, s.Purpose)
}

// consumerKey is how Mastercard's developer portal writes one: the client id and, after
// "!", the id of the key. The second is hexadecimal, in which runs of digits may look like a
// card number.
var consumerKey = regexp.MustCompile(`^([A-Za-z0-9_-]{1,64})(![0-9A-Fa-f]{1,64})$`)

func isConsumerKey(text string) bool {
	parts := consumerKey.FindStringSubmatch(text)
	return parts != nil && !walletport.ContainsPAN(parts[1])
}

func errAlias(message string) error {
	return walletport.Errorf(walletport.CodeInvalid, "key_alias", "%s", message)
}
