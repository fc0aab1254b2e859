package tokens

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// wallets are the token requestors that are known by their ids, Mastercard's (501...) and
// Visa's (400...), under the names that lists give them. No source prints the names of the
// Wallet API: its text speaks of Apple Pay, Google Pay and Samsung Pay (inferred that lists
// spell them so). Ids on which the public sources disagree are left out.
var wallets = map[string]string{
	"50110030273": "Apple Pay", // very high, as all until the blank line
	"40010030273": "Apple Pay",
	"50120834693": "Google Pay",
	"40010075001": "Google Pay",
	"50139059239": "Samsung Pay",
	"40010043095": "Samsung Pay",

	"40010069887": "Garmin Pay",   // high
	"40010077056": "Fitbit Pay",   // high; Google's on a secure element
	"40010080419": "Fidesmo Pay",  // high
	"40010075338": "Click to Pay", // high
	"40010081763": "SwatchPAY!",   // medium
}

// mdesWallets are Mastercard's ids of wallets (WalletId), for requestors that are not known
// by theirs. The one of merchants, 327, names nobody.
var mdesWallets = map[string]string{
	"103": "Apple Pay", // high, as the next
	"216": "Google Pay",
	"217": "Samsung Pay", // medium
}

// walletName returns the name of who keeps a token: by the requestor's id, by Mastercard's id
// of the wallet, else what the scheme calls the requestor. It is "" where that is not told:
// lists then have the requestor's id, which is no name to be stored in the place of one.
func walletName(ref walletport.TokenRef, said *scheme.Token) string {
	if name, ok := wallets[ref.Requestor]; ok {
		return name
	}
	if name, ok := mdesWallets[said.WalletID]; ok && ref.Scheme == walletport.Mastercard {
		return name
	}
	return said.Requestor
}
