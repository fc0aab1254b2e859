package storage

import "github.com/walletport/walletport"

// Rewrapping moves the data key of one row to another KEK.
type Rewrapping[ID ~int64] struct {
	ID       ID
	Old, New []byte
	KEK      string
}

// The rows that have a data key.
type (
	CardRewrapping     = Rewrapping[walletport.CardID]
	TokenRewrapping    = Rewrapping[walletport.TokenID] // of the token's number
	CustomerRewrapping = Rewrapping[walletport.CustomerID]
	RequestRewrapping  = Rewrapping[RequestNo] // of the request's overrides
)
