package customerservice

import (
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// The ways in which a simulated cardholder can prove who it is. A code can be sent again
// by text message or mail, and not by the issuer's app.
var methods = []struct {
	id, kind, value string
	isResendable    bool
}{
	{"1001", "SMS", "+358 ** *** 4567", true},
	{"1002", "EMA", "a***@acme.example", true},
	{"1003", "BAP", "com.acme.bank", false},
}

// activationMethods lists them for a token that awaits its activation; another has none.
func (s *Service) activationMethods(in *request) (any, *refusal) {
	t, refused := s.token(in)
	if refused != nil {
		return nil, refused
	}
	p, list := s.spell(), []object{}
	for _, m := range methods {
		if t.Progress() != tokenvault.ProvisioningAwaits || t.Status == tokenvault.StatusDeactivated {
			break
		}
		o := object{"ActivationMethodType": m.kind, "ActivationMethodValue": m.value, "ResendIndicator": boolText(m.isResendable)}
		p.digits(o, "ActivationMethodId", m.id)
		list = append(list, o)
	}
	return object{"ActivationMethods": object{"ActivationMethod": list}}, nil
}

// resend begins the time of the code anew. The code itself would go to the issuer.
func (s *Service) resend(in *request) (any, *refusal) {
	t, refused := s.token(in)
	if refused != nil {
		return nil, refused
	}
	if in.ActivationMethodID == "" {
		return nil, missing("ActivationMethodId")
	}
	isResendable := false
	for _, m := range methods {
		isResendable = isResendable || m.id == in.ActivationMethodID && m.isResendable
	}
	if !isResendable {
		return nil, wrongValue("ActivationMethodId")
	}
	if _, err := s.c.Vault.Apply(t.TokenUniqueReference, tokenvault.Act{Call: tokenvault.Resend, By: tokenvault.Issuer, Audit: in.AuditInfo}); err != nil {
		return nil, refusalOf(err)
	}
	return object{"Token": object{"TokenUniqueReference": t.TokenUniqueReference}}, nil
}

// requestorSearch names a token requestor that has asked for tokens.
func (s *Service) requestorSearch(in *request) (any, *refusal) {
	switch id := in.TokenRequestorID; {
	case id == "":
		return nil, missing("TokenRequestorId")
	case len(id) < 6 || len(id) > 11:
		return nil, wrongLength("TokenRequestorId")
	case !sim.IsDigits(id):
		return nil, wrongValue("TokenRequestorId")
	}
	tokens := s.c.Vault.Tokens(func(t tokenvault.Token) bool { return t.TokenRequestorID == in.TokenRequestorID })
	if len(tokens) == 0 {
		return nil, emptyResult()
	}
	name := walletOf(tokens[0]).requestor
	o := object{"TokenRequestorName": name, "TokenRequestorConsumerFacingEntityName": name}
	s.spell().digits(o, "TokenRequestorId", in.TokenRequestorID)
	return o, nil
}
