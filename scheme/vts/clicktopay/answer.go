package clicktopay

import (
	"encoding/json"
	"fmt"

	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/seal"
)

// maxAnswerBytes bounds what is read: a card in getData has some 700 bytes.
const maxAnswerBytes = 1 << 20

// has reports whether a fault of that kind is why an answer is no success.
func has(f *vts.Failure, kind scheme.FaultKind) bool { return says(scheme.FaultsOf(f.Err), kind) }

// read finds what an answer says. A refusal is believed in clear too: whatever stands before
// the API cannot encrypt, and nothing was done. A success is believed only out of encData.
func read[T any](access scheme.Access, a scheme.Answer) (said T, _ *vts.Failure) {
	isSuccess := a.Status >= 200 && a.Status <= 299
	if len(a.Body) > maxAnswerBytes || !a.IsJSON() || !vts.IsObject(a.Body) {
		if !isSuccess {
			return said, refused(a, nil)
		}
		return said, vts.Unread(a, "it is no JSON object, or too long")
	}
	plain, why := open(access, a.Body)
	defer clear(plain)
	content := plain
	if plain == nil {
		content = a.Body
	}
	if faults := faultsOf(content); len(faults) > 0 || !isSuccess {
		return said, refused(a, faults)
	}
	switch {
	case plain == nil:
		return said, vts.Unread(a, why)
	case !vts.IsObject(plain) || json.Unmarshal(plain, &said) != nil:
		return said, vts.Unread(a, "what is encrypted in it has another form")
	}
	return said, nil
}

// open returns the plaintext of a body, which the caller wipes, or why there is none. The
// key whose name the envelope has comes first; that it has the issuer's is inferred, so
// that the others are tried as well.
func open(access scheme.Access, body []byte) (plain []byte, why string) {
	var sealed struct {
		EncData *string `json:"encData"`
	}
	if json.Unmarshal(body, &sealed) != nil {
		return nil, "it is no JSON, is cut, or encData is no text"
	}
	if sealed.EncData == nil {
		return nil, "it came in clear, and Visa encrypts every answer"
	}
	parsed, err := seal.ParseOAEPJWE([]byte(*sealed.EncData))
	if err != nil {
		return nil, "encData is no JWE with the agreed algorithms"
	}
	for _, isNamed := range []bool{true, false} {
		for _, o := range access.Openers {
			if o.Key == nil || (o.KeyID == parsed.KeyID) != isNamed {
				continue
			}
			if plain, err := parsed.Open(o.Key); err == nil {
				return plain, ""
			}
		}
	}
	id := scheme.ShownWord(parsed.KeyID)
	if id == "" {
		id = "(none that can be shown)"
	}
	return nil, "encData does not open with any key that is here: kid " + id
}

// refused classifies a refusal by its faults: by the first code that is known, unless
// another leaves it open whether something was done, else by the status.
func refused(a scheme.Answer, faults []scheme.Fault) *vts.Failure {
	byStatus := meaningOf(a.Status)
	chosen, isKnown := byStatus, false
	for i, f := range faults {
		known, ok := meanings[f.Code]
		if ok && (!isKnown || known.effect == scheme.Unknown) {
			chosen, isKnown = known, true
		}
		if !ok && a.Status >= 400 {
			faults[i].Kind, faults[i].Message = byStatus.kind, messages[byStatus.kind]
		}
	}
	// A limit is known by its status alone, and whatever a server that failed says, it may
	// have done something before.
	if a.Status == 429 || byStatus.effect == scheme.Unknown && a.Status >= 400 && chosen.effect != scheme.Unknown {
		chosen = byStatus
	}
	cause := fmt.Errorf("HTTP %d, %d bytes, without a word of Visa's", a.Status, len(a.Body))
	if len(faults) > 0 {
		cause = fmt.Errorf("HTTP %d: %w", a.Status, &scheme.Refusal{Faults: faults})
	}
	return &vts.Failure{Effect: chosen.effect, Err: chosen.err().WithCause(cause)}
}

// readTaken reads the answer to a change: a trace id says that Visa took it.
func readTaken(access scheme.Access, a scheme.Answer) scheme.Outcome {
	said, f := read[struct {
		RequestTraceID word `json:"requestTraceId"`
	}](access, a)
	switch {
	case f != nil:
		return f.Outcome(a)
	case !isTraceID(string(said.RequestTraceID)):
		return vts.Unread(a, "it has no requestTraceId that can be asked with").Outcome(a)
	}
	return scheme.Outcome{Effect: scheme.Done, Reference: string(said.RequestTraceID)}
}
