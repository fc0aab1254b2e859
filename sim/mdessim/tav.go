package mdessim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport/sim"
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
func (r *reading) readTAVMember(iidd sim.Object) {
	raw, ok := iidd[memberTAV]
	if !ok || sim.IsNull(raw) {
		r.explainNoTAV(iidd)
		r.Drop(tavChecks...)
		return
	}
	text, isText := iidd.Text(memberTAV)
	switch {
	case !isText:
		r.Fail(checkTAVPresent, tavNotString, "tokenizationAuthenticationValue is not a JSON string")
		if sim.LooksLikeJSON(raw) {
			r.readTAVJSON(raw)
		}
		return
	case text == "":
		r.Fail(checkTAVPresent, tavEmpty, "tokenizationAuthenticationValue is empty")
		return
	}
	r.Pass(checkTAVPresent, "tokenizationAuthenticationValue is there")
	r.readTAV(text)
}

func (r *reading) explainNoTAV(iidd sim.Object) {
	for _, name := range []string{memberTAV, "tav", "tokenAuthenticationValue"} {
		if other, ok := iidd.Fold(name); ok && other != memberTAV {
			r.Fail(checkTAVPresent, tavMemberName, "the member is called %s", sim.Shown(other))
			return
		}
	}
	for _, shape := range []string{shapeCardInfo, shapeFundingAccount} {
		if inner, f := sim.ReadObject(iidd[shape]); f == nil && inner.Has(memberTAV) {
			r.Fail(checkTAVPresent, tavMemberName, "the TAV stands inside %s", shape)
			return
		}
	}
	r.Fail(checkTAVPresent, tavMissing, "there is no TAV: the token starts inactive")
}

// expectCard takes the card that a TAV on its own is checked against.
func (r *reading) expectCard() {
	c := r.keys.Card
	if c == nil {
		return
	}
	r.card = card{number: c.Number, tur: c.TokenUniqueReference}
	if len(c.ExpiryMMYY) == 4 && sim.IsDigits(c.ExpiryMMYY) {
		r.card.mmyy = c.ExpiryMMYY
	}
}

// readTAV checks the base64 text of a TAV.
func (r *reading) readTAV(text string) {
	if len(text) > maxTAVChars {
		r.Fail(checkTAVLength, tavTooLong, "the TAV has %d characters", len(text))
	}
	r.Pass(checkTAVLength, "%d characters", len(text))
	if sim.LooksLikeJSON([]byte(text)) {
		r.Fail(checkTAVBase64, tavRawJSON, "the TAV is JSON, not base64")
		r.readTAVJSON([]byte(text))
		return
	}
	data, f := sim.ReadBase64(text)
	if f != nil {
		r.Fail(checkTAVBase64, f.Kind.Of(layerTAV), "%s", f.Detail)
	}
	r.Pass(checkTAVBase64, "standard base64")
	if data != nil {
		r.readTAVJSON(data)
	}
}

// readTAVJSON checks the JSON of a TAV. Names are matched without case, for
// version 4 is in the field in PascalCase.
func (r *reading) readTAVJSON(data []byte) {
	r.clear.Add("the TAV", data)
	members, f := sim.ReadObject(data)
	if f == nil {
		members, f = foldTAV(members)
	}
	if f != nil {
		r.Fail(checkTAVJSON, f.Kind.Of(layerTAV), "%s", f.Detail)
		return
	}
	r.Pass(checkTAVJSON, "one JSON object")
	t := tav{version: r.readTAVVersion(members)}
	r.readTAVAlgorithm(members)
	t.signature = r.readTAVSignature(members)
	switch t.version {
	case "2":
		r.Drop(checkTAVWindow)
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
	r.Pass(checkTAVMembers, "the members of version %s are there", t.version)
	if t.signature != nil {
		r.verify(t)
	}
}

var tavMembers = []string{"version", "signatureAlgorithm", "signature", "keyAlias", "includedFieldsInOrder", fieldTime,
	"expirationDateIncluded", "tokenUniqueReferenceIncluded"}

func foldTAV(members sim.Object) (sim.Object, *sim.Finding) {
	folded := sim.Object{}
	for name, value := range members {
		i := slices.IndexFunc(tavMembers, func(known string) bool { return strings.EqualFold(known, name) })
		if i < 0 {
			continue
		}
		if _, seen := folded[tavMembers[i]]; seen {
			return nil, &sim.Finding{Kind: sim.JSONDuplicate, Detail: "the member " + tavMembers[i] + " is there in two spellings"}
		}
		folded[tavMembers[i]] = value
	}
	return folded, nil
}

// readTAVVersion returns "2", "3" or "4", also if it came as a number; else "".
func (r *reading) readTAVVersion(members sim.Object) string {
	raw, ok := members["version"]
	if !ok || sim.IsNull(raw) {
		r.Fail(checkTAVVersion, tavVersionMissing, "there is no version")
		return ""
	}
	text, isText := members.Text("version")
	if !isText {
		text = string(raw)
		r.Fail(checkTAVVersion, tavVersionNumber, "version is not a JSON string")
	}
	if text != "2" && text != "3" && text != "4" {
		r.Fail(checkTAVVersion, tavVersionUnknown, "version is %s", sim.Shown(text))
		return ""
	}
	r.facts.TAVVersion = text
	r.Pass(checkTAVVersion, "version %s", text)
	return text
}

func (r *reading) readTAVAlgorithm(members sim.Object) {
	text, ok := members.Text("signatureAlgorithm")
	if !ok || text != "RSA-SHA256" {
		r.Fail(checkTAVAlgorithm, tavAlgorithm, "signatureAlgorithm is %s", sim.Shown(text))
	}
	r.Pass(checkTAVAlgorithm, "RSA-SHA256")
}

func (r *reading) readTAVSignature(members sim.Object) []byte {
	text, ok := r.tavText(members, "signature")
	if !ok {
		return nil
	}
	data, f := sim.ReadOneBase64(text)
	switch {
	case f != nil && f.Kind == sim.Base64Hex, f == nil && len(text) >= 512 && isHex(text):
		r.Fail(checkTAVMembers, tavSignatureHex, "the signature is hex")
		return hexBytes(text)
	case f != nil:
		r.Fail(checkTAVMembers, tavSignatureForm, "the signature: %s", f.Detail)
		return f.Data
	}
	r.facts.TAVSignatureBits = 8 * len(data)
	return data
}

// tavText returns a member that has to be a non-empty string.
func (r *reading) tavText(members sim.Object, name string) (string, bool) {
	text, ok := members.Text(name)
	switch {
	case !members.Has(name), ok && text == "":
		r.Fail(checkTAVMembers, tavMemberMissing, "%s is missing, null or empty", name)
		return "", false
	case !ok:
		r.Fail(checkTAVMembers, tavMemberType, "%s is not a JSON string", name)
		return "", false
	}
	return text, true
}

// readFlag reads a flag of version 2: the published sample has strings, field
// code has booleans; both are taken.
func (r *reading) readFlag(members sim.Object, name string) bool {
	var flag bool
	if json.Unmarshal(members[name], &flag) == nil && members.Has(name) {
		return flag
	}
	text, ok := r.tavText(members, name)
	if ok && text != "true" && text != "false" {
		r.Fail(checkTAVMembers, tavFlagForm, "%s is %s", name, sim.Shown(text))
	}
	return text == "true"
}

func (r *reading) readTAVFields(members sim.Object) []string {
	const name = "includedFieldsInOrder"
	var fields []string
	if json.Unmarshal(members[name], &fields) == nil && len(fields) > 0 {
		r.Fail(checkTAVMembers, tavFieldsForm, "%s is an array", name)
	} else {
		text, ok := r.tavText(members, name)
		if !ok {
			return nil
		}
		fields = strings.Split(text, "|")
		if len(fields) == 1 && strings.Contains(text, ",") {
			r.Fail(checkTAVMembers, tavFieldsForm, "%s is joined with commas", name)
			fields = strings.Split(text, ",")
		}
	}
	if !r.fieldsAreKnown(fields) {
		return nil
	}
	r.facts.TAVFields = fields
	switch {
	case !slices.Contains(fields, fieldPAN):
		r.Fail(checkTAVMembers, tavFieldsNoPAN, "%s does not name accountNumber", name)
	case !slices.Contains(fields, fieldTime):
		r.Fail(checkTAVMembers, tavFieldsNoTime, "%s does not name dataValidUntilTimestamp", name)
	}
	return fields
}

func (r *reading) fieldsAreKnown(fields []string) bool {
	for i, field := range fields {
		if !slices.Contains([]string{fieldPAN, fieldExpiry, fieldTime, fieldTUR}, field) {
			r.Fail(checkTAVMembers, tavFieldUnknown, "the list names %s", sim.Shown(field))
			return false
		}
		if slices.Contains(fields[:i], field) {
			r.Fail(checkTAVMembers, tavFieldRepeated, "the list names %s twice", field)
			return false
		}
	}
	return true
}

// readTAVTimestamp checks that the TAV is valid now and not for too long.
func (r *reading) readTAVTimestamp(members sim.Object) string {
	text, ok := r.tavText(members, fieldTime)
	if !ok {
		return ""
	}
	at, good := parseTimestamp(text)
	if !good {
		r.Fail(checkTAVWindow, tavTimestampForm, "%s", timestampFault(text))
		return text
	}
	r.facts.TAVValidUntil = &at
	switch {
	case !r.now.Before(at):
		r.Fail(checkTAVWindow, tavExpired, "the TAV was valid until %s", utc(&at))
	case at.Sub(r.now) > maxTAVValidity:
		r.Fail(checkTAVWindow, tavTooFarAhead, "the TAV is valid until %s, more than 30 days ahead", utc(&at))
	}
	r.Pass(checkTAVWindow, "valid until %s", utc(&at))
	return text
}

func (r *reading) readAlias(members sim.Object, version string) string {
	text, ok := members.Text("keyAlias")
	switch {
	case version != "4", !members.Has("keyAlias"):
		return ""
	case !ok:
		r.Fail(checkTAVMembers, tavMemberType, "keyAlias is not a JSON string")
	case len(text) > maxKeyAliasChars:
		r.Fail(checkTAVMembers, tavAliasLength, "keyAlias has %d characters", len(text))
	default:
		r.facts.TAVKeyAlias = strings.Trim(sim.Shown(text), `"`)
	}
	return text
}
