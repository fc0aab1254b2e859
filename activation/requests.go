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
