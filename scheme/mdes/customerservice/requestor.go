package customerservice

import (
	"errors"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// Requestor is who asks Mastercard for tokens: a wallet or a merchant.
type Requestor struct {
	ID           string // 6 to 11 digits
	Name         string // legal
	ConsumerName string // as cardholders know it; may be empty
}

// RequestorInput is everything that a search for a token requestor depends on.
type RequestorInput struct {
	Access scheme.Access
	By     walletport.AuditUser
	ID     string // 6 to 11 digits
}

type requestorJSON struct {
	TokenRequestorID string    `json:"TokenRequestorId"`
	AuditInfo        auditInfo `json:"AuditInfo"`
}

type requestorAnswer struct {
	TokenRequestorID                       text `json:"TokenRequestorId"`
	TokenRequestorName                     text
	TokenRequestorConsumerFacingEntityName text
}

// Requestor asks who a token requestor is. One that Mastercard does not know is
// CodeNotFound, reason token_requestor_unknown.
func (m *Messages) Requestor(in RequestorInput) (scheme.Query[Requestor], error) {
	if !walletport.IsDigits(in.ID) || len(in.ID) < 6 || len(in.ID) > 11 {
		return scheme.Query[Requestor]{}, errors.New("customer service: a token requestor's id is 6 to 11 digits")
	}
	request, err := m.post(in.Access.Signer, "/tokenrequestorsearch", m.profile.RequestorSearch+"Request", requestorJSON{in.ID, m.auditInfoOf(in.By)})
	if err != nil {
		return scheme.Query[Requestor]{}, err
	}
	return scheme.Query[Requestor]{Name: "tokenrequestorsearch", Request: request, Read: func(a scheme.Answer) (Requestor, error) {
		said, failure := read[requestorAnswer](a, m.profile.RequestorSearch+"Response")
		switch {
		case failure != nil && failure.err.Code == walletport.CodeNotFound:
			return Requestor{}, errNoRequestor().WithCause(failure.err.Err)
		case failure != nil:
			return Requestor{}, failure.err
		case !isRequestor(said.TokenRequestorID.value, in.ID):
			return Requestor{}, errNoRequestor()
		}
		return Requestor{ID: in.ID, Name: shown(said.TokenRequestorName), ConsumerName: shown(said.TokenRequestorConsumerFacingEntityName)}, nil
	}}, nil
}

func errNoRequestor() *walletport.Error {
	return walletport.Errorf(walletport.CodeNotFound, "token_requestor_unknown", "Mastercard knows no such token requestor")
}
