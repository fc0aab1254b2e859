package vault

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault/cardfile"
	"github.com/walletport/walletport/vault/rowfile"
)

// patch is what a row says of a card. What it does not say is zero and stays as it is.
type patch struct {
	card walletport.Card // its status is "" where the row does not say one
	says [walletport.CardFieldCount]bool
}

func (p *patch) wipe() { wipeCard(&p.card) }

// cardReader makes patches of records.
type cardReader struct {
	issuers     issuerReader
	sandbox     bool             // negative ids are Apple's sandbox cards
	testNumbers []walletport.PAN // refused
}

// issuerReader reads whose a row is.
type issuerReader struct {
	issuer walletport.IssuerID // of rows that name none; "" demands one of new cards and customers
	mixed  bool                // rows may name another issuer
}

// requiredColumns are those of a card that is not stored yet. One that is stored
// needs its id alone.
var requiredColumns = [...]walletport.CardField{walletport.CardFieldPAN, walletport.CardFieldExpiryMonth, walletport.CardFieldExpiryYear}

const ruleExpiryParts = "is missing: month and year come together"

// appleSandboxCards is how many negative card ids there are: -1 to -6.
const appleSandboxCards = 6

// read returns what the row says, or everything that is wrong with it as far as it
// can be told without the stored card. The texts of the rules never hold a value.
func (r cardReader) read(rec *rowfile.Record) (patch, []walletport.Field) {
	var p patch
	var faults []walletport.Field
	fault := func(c walletport.CardField, rule string) {
		if rule != "" {
			faults = append(faults, walletport.Field{Name: c.String(), Reason: rule})
		}
	}
	for c := range walletport.CardFieldCount {
		p.says[c] = rec.Says(int(c))
	}
	var rule string
	p.card.ID, rule = r.readID(rec.Text[walletport.CardFieldID])
	fault(walletport.CardFieldID, rule)
	p.card.Issuer, rule = r.issuers.read(rec.Text[walletport.CardFieldIssuer])
	fault(walletport.CardFieldIssuer, rule)
	if p.says[walletport.CardFieldPAN] {
		p.card.PAN, rule = r.readPAN(rec.Text[walletport.CardFieldPAN])
		fault(walletport.CardFieldPAN, rule)
	}
	readExpiry(rec, &p, fault)
	for i := range fields {
		if f := &fields[i]; f.read != nil {
			fault(f.column, f.read(&p.card, rec.Text[f.column]))
		}
	}
	return p, faults
}

// readID takes the canonical decimal form only: two spellings of one id would look
// like two cards to people.
func (r cardReader) readID(text []byte) (walletport.CardID, string) {
	if len(text) == 0 {
		return 0, "is missing"
	}
	id, ok := parseID(text)
	switch {
	case !ok:
		return 0, cmp.Or(rowfile.SpoiledRule(text), "must be a whole number, without leading zeros, below 2^63")
	case id < 0 && !r.sandbox:
		return 0, "must be above 0"
	case id < -appleSandboxCards:
		return 0, "must be above 0, or -1 to -6 for Apple's sandbox cards"
	case id.IsPAN(): // it would stand in URLs, which the API refuses
		return 0, "must not be a card number"
	case id == 0:
		return 0, ruleIDZero
	}
	return id, ""
}

// parseID reads a whole number without a string, which could not be wiped: a PAN may
// stand in the wrong column.
func parseID(text []byte) (walletport.CardID, bool) {
	digits, isNegative := bytes.CutPrefix(text, []byte("-"))
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' && (len(digits) > 1 || isNegative) {
		return 0, false
	}
	var id uint64
	for _, b := range digits {
		if b < '0' || b > '9' {
			return 0, false
		}
		id = id*10 + uint64(b-'0')
	}
	if id > 1<<63-1 {
		return 0, false
	}
	if isNegative {
		return -walletport.CardID(id), true
	}
	return walletport.CardID(id), true
}

// read returns the issuer that a row names; "" where it names none.
func (r issuerReader) read(text []byte) (walletport.IssuerID, string) {
	switch {
	case len(text) == 0:
		return "", ""
	case len(text) > maxIssuerBytes || !walletport.IsAlnum(text, "._-"):
		return "", "must be 1 to 64 letters, digits, '.', '_' and '-'"
	}
	named, err := walletport.ParseIssuerID(string(text))
	switch {
	case err != nil:
		return "", ruleIssuer
	case r.issuer != "" && named != r.issuer && !r.mixed:
		return "", "must be the issuer that the import is for"
	}
	return named, ""
}

func (r cardReader) readPAN(text []byte) (walletport.PAN, string) {
	pan, err := walletport.ParsePAN(text)
	if err != nil {
		return walletport.PAN{}, cardfile.PANRule(text, err)
	}
	if _, err := pan.Scheme(); err != nil {
		pan.Wipe()
		return walletport.PAN{}, ruleScheme
	}
	if slices.ContainsFunc(r.testNumbers, pan.Equal) {
		pan.Wipe()
		return walletport.PAN{}, "is a test number: it works in a sandbox, and serve would refuse the card"
	}
	return pan, ""
}

func readExpiry(rec *rowfile.Record, p *patch, fault func(walletport.CardField, string)) {
	month, year := rec.Text[walletport.CardFieldExpiryMonth], rec.Text[walletport.CardFieldExpiryYear]
	switch {
	case len(month) == 0 && len(year) == 0:
		return
	case len(month) == 0:
		fault(walletport.CardFieldExpiryMonth, ruleExpiryParts)
		return
	case len(year) == 0:
		fault(walletport.CardFieldExpiryYear, ruleExpiryParts)
		return
	}
	monthFault, yearFault := cardfile.MonthRule(month), cardfile.YearRule(year)
	fault(walletport.CardFieldExpiryMonth, monthFault)
	fault(walletport.CardFieldExpiryYear, yearFault)
	if monthFault != "" || yearFault != "" {
		return
	}
	var err error
	if p.card.Expiry, err = walletport.ParseExpiry(string(month), string(year)); err != nil {
		fault(walletport.CardFieldExpiryYear, ruleYear)
	}
}

// onto returns the card as it is to be: the stored one, or none for a new card, with
// what the row says; and the names of what it changes. It shares PAN and name with
// the two.
func (p *patch) onto(stored *walletport.Card) (card walletport.Card, changed []string) {
	if stored == nil {
		card = p.card
		if card.Status == "" {
			card.Status = walletport.CardOK
		}
		return card, nil
	}
	card = *stored
	given := &p.card
	change := func(c walletport.CardField, name string, differs bool) bool {
		if !p.says[c] || !differs {
			return false
		}
		changed = append(changed, name)
		return true
	}
	if change(walletport.CardFieldStatus, walletport.CardFieldStatus.String(), given.Status != card.Status) {
		card.Status = given.Status
	}
	for i := range fields {
		if f := &fields[i]; f.take != nil && p.says[f.column] {
			change(f.column, f.column.String(), f.take(&card, given))
		}
	}
	if change(walletport.CardFieldExpiryYear, fieldExpiry, given.Expiry != card.Expiry) {
		card.Expiry = given.Expiry
	}
	if change(walletport.CardFieldPAN, walletport.CardFieldPAN.String(), !given.PAN.Equal(card.PAN)) {
		card.PAN = given.PAN
	}
	return card, changed
}

// check returns what is wrong with the card that the patch gives. What the row does
// not say is not held against it: a stolen card must be blocked though its product
// was stored under an older rule. A new PAN is held against all, for it must stand
// in no other field.
func (p *patch) check(card *walletport.Card, isNew bool) []walletport.Field {
	faults := checkCard(card)
	if isNew {
		for _, c := range requiredColumns {
			if !p.says[c] {
				faults = slices.DeleteFunc(faults, func(f walletport.Field) bool { return f.Name == c.String() })
				faults = append(faults, walletport.Field{Name: c.String(), Reason: "is missing: no card of this id is stored, and a new one needs pan, expiryMonth and expiryYear"})
			}
		}
		return faults
	}
	return slices.DeleteFunc(faults, func(f walletport.Field) bool {
		c, _ := walletport.CardFieldOf(f.Name)
		return !p.says[c] && !p.says[walletport.CardFieldPAN]
	})
}
