package sandbox

import "github.com/walletport/walletport"

// The two issuers of a sandbox. The second exists so that issuer separation can
// be tried out.
const (
	Issuer      walletport.IssuerID = "acme"
	otherIssuer walletport.IssuerID = "globex"
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
	{1001, Issuer, "5001", "5555555555554444", "12", "2031", "ADA LOVELACE", "mc-debit", walletport.CardOK},
	{1002, Issuer, "5001", "5105105105105100", "06", "2030", "ADA LOVELACE", "mc-credit", walletport.CardOK},
	{1003, Issuer, "5002", "2223003122003222", "09", "2029", "GRACE HOPPER", "mc-debit", walletport.CardClosed},
	{1004, Issuer, "5002", "5123456789012346", "01", "2024", "GRACE HOPPER", "mc-debit", walletport.CardOK},
	{1005, Issuer, "5003", "5200828282828210", "03", "2030", "MARY JACKSON", "mc-debit", walletport.CardBlocked},
	{1006, Issuer, "5003", "4111111111111111", "11", "2030", "MARY JACKSON", "visa-debit", walletport.CardOK},
	{1007, Issuer, "5003", "4217651111111119", "04", "2031", "MARY JACKSON", "visa-credit", walletport.CardOK},
	{1008, Issuer, "5001", "4009348888881881", "10", "2030", "ADA LOVELACE", "visa-debit", walletport.CardOK},
	{2001, otherIssuer, "7001", "5454545454545454", "08", "2030", "KATHERINE JOHNSON", "mc-debit", walletport.CardOK},
	{2002, otherIssuer, "7001", "4005519200000004", "02", "2031", "KATHERINE JOHNSON", "visa-debit", walletport.CardOK},
	{-1, Issuer, "5100", "5204247750001471", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
	{-2, Issuer, "5100", "5204247750001505", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
	{-3, Issuer, "5100", "5204247750001497", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
	{-4, Issuer, "5100", "4761120010000492", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
	{-5, Issuer, "5100", "4761349750010326", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
	{-6, Issuer, "5100", "4761209980011439", "12", "2031", "APPLE SANDBOX", "apple-sandbox", walletport.CardOK},
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
