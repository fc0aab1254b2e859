package customerservice

import (
	"io"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

func (s *Service) activate(in *request) (any, *refusal) {
	return s.change(in, tokenvault.Act{Call: tokenvault.Activate}, "AC")
}

func (s *Service) suspend(in *request) (any, *refusal) {
	return s.change(in, tokenvault.Act{Call: tokenvault.Suspend}, "LSTZ")
}

func (s *Service) unsuspend(in *request) (any, *refusal) {
	return s.change(in, tokenvault.Act{Call: tokenvault.Unsuspend}, "FTZ")
}

func (s *Service) delete(in *request) (any, *refusal) {
	switch in.DeleteFromConsumerApp {
	case "", "true", "false":
	default:
		return nil, wrongValue("DeleteFromConsumerApp")
	}
	return s.change(in, tokenvault.Act{Call: tokenvault.Delete, FromApp: in.DeleteFromConsumerApp == "true"}, "LSTCDZF")
}

// change does what the issuer asks, for one of these reasons. A change has an id, by which
// it is found again, if it has a comment.
func (s *Service) change(in *request, act tokenvault.Act, reasons string) (any, *refusal) {
	t, refused := s.token(in)
	switch {
	case refused != nil:
		return nil, refused
	case in.ReasonCode == "":
		return nil, missing("ReasonCode")
	case len(in.ReasonCode) != 1 || !strings.Contains(reasons, in.ReasonCode):
		return nil, wrongValue("ReasonCode")
	}
	act.By, act.ReasonCode, act.Audit = tokenvault.Issuer, in.ReasonCode, in.AuditInfo
	if in.CommentText != "" {
		var err error
		if act.CommentID, err = s.drawCommentID(); err != nil {
			return nil, refusalOf(err)
		}
		act.CommentText = in.CommentText
	}
	if _, err := s.c.Vault.Apply(t.TokenUniqueReference, act); err != nil {
		return nil, refusalOf(err)
	}
	changed := object{"TokenUniqueReference": t.TokenUniqueReference}
	changed.put("CommentId", act.CommentID)
	return object{"Token": changed}, nil
}

// A comment's id has nine characters of 32 that cannot be mistaken.
const (
	commentChars    = 9
	commentAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
)

func (s *Service) drawCommentID() (string, error) {
	id := make([]byte, commentChars)
	if _, err := io.ReadFull(s.c.Rand, id); err != nil {
		return "", walletport.Errorf(walletport.CodeInternal, "random", "no random bytes").WithCause(err)
	}
	for i, b := range id {
		id[i] = commentAlphabet[int(b)%len(commentAlphabet)]
	}
	return string(id), nil
}
