package applesim

import (
	"regexp"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// The members of the pass data.
const (
	passPAN          = "primaryAccountNumber"
	passExpiration   = "expiration"
	passName         = "name"
	passNonce        = "nonce"
	passSignature    = "nonceSignature"
	passEncryptedPAN = "encryptedPrimaryAccountNumber"
	passNetworkName  = "networkName"
	passPANPrefix    = "primaryAccountNumberPrefix"
)

// The checks of the pass data.
const (
	checkPassJSON     = "pass_data_json"
	checkPassMembers  = "pass_data_members"
	checkPAN          = "pass_pan"
	checkPANLuhn      = "pass_pan_luhn"
	checkEncryptedPAN = "pass_encrypted_pan"
	checkNetworkName  = "pass_network_name"
	checkPANPrefix    = "pass_pan_prefix"
	checkExpiration   = "pass_expiration"
	checkNotExpired   = "pass_not_expired"
	checkName         = "pass_name"
)

// passChecks are those that need the pass data opened.
var passChecks = []string{checkPassDataOpen, checkPassJSON, checkPassMembers, checkPAN, checkPANLuhn, checkEncryptedPAN, checkNetworkName, checkPANPrefix,
	checkExpiration, checkNotExpired, checkName, checkNonce, checkNonceSignature, checkNoncePair, checkNonceFresh, checkNonceUnused}

// clearForm and encryptedForm are the two sets of members, with the checks that only
// the other one has.
var (
	clearForm = form{"FPAN", []string{passPAN, passExpiration, passName, passNonce, passSignature},
		[]string{checkEncryptedPAN, checkNetworkName, checkPANPrefix}}
	encryptedForm = form{"encrypted FPAN", []string{passEncryptedPAN, passNetworkName, passPANPrefix, passName, passNonce, passSignature},
		[]string{checkPAN, checkPANLuhn, checkExpiration, checkNotExpired}}
)

type form struct {
	name    string
	members []string
	without []string
}

// readPass checks the plaintext.
func (r *reading) readPass(plaintext []byte) {
	plaintext, mended := sim.MendPlaintext(plaintext)
	if mended != nil {
		r.Fail(checkPassJSON, mended.Kind.Of("pass_data_plaintext_"), "%s", mended.Detail)
	}
	members, f := sim.ReadObject(plaintext)
	if f != nil {
		r.Fail(checkPassJSON, f.Kind.Of("pass_data_"), "%s", f.Detail)
		return
	}
	r.Pass(checkPassJSON, "one JSON object")
	shape := clearForm
	if members.Has(passEncryptedPAN) {
		shape = encryptedForm
	}
	r.facts.Form = shape.name
	r.Drop(shape.without...)
	texts := r.readPassMembers(members, shape)
	r.readCard(texts)
	r.readNonces(texts[passNonce], texts[passSignature])
}

// readPassMembers returns the members that are non-empty strings, a misnamed PAN
// among them.
func (r *reading) readPassMembers(members sim.Object, shape form) map[string]string {
	texts := make(map[string]string)
	if members.Has(passEncryptedPAN) && members.Has(passPAN) {
		r.Fail(checkPassMembers, passBothForms, "there is a PAN in clear and an encrypted one")
	}
	for _, name := range shape.members {
		text, isText := members.Text(name)
		switch {
		case name == passPAN && !members.Has(name):
			texts[name] = r.readMisnamedPAN(members)
		case name == passName && (!members.Has(name) || isText && strings.TrimSpace(text) == ""):
			r.Fail(checkName, passNameMissing, "there is no cardholder name")
		case !members.Has(name):
			r.Fail(checkPassMembers, passMissing, "%s is missing or null", name)
		case !isText:
			r.Fail(checkPassMembers, passType, "%s is not a JSON string", name)
		case text == "":
			r.Fail(checkPassMembers, passEmpty, "%s is empty", name)
		default:
			texts[name] = text
		}
	}
	r.Pass(checkPassMembers, "the members of the form %s are there", shape.name)
	if texts[passName] != "" {
		r.facts.HasCardholderName = true
		r.Pass(checkName, "there is a cardholder name")
	}
	return texts
}

// panNames are what the PAN was called elsewhere.
var panNames = []string{"primaryAccountNuber", "accountNumber", "cardNumber", "pan", "PAN", "fpan"}

func (r *reading) readMisnamedPAN(members sim.Object) string {
	other, ok := members.Fold(passPAN)
	if !ok {
		other, ok = members.First(panNames...)
	}
	switch {
	case !ok:
		r.Fail(checkPassMembers, passMissing, "%s is missing or null", passPAN)
	case other == panNames[0]:
		r.Fail(checkPassMembers, passTypo, "the PAN's member is called %s", other)
	default:
		r.Fail(checkPassMembers, passPANName, "the PAN's member is called %s", sim.Shown(other))
	}
	text, _ := members.Text(other)
	return text
}

func (r *reading) readCard(texts map[string]string) {
	if text, ok := texts[passEncryptedPAN]; ok {
		r.readEncryptedPAN(text)
		r.readNetworkName(texts[passNetworkName])
		r.readPANPrefix(texts[passPANPrefix])
		return
	}
	if text := texts[passPAN]; text != "" {
		r.readPAN(text)
	}
	if text := texts[passExpiration]; text != "" {
		r.readExpiration(text)
	}
}

// A PAN has 12 digits or more at these schemes, 19 at most (ISO/IEC 7812).
const (
	minPANDigits = 12
	maxPANDigits = 19
)

func (r *reading) readPAN(text string) {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(text)
	switch {
	case digits != text && sim.IsDigits(digits):
		r.Fail(checkPAN, panSpaces, "there are spaces or hyphens in the PAN")
	case !sim.IsDigits(digits):
		r.Fail(checkPAN, panNotDigits, "the PAN is not digits only")
		return
	}
	if len(digits) < minPANDigits || len(digits) > maxPANDigits {
		r.Fail(checkPAN, panLength, "the PAN has %d digits", len(digits))
		return
	}
	r.card.number = sim.NewCardNumber(digits)
	r.facts.PAN = r.card.number.String()
	if !sim.HasLuhnDigit(digits) {
		r.Fail(checkPANLuhn, panLuhn, "the check digit does not fit")
	}
	r.Pass(checkPANLuhn, "the check digit fits")
	r.takeScheme(checkPAN, digits)
	r.Pass(checkPAN, "%d digits", len(digits))
}

func (r *reading) takeScheme(check, digits string) {
	scheme, ok := sim.NetworkOf(digits)
	if !ok {
		r.Fail(check, panScheme, "the PAN is of neither scheme")
		return
	}
	r.card.scheme = scheme
	r.facts.Scheme = string(scheme)
}

// readEncryptedPAN takes the base64 of an MBPAD, which only Visa opens.
func (r *reading) readEncryptedPAN(text string) {
	if strings.HasPrefix(text, "MBPAD") {
		r.Fail(checkEncryptedPAN, encryptedPANPlain, "the encrypted PAN is the MBPAD string itself")
		r.card.encryptedNumber = text
		return
	}
	data, f := sim.ReadOneBase64(text)
	if f != nil {
		r.Fail(checkEncryptedPAN, f.Kind.Of("encrypted_pan_"), "%s", f.Detail)
	}
	if !strings.HasPrefix(string(data), "MBPAD") {
		r.Fail(checkEncryptedPAN, encryptedPANForm, "the decoded text does not begin as an MBPAD does")
		return
	}
	r.card.encryptedNumber = string(data)
	r.Pass(checkEncryptedPAN, "an MBPAD of %d characters", len(data))
}

func (r *reading) readNetworkName(text string) {
	if text != "Visa" {
		r.Fail(checkNetworkName, networkNameOther, "networkName is %s", sim.Shown(text))
	}
	r.Pass(checkNetworkName, "Visa")
}

func (r *reading) readPANPrefix(text string) {
	if !sim.IsDigits(text) || len(text) < 6 || len(text) > 8 {
		r.Fail(checkPANPrefix, panPrefixForm, "the prefix has %d characters", len(text))
		r.card.scheme = walletport.Visa // nobody else has encrypted numbers
		return
	}
	r.card.prefix, r.facts.PANPrefix = text, text
	r.takeScheme(checkPANPrefix, text)
	r.Pass(checkPANPrefix, "%d digits", len(text))
}

var (
	expirationRight   = regexp.MustCompile(`^(0[1-9]|1[0-2])/([0-9]{2})$`)
	expirationOthers  = regexp.MustCompile(`^([0-9]{2})[/. -]?([0-9]{2}|20[0-9]{2})$`)
	expirationISODate = regexp.MustCompile(`^20([0-9]{2})-(0[1-9]|1[0-2])(-[0-9]{2})?$`)
)

func (r *reading) readExpiration(text string) {
	if m := expirationRight.FindStringSubmatch(text); m != nil {
		r.Pass(checkExpiration, "MM/YY")
		r.takeExpiration(m[1], m[2])
		return
	}
	month, year, k := explainExpiration(text)
	r.Fail(checkExpiration, k, "the expiration has %d characters and is not MM/YY", len(text))
	if month != "" {
		r.takeExpiration(month, year)
	}
}

// explainExpiration reads what is not MM/YY; month is "" if it cannot be.
func explainExpiration(text string) (month, year string, k sim.Kind) {
	if m := expirationISODate.FindStringSubmatch(text); m != nil {
		return m[2], m[1], expirationForm
	}
	m := expirationOthers.FindStringSubmatch(text)
	switch {
	case m == nil:
		return "", "", expirationForm
	case !sim.IsMonth(m[1]) && !sim.IsMonth(m[2]):
		return "", "", expirationForm
	case !sim.IsMonth(m[1]) && len(text) == 4:
		return m[2], m[1], expirationYYMM
	case !sim.IsMonth(m[1]):
		return m[2], m[1], expirationSwapped
	case len(m[2]) == 4:
		return m[1], m[2][2:], expirationYYYY
	case len(text) == 4:
		return m[1], m[2], expirationNoSlash
	}
	return m[1], m[2], expirationForm
}

func (r *reading) takeExpiration(month, year string) {
	r.card.mmyy = month + year
	r.facts.Expiration = month + "/" + year
	if !r.now.Before(sim.EndOfMonth(month, year)) {
		r.Fail(checkNotExpired, cardExpired, "the card expired at the end of %s/%s", month, year)
	}
	r.Pass(checkNotExpired, "good until the end of %s/%s", month, year)
}
