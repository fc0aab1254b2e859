// Package activation is the flow of in-app activation: a card that its holder
// typed into a wallet by hand, and the proof for the scheme that the issuer's app
// knows the holder. It decides who may and whether the card can, picks keys, and
// lets nothing out before the audit record is durable. It does no HTTP and knows no
// format.
package activation

import "github.com/walletport/walletport"

// Request asks for activation data of one card.
type Request struct {
	CardID    walletport.CardID
	AuditUser walletport.AuditUser
	// Nonce is the wallet's, lower-case hex; Visa's MBPAC needs one. May be empty.
	Nonce string
	// TokenUniqueReference binds a Mastercard proof to one token, 48 characters; may be empty.
	TokenUniqueReference string
}

// Result is what the app hands to the wallet.
type Result struct {
	ActivationData string // standard base64
}
