package tokenapi

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/vtssim/tokenvault"
)

// panSource and what a wallet calls its accounts: the simulated wallets say neither.
const panSource = "KEY_ENTERED"

// list answers retrieveTokenInfo: the tokens of a card by its number or by its reference,
// the deleted ones too (inferred). A token is told without its number, its expiry, its
// device and its times, which are in its details.
func (s *Service) list(in request) (any, *refusal) {
	var card, sealed string
	if refused := readBody(in.body, member{"panReferenceID", &card}, member{"encryptedData", &sealed}); refused != nil {
		return nil, refused
	}
	switch {
	case card == "" && sealed == "":
		return nil, missing("panReferenceID")
	case card != "" && sealed != "":
		return nil, invalid("panReferenceID")
	case card == "":
		number, refused := s.openCard(in, sealed)
		if refused != nil {
			return nil, refused
		}
		card = s.c.Vault.PANReference(number)
	}
	tokens := s.c.Vault.OfCard(card)
	if len(tokens) == 0 && s.c.RefuseUnknownCard {
		return nil, notFound("panReferenceID")
	}
	p, details := s.spell(), []object{}
	for _, t := range tokens {
		item := object{
			"tokenRequestorID": p.digits(t.TokenRequestorID), "tokenReferenceID": t.TokenReferenceID, "tokenType": typeOf(t), "tokenStatus": t.Status,
		}
		describeCard(item, t)
		details = append(details, item)
	}
	return object{"tokenDetails": details}, nil
}

// openCard returns the card number in a question's encryptedData.
func (s *Service) openCard(in request, sealed string) (sim.CardNumber, *refusal) {
	var none sim.CardNumber
	plaintext, refused := s.open(in.ctx, in.clients, sealed)
	if refused != nil {
		return none, refused
	}
	opened, fault := sim.ReadObject(plaintext)
	if fault != nil {
		return none, invalid("encryptedData")
	}
	const location = "cardholderInfo.primaryAccountNumber"
	name, ok := opened.First("cardholderInfo", "cardHolderInfo") // both are in the field
	if !ok {
		return none, missing(location)
	}
	var number string
	switch refused := readBody(opened[name], member{"primaryAccountNumber", &number}); {
	case refused != nil:
		return none, invalid("encryptedData")
	case number == "":
		return none, missing(location)
	case !walletport.IsPAN(number):
		return none, invalid(location)
	}
	return sim.NewCardNumber(number), nil
}

// describeCard tells what the token is of.
func describeCard(o object, t tokenvault.Token) {
	o["panReferenceID"] = t.PANReferenceID
	o["lastFourOfPAN"] = t.LastFourOfPAN
	o["panSource"] = panSource
	o["clientWalletAccountID"] = accountOf(t)
}

// accountOf makes up the wallet's account: all cards of a simulated wallet are of one.
func accountOf(t tokenvault.Token) string { return t.TokenRequestorName + "-account" }

// typeOf is how a token is kept: in a secure element by Apple Pay, else in the cloud.
func typeOf(t tokenvault.Token) string {
	if t.TokenRequestorName == "applepay" {
		return "SECURE_ELEMENT"
	}
	return "HCE"
}
