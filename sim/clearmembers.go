package sim

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxJSONDepth is how deep members are told apart. What stands deeper is searched as
// one text.
const maxJSONDepth = 16

// searchText searches a text that anyone can read, and what is encoded in it.
func (s *search) searchText(p spot, text []byte, layer int) {
	if s.isDone() || layer > maxLayers || !s.spend(len(text)) {
		return
	}
	if s.searchJSON(p, text, layer, 0) {
		return
	}
	switch {
	case s.holdsKnown(text):
		s.expose(p, "the PAN that was opened")
		return
	case !p.isID && isText(text) && readsLikeNumber(string(text)):
		s.expose(p, "what reads like a PAN")
		return
	}
	if !isText(text) {
		for _, inner := range layersOf(text) {
			s.searchText(p, inner, layer+1)
		}
		return
	}
	for _, token := range tokensOf(text) {
		for _, inner := range layersOf(token) {
			s.searchText(p, inner, layer+1)
		}
	}
}

// searchJSON searches the members of a JSON value; false if it is none, or none that
// has parts.
func (s *search) searchJSON(p spot, text []byte, layer, depth int) bool {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || depth > maxJSONDepth || !strings.ContainsRune(`{["`, rune(text[0])) || !json.Valid(text) {
		return false
	}
	switch text[0] {
	case '{':
		s.searchObject(p, text, layer, depth)
	case '[':
		s.searchArray(p, text, layer, depth)
	default:
		var inner string
		if json.Unmarshal(text, &inner) == nil {
			s.searchText(p, []byte(inner), layer)
		}
	}
	return true
}

func (s *search) searchObject(p spot, text []byte, layer, depth int) {
	elsewhere := s.elsewhere
	s.elsewhere = nil // only for the top members of a part
	for name, value := range members(text) {
		if s.isDone() || !s.spend(len(value)) {
			return
		}
		at, folded := p.in(name), fold(name)
		switch {
		case slices.Contains(s.sealed, folded):
			s.searchSealedValue(at, value)
			continue
		case !p.inner && slices.Contains(elsewhere, folded):
			continue
		}
		s.searchText(spot{where: at.where + " (its name)", inner: true}, []byte(name), layer+1)
		if what := cardMember(folded, value, p); what != "" {
			s.expose(at, what)
			return
		}
		s.searchValue(at, value, layer, depth)
	}
}

// members iterates over an object's members in order, doubled ones too.
func members(object []byte) func(yield func(string, json.RawMessage) bool) {
	return func(yield func(string, json.RawMessage) bool) {
		dec := json.NewDecoder(bytes.NewReader(object))
		if _, err := dec.Token(); err != nil {
			return
		}
		for dec.More() {
			name, err := dec.Token()
			text, isName := name.(string)
			var value json.RawMessage
			if err != nil || !isName || dec.Decode(&value) != nil || !yield(text, value) {
				return
			}
		}
	}
}

func (s *search) searchArray(p spot, text []byte, layer, depth int) {
	var entries []json.RawMessage
	if json.Unmarshal(text, &entries) != nil {
		return
	}
	if !bytes.ContainsAny(text, "{") && s.holdsKnown(text) { // the groups of a PAN, each an entry
		s.expose(p, "the PAN that was opened")
		return
	}
	if data := listedBytes(entries); data != nil {
		s.searchText(p, data, layer+1)
	}
	for _, entry := range entries {
		s.searchValue(spot{where: p.where, isID: p.isID, inner: true}, entry, layer, depth)
	}
}

// listedBytes returns the bytes that an array lists as numbers, nil for another array:
// so Node.js writes a Buffer, and Java a byte array, whose bytes may be negative.
func listedBytes(entries []json.RawMessage) []byte {
	data := make([]byte, 0, len(entries))
	for _, entry := range entries {
		n, err := strconv.Atoi(string(entry))
		if err != nil || n < math.MinInt8 || n > math.MaxUint8 {
			return nil
		}
		data = append(data, byte(n))
	}
	return data
}

// bytesOf returns the bytes that a member lists, by itself or as a Buffer's data.
func bytesOf(value json.RawMessage) []byte {
	var entries []json.RawMessage
	var buffer struct{ Data []json.RawMessage }
	if json.Unmarshal(value, &entries) != nil && json.Unmarshal(value, &buffer) == nil {
		entries = buffer.Data
	}
	return listedBytes(entries)
}

func (s *search) searchValue(p spot, value json.RawMessage, layer, depth int) {
	if s.searchJSON(p, value, layer, depth+1) {
		return
	}
	if whole := wholeNumber(string(value)); whole != "" && IsDigits(whole) {
		value = []byte(whole)
	}
	s.searchText(p, value, layer)
}

// searchSealedValue judges a member that should hold ciphertext.
func (s *search) searchSealedValue(p spot, value json.RawMessage) {
	var text string
	if json.Unmarshal(value, &text) == nil {
		value = []byte(text)
	} else if data := bytesOf(value); len(data) > 0 {
		value = data
	}
	s.searchSealed(p, value)
}

// fold writes a name without case and marks: card_number, Card-Number and cardNumber
// are one.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

func foldAll(names []string) []string {
	folded := make([]string, 0, len(names))
	for _, name := range names {
		folded = append(folded, fold(name))
	}
	return folded
}

// idNames are members whose digits are an id of something else than a card.
var idNames = []string{"clientdeviceid", "clientwalletaccountid", "clientappid", "serversessionid", "deviceid", "walletid", "walletaccountid",
	"stablehardwareid", "nonce", "noncesignature", "publickeyfingerprint", "requestid", "cardid", "customerid", "pushaccountreceipt",
	"tokenrequestorid", "walletproviderid", "iat", "timestamp"}

// isIDName also takes telephone numbers for ids: with their country code they have as
// many digits as a short PAN.
func isIDName(folded string) bool {
	isPhone := strings.Contains(folded, "phone") || strings.Contains(folded, "mobile") || strings.Contains(folded, "msisdn")
	return isPhone || slices.Contains(idNames, folded) || strings.HasSuffix(folded, "uniquereference")
}

// The names under which card data stand in the formats and in the field. None of the
// formats has one of them outside of the encryption.
var (
	numberNames = []string{"pan", "fpan", "primaryaccountnumber", "primaryaccountnuber", "accountnumber", "cardnumber", "cardno", "cardpan", "fundingpan",
		"creditcardnumber", "ccnumber", "maincardnumber"}
	trackNames  = []string{"track1", "track2", "track1data", "track2data", "track2equivalentdata"}
	expiryNames = []string{"expiry", "expirydate", "expirymonth", "expiryyear", "expiration", "expirationdate", "expirationmonth", "expirationyear",
		"expdate", "expmonth", "expyear", "expirymmyy", "accountexpiry", "validthru", "goodthru"}
	holderNames = []string{"name", "cardholdername", "cardholder", "accountholdername", "holdername", "nameoncard", "embossedname", "embossname"}
	codeNames   = []string{"cvc", "cvc2", "cvv", "cvv2", "csc", "cvn", "cvvcode", "cvccode", "securitycode", "verificationcode", "verificationvalue"}
	pinNames    = []string{"pin", "pinblock"}
)

// cardMember says which card data a member holds by its name and the form of its
// value, "" for none. The address of a wallet's user has a name too.
func cardMember(folded string, value json.RawMessage, parent spot) string {
	short := strings.TrimPrefix(folded, "card") // cardExpiryDate is expiryDate; but a cardName may be the product's
	text := scalarText(value)
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
	bare := !strings.ContainsFunc(text, unicode.IsLetter) && !strings.ContainsAny(text, "*•")
	switch {
	case slices.Contains(numberNames, folded) && bare && len(digits) >= 12 && len(digits) <= 19:
		return "a PAN"
	case slices.Contains(trackNames, folded) && len(digits) >= 12:
		return "track data"
	case slices.Contains(expiryNames, short) && isExpiry(text, digits, bare, value):
		return "the expiry"
	case slices.Contains(codeNames, short) && bare && (len(digits) == 3 || len(digits) == 4) && len(digits) == len(text):
		return "the security code"
	case slices.Contains(pinNames, short) && len(digits) >= 4:
		return "a PIN"
	case folded == "name" && strings.HasSuffix(strings.ToLower(parent.where), "address"):
		return ""
	case slices.Contains(holderNames, folded) && strings.ContainsFunc(text, unicode.IsLetter):
		return "the cardholder's name"
	}
	return ""
}

// isExpiry tells the expiry of a card from the end of a session or a token, which is a
// time of day: a month, a year, or both.
func isExpiry(text, digits string, bare bool, value json.RawMessage) bool {
	if LooksLikeJSON(value) {
		date, f := ReadObject(value)
		_, hasMonth := date.Fold("month")
		_, hasYear := date.Fold("year")
		return f == nil && (hasMonth || hasYear)
	}
	return bare && slices.Contains([]int{1, 2, 4, 6, 8}, len(digits)) && len(text) <= len(digits)+2
}

// scalarText returns a string or a number as text, "" for all else.
func scalarText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	if whole := wholeNumber(string(value)); IsDigits(whole) {
		return whole
	}
	return ""
}
