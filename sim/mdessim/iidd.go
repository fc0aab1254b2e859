package mdessim

import "github.com/walletport/walletport/sim"

// The checks of an IIDD, in the order of its layers.
const (
	checkInput            = "input"
	checkBase64           = "base64"
	checkJSON             = "json"
	checkShape            = "shape"
	checkReference        = "account_reference"
	checkMembers          = "members"
	checkFingerprint      = "fingerprint"
	checkEncryptedKey     = "encrypted_key"
	checkEncryptedData    = "encrypted_data"
	checkOAEPHash         = "oaep_hash"
	checkCipherMode       = "cipher_mode"
	checkIV               = "iv"
	checkFingerprintKnown = "fingerprint_known"
	checkKeyUnwrap        = "key_unwrap"
	checkAESKey           = "aes_key"
	checkDecrypt          = "decrypt"
	checkPlaintext        = "plaintext"
	checkPAN              = "pan"
	checkPANLuhn          = "pan_luhn"
	checkExpiry           = "expiry"
	checkNotExpired       = "not_expired"
	checkSource           = "source"
	checkValidUntil       = "valid_until"
	checkFields           = "fields"
)

var (
	openedChecks = []string{checkFingerprintKnown, checkKeyUnwrap, checkAESKey, checkDecrypt}
	cardChecks   = []string{checkPlaintext, checkPAN, checkPANLuhn, checkExpiry, checkNotExpired, checkSource, checkValidUntil, checkFields}
	sealedChecks = []string{checkMembers, checkFingerprint, checkEncryptedKey, checkEncryptedData, checkOAEPHash, checkCipherMode, checkIV}
	iiddChecks   = join([]string{checkBase64, checkJSON, checkShape}, sealedChecks, openedChecks, cardChecks, []string{checkTAVPresent}, tavChecks)
)

func join(lists ...[]string) []string {
	var all []string
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// The two shapes of an IIDD.
const (
	shapeCardInfo       = "cardInfo"
	shapeFundingAccount = "fundingAccountInfo"
	memberPayload       = "encryptedPayload"
	memberTAV           = "tokenizationAuthenticationValue"
)

// openDigitizationData reads the base64 text of an IIDD; given is that with all that
// stands around it.
func openDigitizationData(text, given string, keys Keys) *reading {
	if len(text) > maxInputBytes {
		given = "" // too long to be searched as well
	}
	r := newReading(keys, iiddChecks, given)
	switch {
	case text == "":
		r.Fail(checkBase64, inputEmpty, "digitizationData is empty")
		return r
	case len(text) > maxInputBytes:
		r.Fail(checkBase64, inputTooLarge, "digitizationData is longer than %d bytes", maxInputBytes)
		return r
	}
	data, f := sim.ReadBase64(text)
	if f != nil {
		r.Fail(checkBase64, f.Kind, "%s", f.Detail)
	}
	r.Pass(checkBase64, "standard base64, %d characters", len(text))
	if data != nil {
		r.readIIDD(data)
	}
	return r
}

// readIIDD checks the JSON of an IIDD.
func (r *reading) readIIDD(data []byte) {
	r.clear.Add("", data)
	iidd, f := sim.ReadObject(data)
	if f != nil {
		r.Fail(checkJSON, f.Kind, "%s", f.Detail)
		return
	}
	r.Pass(checkJSON, "one JSON object of %d bytes", len(data))
	if payload := r.readShape(iidd); payload != nil {
		r.readPayload(payload)
	}
	r.readTAVMember(iidd)
}

// readShape finds the encrypted payload, nil if there is none to open.
func (r *reading) readShape(iidd sim.Object) sim.Object {
	card, funding := iidd.Has(shapeCardInfo), iidd.Has(shapeFundingAccount)
	switch {
	case card && funding:
		r.Fail(checkShape, shapeBoth, "cardInfo and fundingAccountInfo are both there")
		r.facts.Shape = shapeCardInfo
		return r.member(iidd, shapeCardInfo)
	case card:
		return r.readCardInfo(iidd)
	case funding:
		return r.readFundingAccount(iidd)
	}
	for _, shape := range []string{shapeCardInfo, shapeFundingAccount} {
		if name, ok := iidd.Fold(shape); ok && name != shape {
			r.Fail(checkShape, shapeMemberCase, "the member is spelled %s", sim.Shown(name))
			return nil
		}
	}
	r.Fail(checkShape, shapeNone, "neither cardInfo nor fundingAccountInfo has a value")
	return nil
}

func (r *reading) readCardInfo(iidd sim.Object) sim.Object {
	r.facts.Shape = shapeCardInfo
	info := r.member(iidd, shapeCardInfo)
	if info.Has(memberPayload) {
		r.Fail(checkShape, cardInfoNested, "cardInfo has a member encryptedPayload")
		return r.member(info, memberPayload)
	}
	r.Pass(checkShape, "cardInfo")
	return info
}

func (r *reading) readFundingAccount(iidd sim.Object) sim.Object {
	r.facts.Shape = shapeFundingAccount
	info := r.member(iidd, shapeFundingAccount)
	if info == nil {
		return nil
	}
	var present []string
	for _, name := range []string{memberPayload, "pushAccountReceipt", "panUniqueReference", "tokenUniqueReference"} {
		if info.Has(name) {
			present = append(present, name)
		}
	}
	switch {
	case len(present) == 0 && info.Has("encryptedData"):
		r.Fail(checkShape, fundingFlat, "the encrypted members stand directly in fundingAccountInfo")
		return info
	case len(present) != 1:
		r.Fail(checkShape, fundingChoice, "%d of the four are there", len(present))
		return nil
	case present[0] != memberPayload:
		r.facts.AccountReference = present[0]
		r.Pass(checkShape, "fundingAccountInfo with %s instead of a card", present[0])
		r.Insert(checkShape, checkReference)
		r.Skip("only MDES itself can resolve it", checkReference)
		r.Drop(sealedChecks...)
		r.Drop(openedChecks...)
		r.Drop(cardChecks...)
		return nil
	}
	r.Pass(checkShape, "fundingAccountInfo with encryptedPayload")
	return r.member(info, memberPayload)
}

// member returns an object member of the shape, or nil.
func (r *reading) member(parent sim.Object, name string) sim.Object {
	child, f := sim.ReadObject(parent[name])
	switch {
	case f == nil:
		return child
	case f.Kind == sim.JSONNotObject:
		r.Fail(checkShape, shapeNotObject, "%s is not a JSON object", name)
	default:
		r.Fail(checkShape, f.Kind, "%s: %s", name, f.Detail)
	}
	return nil
}
