package main

import "github.com/walletport/walletport"

// The two issuers of a sandbox. The second exists so that issuer separation can
// be tried out.
const (
	sandboxIssuer      walletport.IssuerID = "acme"
	sandboxOtherIssuer walletport.IssuerID = "globex"
)

// sampleCard is a card that every sandbox starts with. The PANs are published
// test numbers; no one pays with them.
type sampleCard struct {
	id         walletport.CardID
	issuer     walletport.IssuerID
	customerID string
	pan        string
	month      string
	year       string
	name       string
	product    string
	status     walletport.CardStatus
}

// sampleCards has a card for each answer that the calls can give. Ids -1 to -6
// are Apple's sandbox cards (wallet-api.md section 2.1); their expiry and name
// are not published with the numbers, so ours are made up.
var sampleCards = []sampleCard{
	{1001, sandboxIssuer, "5001", "5555555555554444", "12", "2031", "ADA LOVELACE", "mc-debit", walletport.CardOK},
	{1002, sandboxIssuer, "5001", "5105105105105100", "06", "2030", "ADA LOVELACE", "mc-credit", walletport.CardOK},
	{1003, sandboxIssuer, "5002", "2223003122003222", "09", "2029", "GRACE HOPPER", "mc-debit", walletport.CardClosed},
	{1004, sandboxIssuer, "5002", "5123456789012346", "01", "2024", "GRACE HOPPER", "mc-debit", walletport.CardOK},
	{1005, sandboxIssuer, "5003", "5200828282828210", "03", "2030", "MARY JACKSON", "mc-debit", walletport.CardBlocked},
	{1006, sandboxIssuer, "5003", "4111111111111111", "11", "2030", "MARY JACKSON", "visa-debit", walletport.CardOK},
	{2001, sandboxOtherIssuer, "7001", "5454545454545454", "08", "2030", "KATHERINE JOHNSON", "mc-debit", walletport.CardOK},
	{-1, sandboxIssuer, "5100", "5204247750001471", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
	{-2, sandboxIssuer, "5100", "5204247750001505", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
	{-3, sandboxIssuer, "5100", "5204247750001497", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
	{-4, sandboxIssuer, "5100", "4761120010000492", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
	{-5, sandboxIssuer, "5100", "4761349750010326", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
	{-6, sandboxIssuer, "5100", "4761209980011439", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
}

// testNumbers are the PANs of the samples, which everybody knows.
func testNumbers() ([]walletport.PAN, error) {
	numbers := make([]walletport.PAN, 0, len(sampleCards))
	for _, sample := range sampleCards {
		pan, err := walletport.ParsePAN(sample.pan)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, pan)
	}
	return numbers, nil
}

// card returns the sample as the vault takes it.
func (s sampleCard) card() (walletport.Card, error) {
	pan, err := walletport.ParsePAN(s.pan)
	if err != nil {
		return walletport.Card{}, err
	}
	schemeID, err := pan.Scheme()
	if err != nil {
		return walletport.Card{}, err
	}
	expiry, err := walletport.ParseExpiry(s.month, s.year)
	if err != nil {
		return walletport.Card{}, err
	}
	return walletport.Card{
		CardSummary: walletport.CardSummary{
			ID: s.id, Issuer: s.issuer, CustomerID: s.customerID, Scheme: schemeID, Product: s.product,
			Status: s.status, Expiry: expiry, BIN: pan.BIN(), LastFour: pan.LastFour(),
		},
		PAN:            pan,
		CardholderName: walletport.NewPrivate(s.name),
	}, nil
}
