package customerservice

import (
	"errors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// ActivationMethod is a way in which a cardholder can prove to the issuer that a token may
// be activated.
type ActivationMethod struct {
	ID string
	// Type is SMS, EMA (mail), ACC (call an automated centre), CLC (call a person), WEB,
	// BAP (the issuer's app), OBC (a code spoken in a call) or EMV_3DS; others may come.
	Type       string
	Value      string // where it goes, masked by the issuer: a number, an address
	Resendable bool   // a code can be sent by it again
}

type methodsAnswer struct {
	ActivationMethods struct{ ActivationMethod list[methodJSON] }
}

// isWhole: a token without methods may have no member for them (inferred).
func (methodsAnswer) isWhole() bool { return true }

type methodJSON struct {
	ID              text `json:"ActivationMethodId"`
	Type            text `json:"ActivationMethodType"`
	Value           text `json:"ActivationMethodValue"`
	ResendIndicator text
}

// maxMethodID bounds ActivationMethodId, of which no limit is published (inferred).
const maxMethodID = 64

// typeMisprint is how a release note of January 2025 spells EMV_3DS.
const typeMisprint = "EVM_3DS"

// ActivationMethods asks how a token that waits for activation can be activated. There may
// be none.
func (m *Messages) ActivationMethods(in scheme.TokenInput) (scheme.Query[[]ActivationMethod], error) {
	return tokenQuery(m, in, "/token/activationmethods", "TokenActivationMethods", func(said methodsAnswer) []ActivationMethod {
		methods := make([]ActivationMethod, 0, len(said.ActivationMethods.ActivationMethod))
		for _, j := range said.ActivationMethods.ActivationMethod {
			method := ActivationMethod{
				ID: identifier(j.ID.value, maxMethodID), Type: identifier(j.Type.value, maxMethodID),
				Value: shown(j.Value), Resendable: j.ResendIndicator.isTrue(),
			}
			if method.Type == typeMisprint {
				method.Type = "EMV_3DS"
			}
			methods = append(methods, method)
		}
		return methods
	})
}

// ResendInput is everything that sending a code again depends on.
type ResendInput struct {
	Access   scheme.Access
	By       walletport.AuditUser
	Ref      walletport.TokenRef
	MethodID string // ActivationMethod.ID of one that is Resendable
}

type resendJSON struct {
	TokenUniqueReference string    `json:"TokenUniqueReference"`
	ActivationMethodID   string    `json:"ActivationMethodId"`
	AuditInfo            auditInfo `json:"AuditInfo"`
}

// ResendCode asks for a new activation code, which Mastercard sends by way of the issuer.
// The time in which it can be used begins anew.
func (m *Messages) ResendCode(in ResendInput) (scheme.Command, error) {
	if err := checkRef(in.Ref); err != nil {
		return scheme.Command{}, err
	}
	if in.MethodID == "" || identifier(in.MethodID, maxMethodID) == "" {
		return scheme.Command{}, errors.New("customer service: MethodID is 1 to 64 printable ASCII characters")
	}
	return m.command(in.Access, in.Ref, "/token/resendactivationcode", "TokenResendActivationCode",
		resendJSON{in.Ref.Reference, in.MethodID, m.auditInfoOf(in.By)})
}
