// Package cardfile knows how files of cards are spelled: their columns, and what people and
// spreadsheets write in the place of a value. It does not know what a card is.
package cardfile

import (
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault/rowfile"
)

// columns says how files are spelled, beside the names of the fields.
var columns = [walletport.CardFieldCount]rowfile.Column{
	walletport.CardFieldID:         {IsRequired: true, IsNumber: true, Others: []string{"id", "card", "cardidentifier", "cardref", "cardreference"}},
	walletport.CardFieldIssuer:     {IsRequired: true, Others: []string{"issuerid", "bank"}},
	walletport.CardFieldCustomerID: {Others: []string{"customer", "customernumber", "customerno", "customerref", "clientid"}},
	walletport.CardFieldPAN: {IsRequired: true, Others: []string{
		"cardnumber", "cardno", "number", "accountnumber", "primaryaccountnumber", "fpan", "cardpan",
	}},
	walletport.CardFieldExpiryMonth: {IsRequired: true, Others: []string{"month", "expmonth", "expirationmonth", "expirymm", "mm"}},
	walletport.CardFieldExpiryYear:  {IsRequired: true, Others: []string{"year", "expyear", "expirationyear", "expiryyyyy", "yyyy"}},
	walletport.CardFieldName: {Others: []string{
		"name", "cardholder", "holder", "holdername", "embossedname", "embossname", "nameoncard", "accountholdername",
	}},
	walletport.CardFieldProduct: {Others: []string{"cardproduct", "productname", "productcode", "cardtype"}},
	walletport.CardFieldStatus:  {IsRequired: true, Others: []string{"cardstatus", "state"}},
}

// Schema is that of files of cards. Places of columns are those of walletport.CardField.
var Schema = newSchema()

func newSchema() *rowfile.Schema {
	named := columns
	for c := range walletport.CardFieldCount {
		named[c].Name = c.String()
	}
	joined := map[string]rowfile.Joined{}
	for _, name := range []string{
		"expiry", "exp", "expirydate", "expdate", "expiration", "expirationdate", "validthru", "validto", "validuntil", "expirymmyy", "mmyy",
	} {
		joined[name] = rowfile.Joined{Holds: "month and year", Write: "expiryMonth (MM) and expiryYear (YYYY)"}
	}
	return rowfile.NewSchema("card", "cards", named[:], joined, checkHeader)
}

// checkHeader refuses a file that could not say anything of a card.
func checkHeader(s *rowfile.Schema, header []int) string {
	has := func(c walletport.CardField) bool { return slices.Contains(header, int(c)) }
	says := slices.ContainsFunc(header, func(c int) bool {
		return c != int(walletport.CardFieldID) && c != int(walletport.CardFieldIssuer)
	})
	switch {
	case !has(walletport.CardFieldID):
		return "the header lacks " + walletport.CardFieldID.String()
	case has(walletport.CardFieldExpiryMonth) != has(walletport.CardFieldExpiryYear):
		return "the header has one of expiryMonth and expiryYear: a file has both or neither"
	case !says:
		return "the header names nothing that a card could be given: add status, or others of " + s.List()
	}
	return ""
}
