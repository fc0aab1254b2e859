package clicktopaysim

import (
	"encoding/json"
	"strconv"

	"github.com/walletport/walletport/sim"
)

// header is what the protected header of a request says.
type header struct {
	Encryption string
	KeyID      string
}

// header checks the protected header, and the header keyId of HTTP.
func (in *request) header(encoded string) (h header, ok bool) {
	text, err := base64URL.DecodeString(encoded)
	if err != nil {
		return h, in.Fail(checkHeader, segmentHeader, "the protected header is not base64url")
	}
	o, fault := sim.ReadObject(text)
	if fault != nil {
		return h, in.Fail(checkHeader, fault.Kind.Of("header_"), "%s", fault.Detail)
	}
	if !in.algorithms(o) || !in.keyID(o) || !in.issuedAt(o) {
		return h, false
	}
	in.Pass(checkHeader, "RSA-OAEP-256")
	h.Encryption, _ = o.Text("enc")
	h.KeyID, _ = o.Text("kid")
	return h, true
}

func (in *request) algorithms(o sim.Object) bool {
	alg, _ := o.Text("alg")
	enc, _ := o.Text("enc")
	typ, _ := o.Text("typ")
	switch {
	case alg == "RSA-OAEP":
		return in.Fail(checkHeader, algSHA1, "alg is RSA-OAEP, which is of SHA-1")
	case alg != "RSA-OAEP-256":
		return in.Fail(checkHeader, algWrong, "alg is %s", sim.Shown(alg))
	case keyBytes[enc] == 0:
		return in.Fail(checkHeader, encWrong, "enc is %s", sim.Shown(enc))
	case o.Has("zip"):
		return in.Fail(checkHeader, zipPresent, "the plaintext is compressed")
	case o["crit"] != nil:
		return in.Fail(checkHeader, critPresent, "the header has crit")
	case o.Has("typ") && typ != "JOSE":
		in.Fail(checkHeader, typWrong, "typ is not JOSE")
	}
	return true
}

func (in *request) keyID(o sim.Object) bool {
	kid, isText := o.Text("kid")
	named := in.http.Header.Values("Keyid")
	switch {
	case !isText || kid == "":
		return in.Fail(checkHeader, kidMissing, "the header has no kid")
	case len(named) == 0:
		return in.Fail(checkHeader, keyIDMissing, "the request has no header keyId")
	case len(named) > 1 || named[0] != kid:
		return in.Fail(checkHeader, keyIDOther, "the header keyId is not the kid")
	}
	return true
}

// issuedAt wants iat in milliseconds. That an absent one is tolerated is inferred.
func (in *request) issuedAt(o sim.Object) bool {
	if !o.Has("iat") {
		in.Fail(checkHeader, iatMissing, "the header has no iat")
		return true
	}
	var number json.Number
	text, isText := o.Text("iat")
	if isText && sim.IsDigits(text) {
		return in.Fail(checkHeader, iatText, "iat is text")
	}
	if isText || json.Unmarshal(o["iat"], &number) != nil {
		return in.Fail(checkHeader, iatForm, "iat is no number")
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	switch {
	case err != nil || n < 0:
		return in.Fail(checkHeader, iatForm, "iat is no whole number")
	case n < maxSeconds:
		return in.Fail(checkHeader, iatSeconds, "iat is in seconds")
	}
	return true
}
