package customerservice

import (
	"context"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// request is what any call may have. Every value is a string but the few that the schema
// has otherwise; one of another type is refused.
type request struct {
	ctx  context.Context
	call call

	AuditInfo            *tokenvault.Audit
	TokenUniqueReference string
	ReasonCode           string
	CommentText          string

	DeleteFromConsumerApp string
	ActivationMethodID    string `json:"ActivationMethodId"`
	TokenRequestorID      string `json:"TokenRequestorId"`

	criteria
	filters
}

// criteria are what a search goes by, exactly one of them or TokenUniqueReference.
type criteria struct {
	EncryptedAccountInformation *encryptedField
	PaymentAppInstanceID        string `json:"PaymentAppInstanceId"`
	CommentID                   string `json:"CommentId"`
}

// filters are what a search leaves out.
type filters struct {
	ExcludeDeletedIndicator             string
	IncludeDeviceTokensOnly             string
	ExcludeTokensDeletedFromConsumerApp string
	TokenStatusCodes                    []string
	TokenTypes                          []string
	CompactResponse                     bool
	InterbankCardAssociationID          string `json:"InterbankCardAssociationId"`
	CountryCode                         string
	PageInfo                            *struct{ Offset, Limit string }
}

// maxCommentChars of CommentText.
const maxCommentChars = 500

// read takes a request out of its wrapper and checks what every call needs.
func (s *Service) read(ctx context.Context, c call, body []byte) (*request, *refusal) {
	var wrapped map[string]json.RawMessage
	if !sim.LooksLikeJSON(body) || json.Unmarshal(body, &wrapped) != nil {
		return nil, refuse("INVALID_REQUEST", "The request is no JSON object.")
	}
	inner, ok := wrapped[c.wrapper+"Request"]
	if !ok || len(wrapped) != 1 {
		return nil, refuse("INVALID_REQUEST", "The request is one "+c.wrapper+"Request.")
	}
	in := &request{ctx: ctx, call: c}
	if err := readExactly(inner, in); err != nil {
		if wrong, isType := errors.AsType[*json.UnmarshalTypeError](err); isType {
			return nil, refuse("INVALID_FIELD_FORMAT", "Invalid format of the field: "+wrong.Field)
		}
		return nil, refuse("INVALID_REQUEST", "The request could not be read.")
	}
	if refused := checkAudit(in.AuditInfo); refused != nil {
		return nil, refused
	}
	if utf8.RuneCountInString(in.CommentText) > maxCommentChars {
		return nil, wrongLength("CommentText")
	}
	if walletport.ContainsPAN(in.CommentText) { // or the vault would hold one
		return nil, wrongValue("CommentText")
	}
	return in, nil
}

// checkAudit refuses a request that does not say for whom it is made.
func checkAudit(a *tokenvault.Audit) *refusal {
	if a == nil {
		return missing("AuditInfo")
	}
	for _, field := range []struct {
		name, value string
		limit       int
		isOptional  bool
	}{
		{"UserId", a.UserID, 50, false},
		{"UserName", a.UserName, 200, false},
		{"Organization", a.Organization, 200, false},
		{"Phone", a.Phone, 20, true},
	} {
		chars := utf8.RuneCountInString(field.value)
		switch {
		case chars == 0 && field.isOptional:
		case chars == 0:
			return missing("AuditInfo." + field.name)
		case chars < 4 || chars > field.limit:
			return wrongLength("AuditInfo." + field.name)
		case walletport.ContainsPAN(field.value):
			return wrongValue("AuditInfo." + field.name)
		}
	}
	return nil
}

// token finds the token that a request names.
func (s *Service) token(in *request) (tokenvault.Token, *refusal) {
	if refused := checkReference(in.TokenUniqueReference); refused != nil {
		return tokenvault.Token{}, refused
	}
	t, ok := s.c.Vault.Token(in.TokenUniqueReference)
	if !ok {
		return t, emptyResult()
	}
	return t, nil
}

func checkReference(reference string) *refusal {
	switch {
	case reference == "":
		return missing("TokenUniqueReference")
	case len(reference) < 48 || len(reference) > 64:
		return wrongLength("TokenUniqueReference")
	}
	return nil
}
