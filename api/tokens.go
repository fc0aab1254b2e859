package api

import (
	"context"
	"strconv"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
	"github.com/walletport/walletport/door"
	"github.com/walletport/walletport/tokens"
)

// Tokens is the flow of the tokens of cards. It records its own successes and refusals in
// the audit trail.
type Tokens interface {
	// List returns the tokens of a card.
	List(ctx context.Context, req tokens.ListRequest) (tokens.List, error)
	// Change changes a token at its scheme.
	Change(ctx context.Context, req tokens.ChangeRequest) (tokens.Changed, error)
}

// GetTokens converts, calls the flow, and converts back.
func (c calls) GetTokens(ctx context.Context, p oas.GetTokensParams) (oas.GetTokensRes, error) {
	card, user, err := cardTextAndUser(p.CardId, p.AuditUser)
	if err != nil {
		return nil, err
	}
	list, err := c.Tokens.List(ctx, tokens.ListRequest{CardID: card, AuditUser: user, Channel: tokens.ChannelAPI})
	if err != nil {
		return nil, door.Recorded(err)
	}
	answer := &oas.GetTokensOKHeaders{Response: make([]oas.Token, len(list.Tokens))} // not nil, which is null in JSON
	for i, t := range list.Tokens {
		answer.Response[i] = listItem(t)
	}
	if list.IsOld && !list.AsOf.IsZero() {
		answer.XTokensAsOf = oas.NewOptString(list.AsOf.UTC().Format(asOfFormat))
	}
	return answer, nil
}

// asOfFormat is RFC 3339 with milliseconds.
const asOfFormat = "2006-01-02T15:04:05.000Z07:00"

// ChangeTokenStatus converts, calls the flow, and converts back.
func (c calls) ChangeTokenStatus(ctx context.Context, p oas.ChangeTokenStatusParams) (oas.ChangeTokenStatusRes, error) {
	user, err := walletport.ParseAuditUser(p.AuditUser)
	if err != nil {
		return nil, err
	}
	token, err := walletport.ParseTokenID(p.TokenId)
	if err != nil {
		return nil, err
	}
	changed, err := c.Tokens.Change(ctx, tokens.ChangeRequest{
		TokenID: token, Action: walletport.TokenAction(p.Action), Reason: walletport.TokenReason(p.XReason.Value), AuditUser: user, Channel: tokens.ChannelAPI,
	})
	if err != nil {
		return nil, door.Recorded(err)
	}
	isWhole := !changed.Token.Number.IsZero()
	item := listItem(changed.Token)
	if isWhole {
		if err := keepMasked(ctx, item, changed.Token.MaskedNumber); err != nil {
			return nil, err
		}
	}
	return &oas.TokenHeaders{Response: item}, nil
}

// keepMasked has a token kept for those who ask again without its whole number, which is
// stored sealed and nowhere else.
func keepMasked(ctx context.Context, item oas.Token, masked string) error {
	item.TokenNumber = known(masked)
	body, err := item.MarshalJSON()
	if err != nil {
		return err
	}
	door.CallFrom(ctx).KeepBody(body)
	return nil
}

// listItem is a token as the specification has it. It wipes the token's number.
func listItem(t tokens.Listed) oas.Token {
	defer t.Number.Wipe()
	item := oas.Token{
		TokenUniqueReferenceId: t.Ref.Reference,
		TokenRequestorId:       t.Ref.Requestor,
		TokenId:                t.ID.String(),
		WalletProvider:         t.Wallet,
		Status:                 oas.TokenStatus(t.Status),
	}
	switch {
	case !t.Number.IsZero():
		// The flow gives the number only where the caller may have it.
		item.TokenNumber = oas.NewOptString(string(t.Number.Reveal()))
	case t.MaskedNumber != "":
		item.TokenNumber = oas.NewOptString(t.MaskedNumber)
	}
	return item
}

// cardTextAndUser is cardAndUser for a card whose id the specification has as a string.
func cardTextAndUser(text, auditUser string) (walletport.CardID, walletport.AuditUser, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, "", alsoOfUser(errCardID("card_id_malformed", cardIDRule), auditUser)
	}
	return cardAndUser(id, auditUser)
}
