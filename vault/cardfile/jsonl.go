package cardfile

import (
	"bytes"
	"errors"

	"github.com/go-faster/jx"

	"github.com/walletport/walletport"
)

// jsonParser reads one JSON object per line. It uses jx, as the API's decoder does:
// encoding/json would match member names in any case, let a member stand twice, and
// make strings of the values, which cannot be wiped.
type jsonParser struct {
	decoder jx.Decoder
	texts   []byte // the values of the row; it never grows, for none is longer than the line
}

func newJSONParser() *jsonParser { return &jsonParser{texts: make([]byte, 0, MaxLineBytes)} }

func (p *jsonParser) Parse(line []byte, into *Record) []walletport.Field {
	*into = Record{}
	if isBlank(line) {
		return nil
	}
	p.decoder.ResetBytes(line)
	if p.decoder.Validate() != nil { // also that nothing follows the object
		return LineFault(jsonLineRule(line))
	}
	p.decoder.ResetBytes(line)
	if kind := p.decoder.Next(); kind != jx.Object {
		return LineFault(jsonLineRule(line))
	}
	p.texts = p.texts[:0]
	var faults []walletport.Field
	var seen [walletport.CardFieldCount]bool
	err := p.decoder.ObjBytes(func(d *jx.Decoder, name []byte) error {
		c, ok := walletport.CardFieldOf(name)
		switch {
		case !ok:
			faults = append(faults, LineFault(memberRule(name))...)
			return d.Skip()
		case seen[c]:
			faults = append(faults, walletport.Field{Name: c.String(), Reason: "must not stand twice"})
			return d.Skip()
		}
		seen[c] = true
		value, err := p.value(d, c)
		if errors.Is(err, errNoText) {
			faults = append(faults, walletport.Field{Name: c.String(), Reason: err.Error()})
			return d.Skip()
		}
		into.Text[c] = value
		into.Clears[c] = value == nil && !columns[c].required
		return err
	})
	if err != nil {
		return LineFault(jsonLineRule(line))
	}
	return faults
}

func (p *jsonParser) Wipe() { clear(p.texts[:cap(p.texts)]) }

var errNoText = errors.New("must be a string: write it in quotes")

// value reads a string; a card id may be a number. A null is nil, an empty string is
// not, and says nothing.
func (p *jsonParser) value(d *jx.Decoder, c walletport.CardField) ([]byte, error) {
	start := len(p.texts)
	var err error
	switch kind := d.Next(); {
	case kind == jx.Null:
		return nil, d.Null()
	case kind == jx.String:
		p.texts, err = d.StrAppend(p.texts)
	case kind == jx.Number && c == walletport.CardFieldID:
		var number jx.Num
		number, err = d.NumAppend(jx.Num(p.texts))
		p.texts = number
	default:
		return nil, errNoText
	}
	return p.texts[start:], err
}

// jsonLineRule says what a line is that is not one JSON object.
func jsonLineRule(line []byte) string {
	text := bytes.TrimSpace(line)
	switch {
	case bytes.HasPrefix(text, []byte("[")):
		return ruleArray
	case bytes.HasSuffix(text, []byte("},")):
		return "ends in a comma: JSON Lines has none between objects (jq -c '.[]' makes such lines)"
	case len(text) == 1 && (text[0] == '{' || text[0] == '}'):
		return "is a part of an object: JSON Lines has each object on one line (jq -c . makes such lines)"
	}
	return "is not one JSON object"
}

// memberRule says what is wrong with a member's name, without repeating it.
func memberRule(name []byte) string {
	plain := plainName(name)
	if expiryNames[plain] {
		return "has a member of month and year: write two, expiryMonth (MM) and expiryYear (YYYY)"
	}
	if meant, ok := otherNames[plain]; ok {
		return "has a member that is written otherwise: write " + meant.String() + ", in this spelling and case"
	}
	return "has a member that no card has: the members are " + columnList()
}
