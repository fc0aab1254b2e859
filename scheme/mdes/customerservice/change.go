package customerservice

import (
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// The reason codes of changes [S3].
const (
	reasonApp    = "A" // of an activation: the cardholder was authenticated in an app
	reasonAgent  = "C" // of an activation: by a customer service agent
	reasonLost   = "L"
	reasonStolen = "S"
	reasonFraud  = "T" // suspected, confirmed, or found to be none
	reasonClosed = "C" // of a deletion: the account
	reasonFound  = "F" // of a resumption: the device was found, or was not stolen
	reasonOther  = "Z"
)

// change is how an action is asked for: path and wrapper, and the codes of reasons; a
// reason without one is "other".
type change struct {
	name    string
	wrapper string // without "Request" and "Response"
	codes   map[walletport.TokenReason]string
}

var changes = map[walletport.TokenAction]change{
	walletport.TokenActivate: {name: "activate", wrapper: "TokenActivate"},
	walletport.TokenSuspend: {name: "suspend", wrapper: "TokenSuspend", codes: map[walletport.TokenReason]string{
		walletport.TokenReasonLost: reasonLost, walletport.TokenReasonStolen: reasonStolen, walletport.TokenReasonFraud: reasonFraud,
	}},
	walletport.TokenResume: {name: "unsuspend", wrapper: "TokenUnsuspend", codes: map[walletport.TokenReason]string{
		walletport.TokenReasonLost: reasonFound, walletport.TokenReasonStolen: reasonFound, walletport.TokenReasonFraud: reasonFraud,
	}},
	walletport.TokenDeactivate: {name: "delete", wrapper: "TokenDelete", codes: map[walletport.TokenReason]string{
		walletport.TokenReasonLost: reasonLost, walletport.TokenReasonStolen: reasonStolen,
		walletport.TokenReasonFraud: reasonFraud, walletport.TokenReasonClosed: reasonClosed,
	}},
}

// changeJSON is the body of all four. A deletion could name the wallet's copy alone
// (DeleteFromConsumerApp), after which the token still pays: that is never meant here.
type changeJSON struct {
	TokenUniqueReference string    `json:"TokenUniqueReference"`
	ReasonCode           string    `json:"ReasonCode"`
	CommentText          string    `json:"CommentText"`
	AuditInfo            auditInfo `json:"AuditInfo"`
}

// changedJSON is the answer to all four, and to a code that was sent again.
type changedJSON struct {
	Token struct {
		TokenUniqueReference text
		CommentID            text `json:"CommentId"`
	}
}

// ChangeToken asks for activation, suspension, the end of the issuer's own suspension, or
// deletion, which is final. A Note has at most 500 characters, and no card number.
func (m *Messages) ChangeToken(in scheme.ChangeInput) (scheme.Command, error) {
	c, ok := changes[in.Action]
	if !ok {
		return scheme.Command{}, fmt.Errorf("customer service: there is no action %q", in.Action)
	}
	if err := checkRef(in.Ref); err != nil {
		return scheme.Command{}, err
	}
	if err := scheme.CheckNote(in.Note, maxCommentChars); err != nil {
		return scheme.Command{}, err
	}
	comment := in.Note
	if comment == "" {
		comment = m.profile.Comment
	}
	return m.command(in.Access, in.Ref, "/token/"+c.name, c.wrapper, changeJSON{
		TokenUniqueReference: in.Ref.Reference,
		ReasonCode:           m.reasonCode(in.Action, in.Reason),
		CommentText:          comment,
		AuditInfo:            m.auditInfoOf(in.By),
	})
}

func (m *Messages) reasonCode(action walletport.TokenAction, reason walletport.TokenReason) string {
	if action == walletport.TokenActivate {
		return m.profile.ActivationReason
	}
	if code, ok := changes[action].codes[reason]; ok {
		return code
	}
	return reasonOther
}

// command is a call that answers with the token that it is about.
func (m *Messages) command(access scheme.Access, ref walletport.TokenRef, path, wrapper string, body any) (scheme.Command, error) {
	request, err := m.post(access.Signer, path, wrapper+"Request", body)
	if err != nil {
		return scheme.Command{}, err
	}
	name := path[len("/token/"):]
	return scheme.Command{Name: name, Request: request, Read: func(a scheme.Answer) scheme.Outcome {
		said, failure := read[changedJSON](a, wrapper+"Response")
		switch {
		case failure != nil:
			return failure.outcome(a)
		case said.Token.TokenUniqueReference.value != ref.Reference:
			return unread(a, "it is about another token, or about none").outcome(a)
		}
		return scheme.Outcome{Effect: scheme.Done, Reference: identifier(said.Token.CommentID.value, maxCommentID)}
	}}, nil
}
