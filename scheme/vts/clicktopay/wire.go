package clicktopay

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

var errForm = errors.New("a member has another form")

// word is a member that is nobody's secret: a code, a status, an id.
type word string

// UnmarshalJSON takes a string, a whole number and null; a boolean or another number is
// passed over.
func (w *word) UnmarshalJSON(data []byte) error {
	*w = ""
	switch c := data[0]; {
	case c == '"':
		return json.Unmarshal(data, (*string)(w))
	case c == '{', c == '[':
		return errForm
	case walletport.IsDigits(data):
		*w = word(data)
	}
	return nil
}

// private is a member with personal data. Unlike a string it can be wiped.
type private struct{ walletport.Private }

// UnmarshalJSON takes a string, a whole number (a telephone number) and null.
func (p *private) UnmarshalJSON(data []byte) error {
	p.Private = walletport.Private{}
	switch inner := bytes.Trim(data, `"`); {
	case data[0] == '"' && len(inner) == len(data)-2 && utf8.Valid(inner) && bytes.IndexByte(inner, '\\') < 0:
		p.Private = walletport.NewPrivate(inner)
	case data[0] == '"': // with escapes: a copy is left behind
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return errForm
		}
		p.Private = walletport.NewPrivate(text)
	case data[0] == '{', data[0] == '[':
		return errForm
	case walletport.IsDigits(data):
		p.Private = walletport.NewPrivate(data)
	}
	return nil
}

// list is an array, or one element without its brackets, as ENF shows details.
type list[T any] []T

// UnmarshalJSON takes either, and null.
func (l *list[T]) UnmarshalJSON(data []byte) error {
	*l = nil
	switch {
	case data[0] == '[':
		return json.Unmarshal(data, (*[]T)(l))
	case string(data) == "null":
		return nil
	}
	var one T
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*l = list[T]{one}
	return nil
}

// productJSON is how an item names its product, in either form.
type productJSON struct {
	Intent   struct{ Value word } `json:"intent"`
	Products json.RawMessage      `json:"products"`
}

// isOther reports whether an item is about other products than Click to Pay: one that names
// none is about what was asked for. Products are read as text, for the member that names
// one is inferred, and older documents have no objects.
func (p productJSON) isOther() bool {
	if p.Intent.Value != "" {
		return p.Intent.Value != product
	}
	named := string(p.Products)
	return strings.Trim(named, " []{}") != "" && named != "null" && !strings.Contains(named, `"`+product+`"`)
}

// consumerJSON is consumerInformation.
type consumerJSON struct {
	External   word      `json:"externalConsumerID"`
	OwnerBID   word      `json:"externalConsumerIDOwnerBID"`
	FirstName  private   `json:"firstName"`
	MiddleName private   `json:"middleName"`
	LastName   private   `json:"lastName"`
	Emails     []private `json:"emails"`
	Phones     []private `json:"phones"`
	Locale     word      `json:"locale"`
	Country    word      `json:"countryCode"`
	Status     word      `json:"status"`
}

// isOf reports whether what was said is about that consumer; a part that is left out is
// taken for theirs.
func (c consumerJSON) isOf(id scheme.ConsumerID) bool {
	return (c.External == "" || string(c.External) == id.External) && (c.OwnerBID == "" || string(c.OwnerBID) == id.OwnerBID)
}

// shownChars bounds what is kept of a text that is nobody's secret.
const shownChars = 64

func shown(w word) string { return scheme.ShownText(string(w), shownChars) }
