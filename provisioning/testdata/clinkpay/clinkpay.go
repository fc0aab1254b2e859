// Package clinkpay is a wallet that nobody has: all that a new push wallet adds to the
// flow is a folder like this one, and its rows in the table of offers.
package clinkpay

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet"
)

// ID is the wallet's name in paths, records and settings.
const ID walletport.Wallet = "clinkpay"

// Encoder makes the wallet's answer. It is immutable and safe for concurrent use.
type Encoder struct{}

var _ wallet.Encoder = Encoder{}

// Encode returns the standard base64 of what the scheme sealed.
func (Encoder) Encode(in wallet.Input) (wallet.Payload, error) {
	return wallet.Base64.Encode(in.Sealed, 5000)
}
