package vault

import (
	"errors"
	"slices"
	"strconv"

	"github.com/walletport/walletport"
)

// rowReader makes cards of records.
type rowReader struct {
	issuer  walletport.IssuerID // of rows that name none; "" demands one
	mixed   bool                // rows may name another issuer
	sandbox bool                // negative ids are Apple's sandbox cards
}

// appleSandboxCards is how many negative card ids there are: -1 to -6.
const appleSandboxCards = 6

// card returns the card, or everything that is wrong with the row. The texts of the
// rules never hold a value.
func (r rowReader) card(rec *record) (walletport.Card, []walletport.Field) {
	var card walletport.Card
	var faults []walletport.Field
	var judged [columnCount]bool
	fault := func(c column, rule string) {
		judged[c] = true
		faults = append(faults, walletport.Field{Name: c.String(), Reason: rule})
	}
	for _, c := range requiredColumns {
		if len(rec[c]) == 0 {
			fault(c, "is missing")
		}
	}
	r.readID(rec, &card, judged[colCardID], fault)
	r.readIssuer(rec, &card, fault)
	readPAN(rec, &card, judged[colPAN], fault)
	if !judged[colExpiryMonth] && !judged[colExpiryYear] {
		readExpiry(rec, &card, fault)
	}
	if judged[colExpiryMonth] || judged[colExpiryYear] { // the zero Expiry is no news
		judged[colExpiryMonth], judged[colExpiryYear] = true, true
	}
	card.CustomerID = string(rec[colCustomerID])
	card.Product = string(rec[colProduct])
	card.CardholderName = walletport.NewPrivate(string(rec[colName]))
	card.Status = walletport.CardOK
	if len(rec[colStatus]) > 0 {
		card.Status = walletport.CardStatus(rec[colStatus])
	}
	for _, f := range checkCard(&card) {
		if c := slices.Index(columnNames[:], f.Name); !judged[c] {
			faults = append(faults, f)
		}
	}
	return card, faults
}

// readID takes the canonical decimal form only: two spellings of one id would look
// like two cards to people.
func (r rowReader) readID(rec *record, card *walletport.Card, judged bool, fault func(column, string)) {
	if judged {
		return
	}
	id, err := strconv.ParseInt(string(rec[colCardID]), 10, 64)
	switch {
	case err != nil || string(strconv.AppendInt(nil, id, 10)) != string(rec[colCardID]):
		fault(colCardID, "must be a whole number, without leading zeros, below 2^63")
	case id < 0 && !r.sandbox:
		fault(colCardID, "must be above 0")
	case id < -appleSandboxCards:
		fault(colCardID, "must be above 0, or -1 to -6 for Apple's sandbox cards")
	case walletport.CardID(id).IsPAN(): // it would stand in URLs, which the API refuses
		fault(colCardID, "must not be a card number")
	}
	card.ID = walletport.CardID(id)
}

func (r rowReader) readIssuer(rec *record, card *walletport.Card, fault func(column, string)) {
	named := walletport.IssuerID(rec[colIssuer])
	switch {
	case named == "" && r.issuer == "":
		fault(colIssuer, "is missing")
	case named != "" && r.issuer != "" && named != r.issuer && !r.mixed:
		fault(colIssuer, "must be the issuer that the import is for")
	}
	card.Issuer = named
	if named == "" {
		card.Issuer = r.issuer
	}
}

func readPAN(rec *record, card *walletport.Card, judged bool, fault func(column, string)) {
	if judged {
		return
	}
	var err error
	if card.PAN, err = walletport.ParsePAN(rec[colPAN]); err != nil {
		fault(colPAN, ruleOf(err))
	}
}

func readExpiry(rec *record, card *walletport.Card, fault func(column, string)) {
	var err error
	card.Expiry, err = walletport.ParseExpiry(string(rec[colExpiryMonth]), string(rec[colExpiryYear]))
	switch {
	case err == nil:
	case walletport.ReasonOf(err) == "expiry_month":
		fault(colExpiryMonth, ruleOf(err))
	default:
		fault(colExpiryYear, ruleOf(err))
	}
}

// ruleOf returns the message of an error of the root package, which never repeats
// input.
func ruleOf(err error) string {
	if e, ok := errors.AsType[*walletport.Error](err); ok {
		return e.Message
	}
	return "is malformed"
}
