package vault

import (
	"errors"

	"github.com/go-faster/jx"

	"github.com/walletport/walletport"
)

// jsonParser reads one JSON object per line. It uses jx, as the API's decoder does:
// encoding/json would match member names in any case, let a member stand twice, and
// make strings of the values, which cannot be wiped.
type jsonParser struct {
	decoder jx.Decoder
	texts   []byte // the values of the row
}

func (p *jsonParser) parse(line []byte, into *record) []walletport.Field {
	*into = record{}
	p.decoder.ResetBytes(line)
	if p.decoder.Validate() != nil { // also that nothing follows the object
		return lineFault("is not one JSON object")
	}
	p.decoder.ResetBytes(line)
	if p.decoder.Next() != jx.Object {
		return lineFault("is not one JSON object")
	}
	// Values are slices of texts, which must not move: none is longer than the line.
	if cap(p.texts) < len(line) {
		p.texts = make([]byte, 0, maxLineBytes)
	}
	p.texts = p.texts[:0]
	var faults []walletport.Field
	var seen [columnCount]bool
	err := p.decoder.ObjBytes(func(d *jx.Decoder, name []byte) error {
		c, ok := columnOf(name)
		switch {
		case !ok:
			faults = append(faults, lineFault("has a member that no card has")...)
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
		into[c] = value
		return err
	})
	if err != nil {
		return lineFault("is not one JSON object")
	}
	return faults
}

func (p *jsonParser) wipe() { clear(p.texts[:cap(p.texts)]) }

var errNoText = errors.New("must be a string")

// value reads a string; a card id may be a number, and null is an absent value.
func (p *jsonParser) value(d *jx.Decoder, c column) ([]byte, error) {
	start := len(p.texts)
	var err error
	switch kind := d.Next(); {
	case kind == jx.Null:
		return nil, d.Null()
	case kind == jx.String:
		p.texts, err = d.StrAppend(p.texts)
	case kind == jx.Number && c == colCardID:
		var number jx.Num
		number, err = d.NumAppend(jx.Num(p.texts))
		p.texts = number
	default:
		return nil, errNoText
	}
	return p.texts[start:], err
}
