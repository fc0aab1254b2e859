package mdessim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// The checks of a TAV, in the order of its layers.
const (
	checkTAVPresent   = "tav_present"
	checkTAVLength    = "tav_length"
	checkTAVBase64    = "tav_base64"
	checkTAVJSON      = "tav_json"
	checkTAVVersion   = "tav_version"
	checkTAVAlgorithm = "tav_algorithm"
	checkTAVMembers   = "tav_members"
	checkTAVWindow    = "tav_window"
	checkTAVKey       = "tav_key"
	checkTAVSignature = "tav_signature"
	checkTAVCard      = "tav_card"
)

var tavChecks = []string{checkTAVLength, checkTAVBase64, checkTAVJSON, checkTAVVersion, checkTAVAlgorithm,
	checkTAVMembers, checkTAVWindow, checkTAVKey, checkTAVSignature, checkTAVCard}

// Limits of a TAV, MDES Digital Enablement API 1.3.
const (
	maxTAVChars      = 2048
	maxKeyAliasChars = 10
	maxTAVValidity   = 30 * 24 * time.Hour
	layerTAV         = "tav_"
)

// Names of the values that a TAV v3 or v4 can sign.
const (
	fieldPAN    = "accountNumber"
	fieldExpiry = "accountExpiry"
	fieldTime   = "dataValidUntilTimestamp"
	fieldTUR    = "tokenUniqueReference"
)

// tav is a TAV as far as it could be read.
type tav struct {
	version   string
	fields    []string // v3, v4: the signed fields in order
	timestamp string   // v3, v4: as it stands in the JSON
	alias     string   // v4
	hasExpiry bool     // v2
	hasTUR    bool     // v2
	signature []byte
}

// readTAVMember checks the TAV of an IIDD.
func (r *reading) readTAVMember(iidd object) {
	raw, ok := iidd[memberTAV]
	if !ok || isNull(raw) {
		r.explainNoTAV(iidd)
		r.drop(tavChecks...)
		return
	}
	text, isText := iidd.text(memberTAV)
	switch {
	case !isText:
		r.fail(checkTAVPresent, tavNotString, "tokenizationAuthenticationValue is not a JSON string")
		if looksLikeJSON(raw) {
			r.readTAVJSON(raw)
		}
		return
	case text == "":
		r.fail(checkTAVPresent, tavEmpty, "tokenizationAuthenticationValue is empty")
		return
	}
	r.pass(checkTAVPresent, "tokenizationAuthenticationValue is there")
	r.readTAV(text)
}

func (r *reading) explainNoTAV(iidd object) {
	for _, name := range []string{memberTAV, "tav", "tokenAuthenticationValue"} {
		if other, ok := iidd.fold(name); ok && other != memberTAV {
			r.fail(checkTAVPresent, tavMemberName, "the member is called %s", shown(other))
			return
		}
	}
	for _, shape := range []string{shapeCardInfo, shapeFundingAccount} {
		if inner, f := readObject(iidd[shape]); f == nil && inner.has(memberTAV) {
			r.fail(checkTAVPresent, tavMemberName, "the TAV stands inside %s", shape)
			return
		}
	}
	r.fail(checkTAVPresent, tavMissing, "there is no TAV: the token starts inactive")
}

// expectCard takes the card that a TAV on its own is checked against.
func (r *reading) expectCard() {
	c := r.keys.Card
	if c == nil {
		return
	}
	r.card = card{number: c.Number, tur: c.TokenUniqueReference}
	if len(c.ExpiryMMYY) == 4 && isDigits(c.ExpiryMMYY) {
		r.card.mmyy = c.ExpiryMMYY
	}
}

// readTAV checks the base64 text of a TAV.
func (r *reading) readTAV(text string) {
	if len(text) > maxTAVChars {
		r.fail(checkTAVLength, tavTooLong, "the TAV has %d characters", len(text))
	}
	r.pass(checkTAVLength, "%d characters", len(text))
	if looksLikeJSON([]byte(text)) {
		r.fail(checkTAVBase64, tavRawJSON, "the TAV is JSON, not base64")
		r.readTAVJSON([]byte(text))
		return
	}
	data, f := readBase64(text)
	if f != nil {
		r.fail(checkTAVBase64, f.kind.of(layerTAV), "%s", f.detail)
	}
	r.pass(checkTAVBase64, "standard base64")
	if data != nil {
		r.readTAVJSON(data)
	}
}

// readTAVJSON checks the JSON of a TAV. Names are matched without case, for
// version 4 is in the field in PascalCase.
func (r *reading) readTAVJSON(data []byte) {
	members, f := readObject(data)
	if f == nil {
		members, f = foldTAV(members)
	}
	if f != nil {
		r.fail(checkTAVJSON, f.kind.of(layerTAV), "%s", f.detail)
		return
	}
	r.pass(checkTAVJSON, "one JSON object")
	t := tav{version: r.readTAVVersion(members)}
	r.readTAVAlgorithm(members)
	t.signature = r.readTAVSignature(members)
	switch t.version {
	case "2":
		r.drop(checkTAVWindow)
		t.hasExpiry = r.readFlag(members, "expirationDateIncluded")
		t.hasTUR = r.readFlag(members, "tokenUniqueReferenceIncluded")
		r.facts.TokenReferenceUsed = t.hasTUR
	case "3", "4":
		t.fields = r.readTAVFields(members)
		t.timestamp = r.readTAVTimestamp(members)
		t.alias = r.readAlias(members, t.version)
	default:
		return
	}
	r.pass(checkTAVMembers, "the members of version %s are there", t.version)
	if t.signature != nil {
		r.verify(t)
	}
}

var tavMembers = []string{"version", "signatureAlgorithm", "signature", "keyAlias", "includedFieldsInOrder", fieldTime,
	"expirationDateIncluded", "tokenUniqueReferenceIncluded"}

func foldTAV(members object) (object, *fault) {
	folded := object{}
	for name, value := range members {
		i := slices.IndexFunc(tavMembers, func(known string) bool { return strings.EqualFold(known, name) })
		if i < 0 {
			continue
		}
		if _, seen := folded[tavMembers[i]]; seen {
			return nil, &fault{jsonDuplicate, "the member " + tavMembers[i] + " is there in two spellings"}
		}
		folded[tavMembers[i]] = value
	}
	return folded, nil
}

// readTAVVersion returns "2", "3" or "4", also if it came as a number; else "".
func (r *reading) readTAVVersion(members object) string {
	raw, ok := members["version"]
	if !ok || isNull(raw) {
		r.fail(checkTAVVersion, tavVersionMissing, "there is no version")
		return ""
	}
	text, isText := members.text("version")
	if !isText {
		text = string(raw)
		r.fail(checkTAVVersion, tavVersionNumber, "version is not a JSON string")
	}
	if text != "2" && text != "3" && text != "4" {
		r.fail(checkTAVVersion, tavVersionUnknown, "version is %s", shown(text))
		return ""
	}
	r.facts.TAVVersion = text
	r.pass(checkTAVVersion, "version %s", text)
	return text
}

func (r *reading) readTAVAlgorithm(members object) {
	text, ok := members.text("signatureAlgorithm")
	if !ok || text != "RSA-SHA256" {
		r.fail(checkTAVAlgorithm, tavAlgorithm, "signatureAlgorithm is %s", shown(text))
	}
	r.pass(checkTAVAlgorithm, "RSA-SHA256")
}

func (r *reading) readTAVSignature(members object) []byte {
	text, ok := r.tavText(members, "signature")
	if !ok {
		return nil
	}
	data, f := readOneBase64(text)
	switch {
	case f != nil && f.kind == base64Hex, f == nil && len(text) >= 512 && isHex(text):
		r.fail(checkTAVMembers, tavSignatureHex, "the signature is hex")
		return hexBytes(text)
	case f != nil:
		r.fail(checkTAVMembers, tavSignatureForm, "the signature: %s", f.detail)
		return f.data
	}
	r.facts.TAVSignatureBits = 8 * len(data)
	return data
}

// tavText returns a member that has to be a non-empty string.
func (r *reading) tavText(members object, name string) (string, bool) {
	text, ok := members.text(name)
	switch {
	case !members.has(name), ok && text == "":
		r.fail(checkTAVMembers, tavMemberMissing, "%s is missing, null or empty", name)
		return "", false
	case !ok:
		r.fail(checkTAVMembers, tavMemberType, "%s is not a JSON string", name)
		return "", false
	}
	return text, true
}

// readFlag reads a flag of version 2: the published sample has strings, field
// code has booleans; both are taken.
func (r *reading) readFlag(members object, name string) bool {
	var flag bool
	if json.Unmarshal(members[name], &flag) == nil && members.has(name) {
		return flag
	}
	text, ok := r.tavText(members, name)
	if ok && text != "true" && text != "false" {
		r.fail(checkTAVMembers, tavFlagForm, "%s is %s", name, shown(text))
	}
	return text == "true"
}

func (r *reading) readTAVFields(members object) []string {
	const name = "includedFieldsInOrder"
	var fields []string
	if json.Unmarshal(members[name], &fields) == nil && len(fields) > 0 {
		r.fail(checkTAVMembers, tavFieldsForm, "%s is an array", name)
	} else {
		text, ok := r.tavText(members, name)
		if !ok {
			return nil
		}
		fields = strings.Split(text, "|")
		if len(fields) == 1 && strings.Contains(text, ",") {
			r.fail(checkTAVMembers, tavFieldsForm, "%s is joined with commas", name)
			fields = strings.Split(text, ",")
		}
	}
	if !r.fieldsAreKnown(fields) {
		return nil
	}
	r.facts.TAVFields = fields
	switch {
	case !slices.Contains(fields, fieldPAN):
		r.fail(checkTAVMembers, tavFieldsNoPAN, "%s does not name accountNumber", name)
	case !slices.Contains(fields, fieldTime):
		r.fail(checkTAVMembers, tavFieldsNoTime, "%s does not name dataValidUntilTimestamp", name)
	}
	return fields
}

func (r *reading) fieldsAreKnown(fields []string) bool {
	for i, field := range fields {
		if !slices.Contains([]string{fieldPAN, fieldExpiry, fieldTime, fieldTUR}, field) {
			r.fail(checkTAVMembers, tavFieldUnknown, "the list names %s", shown(field))
			return false
		}
		if slices.Contains(fields[:i], field) {
			r.fail(checkTAVMembers, tavFieldRepeated, "the list names %s twice", field)
			return false
		}
	}
	return true
}

// readTAVTimestamp checks that the TAV is valid now and not for too long.
func (r *reading) readTAVTimestamp(members object) string {
	text, ok := r.tavText(members, fieldTime)
	if !ok {
		return ""
	}
	at, good := parseTimestamp(text)
	if !good {
		r.fail(checkTAVWindow, tavTimestampForm, "%s", timestampFault(text))
		return text
	}
	r.facts.TAVValidUntil = &at
	switch {
	case !r.now.Before(at):
		r.fail(checkTAVWindow, tavExpired, "the TAV was valid until %s", utc(&at))
	case at.Sub(r.now) > maxTAVValidity:
		r.fail(checkTAVWindow, tavTooFarAhead, "the TAV is valid until %s, more than 30 days ahead", utc(&at))
	}
	r.pass(checkTAVWindow, "valid until %s", utc(&at))
	return text
}

func (r *reading) readAlias(members object, version string) string {
	text, ok := members.text("keyAlias")
	switch {
	case version != "4", !members.has("keyAlias"):
		return ""
	case !ok:
		r.fail(checkTAVMembers, tavMemberType, "keyAlias is not a JSON string")
	case len(text) > maxKeyAliasChars:
		r.fail(checkTAVMembers, tavAliasLength, "keyAlias has %d characters", len(text))
	default:
		r.facts.TAVKeyAlias = strings.Trim(shown(text), `"`)
	}
	return text
}
