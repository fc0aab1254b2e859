package customerservice

import (
	"slices"

	"github.com/walletport/walletport/scheme"
)

type tokenQueryJSON struct {
	TokenUniqueReference string    `json:"TokenUniqueReference"`
	AuditInfo            auditInfo `json:"AuditInfo"`
}

type historyAnswer struct {
	Statuses *struct{ Status list[statusJSON] }
}

// isWhole: one without statuses could be anything, and is not taken for a token to which
// nothing ever happened.
func (h historyAnswer) isWhole() bool { return h.Statuses != nil }

type statusJSON struct {
	StatusCode     text
	StatusDateTime text
	Initiator      text
	ReasonCode     text
	CommentID      text `json:"CommentId"`
	AuditInfo      struct {
		UserID text `json:"UserId"`
	}
}

// TokenHistory asks for the status history of a token; in which order Mastercard lists it
// is not documented. Entries without a time come first.
func (m *Messages) TokenHistory(in scheme.TokenInput) (scheme.Query[[]scheme.TokenEvent], error) {
	return tokenQuery(m, in, "/token/statushistory", "TokenStatusHistory", func(said historyAnswer) []scheme.TokenEvent {
		events := make([]scheme.TokenEvent, 0, len(said.Statuses.Status))
		for _, s := range said.Statuses.Status {
			events = append(events, scheme.TokenEvent{
				Status:    statuses[s.StatusCode.value],
				At:        instant(s.StatusDateTime),
				By:        partyOf(s.Initiator.value),
				Reason:    identifier(s.ReasonCode.value, 1),
				Reference: identifier(s.CommentID.value, maxCommentID),
				User:      shown(s.AuditInfo.UserID),
			})
		}
		slices.SortStableFunc(events, func(a, b scheme.TokenEvent) int { return a.At.Compare(b.At) })
		return events
	})
}

// tokenQuery is a question about one token: A is the form of its answer, T what is made of it.
func tokenQuery[A interface{ isWhole() bool }, T any](m *Messages, in scheme.TokenInput, path, wrapper string, convert func(A) T) (scheme.Query[T], error) {
	if err := checkRef(in.Ref); err != nil {
		return scheme.Query[T]{}, err
	}
	request, err := m.post(in.Access.Signer, path, wrapper+"Request", tokenQueryJSON{in.Ref.Reference, m.auditInfoOf(in.By)})
	if err != nil {
		return scheme.Query[T]{}, err
	}
	return scheme.Query[T]{Name: path[len("/token/"):], Request: request, Read: func(a scheme.Answer) (T, error) {
		said, failure := read[A](a, wrapper+"Response")
		if failure == nil && !said.isWhole() {
			failure = unread(a, "a member is missing")
		}
		if failure != nil {
			var none T
			return none, failure.err
		}
		return convert(said), nil
	}}, nil
}
