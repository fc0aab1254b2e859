package customerservice

import (
	"time"

	"github.com/walletport/walletport/sim/mdessim/tokenvault"
)

// statusHistory lists the changes of a token's status, oldest first; in which order MDES
// does is not documented. One more suspender is a change, although the letter stays.
func (s *Service) statusHistory(in *request) (any, *refusal) {
	t, refused := s.token(in)
	if refused != nil {
		return nil, refused
	}
	p, statuses := s.spell(), []object{}
	for _, version := range s.c.Vault.History(t.TokenUniqueReference) {
		if version.Change.Call == tokenvault.Resend {
			continue
		}
		status := statusCodes[version.Status]
		o := object{"StatusCode": status.code, "StatusDescription": status.description}
		p.time(o, "StatusDateTime", &version.Change.At)
		o.put("Initiator", partyCodes[version.Change.By])
		o.put("ReasonCode", version.Change.ReasonCode)
		o.put("CommentId", version.Change.CommentID)
		if version.Change.Audit != nil {
			o["AuditInfo"] = version.Change.Audit
		}
		statuses = append(statuses, o)
	}
	return object{"Statuses": object{"Status": statuses}}, nil
}

// statusSince is when a token got the status that it has.
func (s *Service) statusSince(t tokenvault.Token) time.Time {
	since, last := t.CreatedAt, tokenvault.Status("")
	for _, version := range s.c.Vault.History(t.TokenUniqueReference) {
		if version.Status != last {
			since, last = version.Change.At, version.Status
		}
	}
	return since
}

// comments lists the comments on a token, oldest first.
func (s *Service) comments(in *request) (any, *refusal) {
	t, refused := s.token(in)
	if refused != nil {
		return nil, refused
	}
	p, comments := s.spell(), []object{}
	for _, version := range s.c.Vault.History(t.TokenUniqueReference) {
		if version.Change.CommentID == "" {
			continue
		}
		o := object{"CommentId": version.Change.CommentID, "CommentText": version.Change.CommentText, "AuditInfo": version.Change.Audit}
		p.time(o, "CommentDateTime", &version.Change.At)
		comments = append(comments, o)
	}
	return object{"Comments": object{"Comment": comments}}, nil
}
