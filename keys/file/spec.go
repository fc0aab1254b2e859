package file

import (
	"regexp"
	"slices"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// maxAliasBytes bounds Alias and SchemeFingerprint: 64 hex digits are the longest
// in use.
const maxAliasBytes = 64

func checkSpec(spec Spec) error {
	if _, err := keys.ParsePurpose(string(spec.Purpose)); err != nil {
		return err
	}
	if spec.Issuer != "" {
		if _, err := walletport.ParseIssuerID(string(spec.Issuer)); err != nil {
			return err
		}
	}
	for _, r := range spec.BINs {
		if _, err := keys.ParseBINRange(r.Low + "-" + r.High); err != nil {
			return err
		}
	}
	for _, text := range []string{spec.Alias, spec.SchemeFingerprint} {
		outside := func(b byte) bool { return b <= ' ' || b > '~' }
		if len(text) > maxAliasBytes || slices.ContainsFunc([]byte(text), outside) {
			return errAlias("alias and scheme fingerprint have up to 64 printable ASCII characters without spaces")
		}
		if walletport.ContainsPAN(text) { // it stands in payloads and lists
			return errAlias("alias and scheme fingerprint must not contain a card number")
		}
	}
	if spec.Purpose == keys.TAVSigning && (len(spec.Alias) > maxTAVAlias || !tavAlias.MatchString(spec.Alias)) {
		return errAlias("the alias of a tav-signing key is the keyAlias of a TAV 4, at most 10 letters, digits, '+', '-', '.', '_' and ':'; versions 2 and 3 have none")
	}
	return checkVisaAlias(spec)
}

// keySet is what names a WSD key in Visa's strings: the six digits of a BIN or of an
// encryption rule, and the index of the key (reference visa.md 2.1).
var keySet = regexp.MustCompile(`^[0-9]{6}\.[0-9]{1,4}$`)

// maxTAVAlias bounds the keyAlias of a TAV 4, which no other version has (scheme/mdes
// refuses a longer one at each call).
const maxTAVAlias = 10

var tavAlias = regexp.MustCompile(`^[A-Za-z0-9+._:-]*$`)

// checkVisaAlias asks for the names without which Visa cannot find the key.
func checkVisaAlias(spec Spec) error {
	switch {
	case spec.Purpose == keys.VTSPush && spec.Alias == "":
		return errAlias("a vts-push key needs its encryption API key id as alias: Visa issued it with the shared secret")
	case spec.Purpose == keys.VTSPush && strings.ContainsAny(spec.Alias, `"\`):
		return errAlias("the alias of a vts-push key goes into JSON as it is: it has neither quotation mark nor backslash")
	case spec.Purpose == keys.WSD && !keySet.MatchString(spec.Alias):
		return errAlias("a wsd key needs its key set as alias, six digits and an index: 401200.1")
	}
	return nil
}

func errAlias(message string) error {
	return walletport.Errorf(walletport.CodeInvalid, "key_alias", "%s", message)
}
