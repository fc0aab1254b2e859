package sandbox

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/applesim"
	"github.com/walletport/walletport/sim/googlesim"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/vtssim"
)

// inspectKeys are the keys of the other side; the zero value has none.
type inspectKeys struct {
	mdes   mdessim.Keys
	vts    vtssim.Keys
	apple  applesim.Keys
	google googlesim.Keys
}

// inspect asks the simulator that knows the payload. What nobody else recognises is
// judged as Mastercard's, whose formats have the least to be recognised by.
func inspect(payload []byte, held inspectKeys) Inspection {
	if p, ok := problemPart(payload); ok {
		return Inspection{p}
	}
	switch {
	case applesim.Recognises(payload):
		return inspectApple(payload, held)
	case googlesim.Recognises(payload):
		return inspectGoogle(payload, held)
	}
	return Inspection{inspectScheme(payload, held)}
}

// inspectScheme judges what a scheme opens.
func inspectScheme(payload []byte, held inspectKeys) part {
	if vtssim.Recognises(payload) {
		return vtsPart(vtssim.Inspect(payload, held.vts))
	}
	return mdesPart(mdessim.Inspect(payload, held.mdes))
}

// inspectGoogle opens an opaque card, and lets the scheme judge the digitizationData
// beside it, if it stands in an answer.
func inspectGoogle(payload []byte, held inspectKeys) Inspection {
	report := googlesim.Inspect(payload, held.google)
	found := Inspection{{
		kind: string(report.Kind), verdict: report.Verdict, report: report,
		text: func(out io.Writer) error { return googlesim.WriteText(out, report) },
	}}
	text, _ := sim.Unwrap(payload)
	members, _ := sim.ReadObject([]byte(text))
	if data, ok := members.Text("digitizationData"); ok {
		found = append(found, inspectScheme([]byte(data), held))
	}
	return found
}

// refusedCall is a fault that an issuer's server named itself.
var refusedCall = sim.Kind{Code: "call_refused", Remedy: "mend the call: the problem's code is documented at its type"}

// problemPart says of an error answer (RFC 9457) that there is no payload in it.
func problemPart(payload []byte) (part, bool) {
	text, _ := sim.Unwrap(payload)
	members, _ := sim.ReadObject([]byte(text))
	code, hasCode := members.Text("code")
	if _, hasType := members.Text("type"); !hasType || !hasCode || !members.Has("status") {
		return part{}, false
	}
	const checkSealed = "answer_sealed"
	list := sim.NewChecklist([]string{checkSealed, "answer"})
	var clear sim.Clear
	clear.Add("", payload)
	clear.Judge(list, checkSealed)
	list.Fail("answer", refusedCall, "the call was refused with the code %s", sim.Shown(code))
	report := sim.Report{Kind: "problem", Verdict: list.Verdict()}
	return part{kind: report.Kind, verdict: report.Verdict, report: report, text: func(out io.Writer) error {
		return sim.WriteText(out, sim.Text{Title: "an error answer, without a payload", Verdict: report.Verdict})
	}}, true
}

// inspectApple opens the pass data, and lets the scheme judge the activation data by
// the card in them.
func inspectApple(payload []byte, held inspectKeys) Inspection {
	report := applesim.Inspect(payload, held.apple)
	found := Inspection{{
		kind: string(report.Kind), verdict: report.Verdict, report: report,
		text: func(out io.Writer) error { return applesim.WriteText(out, report) },
	}}
	scheme, enrolment, ok := report.Enrolment()
	switch {
	case !ok:
		return found
	case enrolment.EncryptedNumber != "":
		return append(found, vtsPart(vtssim.OpenEnrolment(enrolment, held.vts)))
	case scheme == walletport.Visa:
		keys := held.vts
		keys.Nonce = enrolment.Nonce
		return append(found, vtsPart(vtssim.OpenMBPAC(string(enrolment.ActivationData), keys)))
	}
	keys := held.mdes
	keys.Card = &mdessim.ExpectedCard{Number: enrolment.Card.Number, ExpiryMMYY: enrolment.Card.ExpiryMMYY}
	return append(found, mdesPart(mdessim.OpenTAV(base64.StdEncoding.EncodeToString(enrolment.ActivationData), keys)))
}

func vtsPart(r vtssim.Report) part {
	return part{kind: string(r.Kind), verdict: r.Verdict, report: r, text: func(out io.Writer) error { return vtssim.WriteText(out, r) }}
}

func mdesPart(r mdessim.Report) part {
	return part{kind: string(r.Kind), verdict: r.Verdict, report: r, text: func(out io.Writer) error { return mdessim.WriteText(out, r) }}
}

// readInspectKeys takes the keys of the simulated schemes and wallets out of a
// sandbox file. Members of a later release than the file's are simply not there.
func readInspectKeys(path string) (inspectKeys, error) {
	file, ok, err := readFile(path)
	if err != nil {
		return inspectKeys{}, err
	}
	if !ok {
		return inspectKeys{}, fmt.Errorf("there is no file %s", path)
	}
	held, err := file.inspectKeys()
	if err != nil {
		return inspectKeys{}, fmt.Errorf("%s: %w", path, err)
	}
	return held, nil
}

func (f File) inspectKeys() (held inspectKeys, err error) {
	if held.mdes, err = f.MDES.keys(); err != nil {
		return held, fmt.Errorf("mdes: %w", err)
	}
	if f.VTS.vtsSecrets != (vtsSecrets{}) {
		if held.vts, err = f.VTS.keys(); err != nil {
			return held, fmt.Errorf("vts: %w", err)
		}
	}
	if f.Google != (googleSecrets{}) {
		if held.google, err = f.Google.keys(); err != nil {
			return held, fmt.Errorf("google: %w", err)
		}
	}
	if f.Apple != (applesim.Bundle{}) {
		if held.apple, err = appleKeys(f.Apple); err != nil {
			return held, fmt.Errorf("apple: %w", err)
		}
	}
	return held, nil
}

func (m mdesSecrets) keys() (mdessim.Keys, error) {
	pair, err := parseSchemeKey([]byte(m.EncryptionPrivateKey + m.EncryptionCertificate))
	if err != nil {
		return mdessim.Keys{}, fmt.Errorf("encryption key: %w", err)
	}
	block, _ := pem.Decode([]byte(m.TAVPublicKey))
	if block == nil {
		return mdessim.Keys{}, fmt.Errorf("tavPublicKey is not PEM")
	}
	tav, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return mdessim.Keys{}, fmt.Errorf("tavPublicKey: %w", err)
	}
	if _, ok := tav.(*rsa.PublicKey); !ok {
		return mdessim.Keys{}, fmt.Errorf("tavPublicKey is not RSA")
	}
	return mdessim.Keys{
		Encryption: []mdessim.EncryptionKey{{Decrypter: pair.private, Certificate: pair.certificate}},
		TAV:        []mdessim.TAVKey{{Public: tav}},
	}, nil
}

func appleKeys(b applesim.Bundle) (applesim.Keys, error) {
	authority, err := applesim.ParseAuthority(b.Join())
	if err != nil {
		return applesim.Keys{}, err
	}
	leaf, err := authority.Exchanger()
	return applesim.Keys{Leaf: leaf, Roots: []*x509.Certificate{authority.Root}}, err
}
