package tokens

import (
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// The channels of requests.
const (
	ChannelAPI     = storage.ChannelAPI
	ChannelCommand = storage.ChannelCommand
)

// ListRequest asks for the tokens of a card. Who asks through the API must be bound to the
// card's issuer; a command acts for all.
type ListRequest struct {
	CardID    walletport.CardID
	AuditUser walletport.AuditUser
	Channel   storage.TokenChannel // ChannelAPI or ChannelCommand
}

// List is the tokens of a card.
type List struct {
	Tokens []Listed // in id order; empty, not nil, without any
	// AsOf is when the scheme was asked for them; zero is never.
	AsOf time.Time
	// IsOld says that the scheme was asked and gave no word that counts.
	IsOld bool
	// OldReason is why, as the reason of the error; "" of a list that is not old.
	OldReason string
}

// Listed is a token as the API lists it.
type Listed struct {
	ID     walletport.TokenID
	Ref    walletport.TokenRef
	Wallet string // the wallet's name as people know it, or the requestor's id
	Status walletport.TokenStatus
	// MaskedNumber is the first six and last four digits of the token's number with
	// asterisks between, "" where the whole number is not known.
	MaskedNumber string
	// Number is the whole number for callers with walletport.ScopeTokensNumber, else zero.
	Number walletport.PAN
}

// ChangeRequest asks for a change of one token.
type ChangeRequest struct {
	TokenID   walletport.TokenID
	Action    walletport.TokenAction
	Reason    walletport.TokenReason // "" leaves it to the action
	AuditUser walletport.AuditUser
	Channel   storage.TokenChannel // as of ListRequest
}

// Changed is a change that was done.
type Changed struct {
	Token    Listed
	ChangeID string // of the change, also in the token's history and the audit trail
}

// ShowRequest asks for all that is known of a token.
type ShowRequest struct {
	TokenID   walletport.TokenID
	AuditUser walletport.AuditUser
	Channel   storage.TokenChannel // as of ListRequest
	History   int                  // how many of the newest entries
}

// Shown is all that is known of a token, for a support agent.
type Shown struct {
	Token   storage.Token // without its sealed number
	Listed  Listed
	Allowed []walletport.TokenAction // what may be done now; nothing while a change is open
	// IsOld and OldReason are as of List.
	IsOld     bool
	OldReason string
	History   []storage.TokenHistoryEntry
}
