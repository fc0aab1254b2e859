package walletport

import (
	"strings"
	"time"
)

// Rehearsal says whether an offer works for the cards of an issuer, tried with a card
// that nobody has.
type Rehearsal struct {
	Offer  string   // "applepay for VISA cards", "issuerwallet acme-wallet"
	Issuer IssuerID // "" stands for any issuer
	Err    error    // nil when it works
}

// madeUpBINs begin a made-up card where nothing else is asked for.
var madeUpBINs = map[SchemeID]string{Mastercard: "51000000", Visa: "40000000"}

// MadeUpCard returns a card of a scheme that no issuer has given out: zeros follow its
// BIN, 6 to 8 digits, "" for any. It is good for two years. The error is CodeInvalid
// where the BIN is none of the scheme.
//
// It is for trying keys and formats; what is made of it must not leave the server.
func MadeUpCard(issuer IssuerID, scheme SchemeID, bin string, now time.Time) (*Card, error) {
	if bin == "" {
		bin = madeUpBINs[scheme]
	}
	const withoutCheckDigit = 15
	digits := bin + strings.Repeat("0", max(0, withoutCheckDigit-len(bin)))
	var pan PAN
	var err error
	for _, check := range "0123456789" {
		if pan, err = ParsePAN(digits + string(check)); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if found, err := pan.Scheme(); err != nil || found != scheme {
		return nil, Errorf(CodeInvalid, "bin_range", "the BIN belongs to another scheme")
	}
	return &Card{
		CardSummary: CardSummary{
			Issuer: issuer, Scheme: scheme, Status: CardOK, BIN: pan.BIN(), LastFour: pan.LastFour(),
			Expiry: Expiry{Year: now.Year() + 2, Month: now.Month()},
		},
		PAN: pan, CardholderName: NewPrivate("MADE UP"),
	}, nil
}
