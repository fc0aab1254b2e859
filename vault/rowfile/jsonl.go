package rowfile

import (
	"bytes"

	"github.com/go-faster/jx"

	"github.com/walletport/walletport"
)

// jsonParser reads one JSON object per line. It uses jx, as the API's decoder does:
// encoding/json would match member names in any case, let a member stand twice, and
// make strings of the values, which cannot be wiped.
type jsonParser struct {
	schema  *Schema
	decoder jx.Decoder
	texts   []byte // the values of the row; it never grows, for none is longer than the line
}

func newJSONParser(schema *Schema) *jsonParser {
	return &jsonParser{schema: schema, texts: make([]byte, 0, MaxLineBytes)}
}

func (p *jsonParser) Parse(line []byte, into *Record) []walletport.Field {
	into.reset(len(p.schema.columns))
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
	seen := make([]bool, len(p.schema.columns))
	err := p.decoder.ObjBytes(func(d *jx.Decoder, name []byte) error {
		c, ok := p.schema.columnOf(name)
		switch {
		case !ok:
			faults = append(faults, LineFault(p.schema.memberRule(name))...)
			return d.Skip()
		case seen[c]:
			faults = append(faults, walletport.Field{Name: p.schema.columns[c].Name, Reason: "must not stand twice"})
			return d.Skip()
		}
		seen[c] = true
		value, rule, err := p.value(d, &p.schema.columns[c])
		if rule != "" {
			faults = append(faults, walletport.Field{Name: p.schema.columns[c].Name, Reason: rule})
		}
		into.Text[c] = value
		into.Clears[c] = value == nil && rule == "" && !p.schema.columns[c].IsRequired
		return err
	})
	if err != nil {
		return LineFault(jsonLineRule(line))
	}
	return faults
}

func (p *jsonParser) Wipe() { clear(p.texts[:cap(p.texts)]) }

const (
	ruleNoText = "must be a string: write it in quotes"
	ruleNoList = "must be a list of strings: write it in brackets"
)

// value reads a string, a number or a list, as the column may have them, or returns what is
// wrong with it. A null is nil; an empty string, or list, is not, and says nothing.
func (p *jsonParser) value(d *jx.Decoder, c *Column) (text []byte, rule string, err error) {
	start := len(p.texts)
	switch kind := d.Next(); {
	case kind == jx.Null:
		return nil, "", d.Null()
	case c.IsList:
		rule, err = p.list(d)
	case kind == jx.String:
		p.texts, err = d.StrAppend(p.texts)
	case kind == jx.Number && c.IsNumber:
		var number jx.Num
		number, err = d.NumAppend(jx.Num(p.texts))
		p.texts = number
	default:
		return nil, ruleNoText, d.Skip()
	}
	if rule != "" || err != nil {
		return nil, rule, err
	}
	return p.texts[start:len(p.texts):len(p.texts)], "", nil
}

// list reads an array of strings into the form that CSV has.
func (p *jsonParser) list(d *jx.Decoder) (rule string, err error) {
	if d.Next() != jx.Array {
		return ruleNoList, d.Skip()
	}
	isFirst := true
	err = d.Arr(func(d *jx.Decoder) error {
		if d.Next() != jx.String {
			rule = ruleNoList
			return d.Skip()
		}
		if !isFirst {
			p.texts = append(p.texts, ListSign)
		}
		isFirst = false
		start := len(p.texts)
		var err error
		p.texts, err = d.StrAppend(p.texts)
		if bytes.IndexByte(p.texts[start:], ListSign) >= 0 {
			rule = "must not have ';' in a value"
		}
		return err
	})
	return rule, err
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
