package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// Object is a JSON object with its members undecoded, names case-sensitive.
type Object map[string]json.RawMessage

// ReadObject parses exactly one JSON object. A doubled member is a fault, for
// two readers may take different ones. The fault's text never repeats input.
func ReadObject(data []byte) (Object, *Finding) {
	if f := objectFault(data); f != nil {
		return nil, f
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil { // the opening brace
		return nil, syntaxFault(err)
	}
	members := Object{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, syntaxFault(err)
		}
		key, ok := name.(string)
		if !ok {
			return nil, &Finding{Kind: JSONInvalid, Detail: "a member has no name"}
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, syntaxFault(err)
		}
		if _, seen := members[key]; seen {
			return nil, &Finding{Kind: JSONDuplicate, Detail: "the member " + Shown(key) + " is there twice"}
		}
		members[key] = value
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, syntaxFault(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		if document, rest := LeadingObject(data); bytes.Equal(bytes.TrimSpace(document), bytes.TrimSpace(rest)) {
			return nil, &Finding{Kind: JSONDoubled, Detail: "the JSON object stands there twice"}
		}
		return nil, &Finding{Kind: JSONInvalid, Detail: "text follows the JSON object"}
	}
	return members, nil
}

// objectFault names what keeps data from being an object at all.
func objectFault(data []byte) *Finding {
	switch {
	case bytes.HasPrefix(data, []byte(byteOrderMark)):
		return &Finding{Kind: JSONInvalid, Detail: "the JSON starts with a byte order mark"}
	case LooksLikeJSON(bytes.TrimPrefix(FromUTF16(data), []byte(byteOrderMark))):
		return &Finding{Kind: JSONUTF16, Detail: "the JSON is UTF-16"}
	case !utf8.Valid(data):
		return &Finding{Kind: JSONNotUTF8, Detail: "the bytes are not UTF-8"}
	case LooksLikeJSON(data):
		return nil
	case json.Valid(data):
		return &Finding{Kind: JSONNotObject, Detail: "the JSON is not an object"}
	}
	return &Finding{Kind: JSONInvalid, Detail: "the text is not JSON"}
}

func syntaxFault(err error) *Finding {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Finding{Kind: JSONTruncated, Detail: "the JSON stops in the middle"}
	}
	return &Finding{Kind: JSONInvalid, Detail: "the JSON is malformed"}
}

// JSON writes the object, its members in the order of their names.
func (o Object) JSON() []byte {
	text, err := json.Marshal(o)
	if err != nil {
		return nil // an object that was read always encodes
	}
	return text
}

// Has reports whether the member is there with a value: null counts as absent.
func (o Object) Has(name string) bool {
	value, ok := o[name]
	return ok && !IsNull(value)
}

// IsNull reports whether a member is null.
func IsNull(value json.RawMessage) bool { return string(value) == "null" }

// Text returns a member that is a JSON string. ok is false if it is absent or of
// another type.
func (o Object) Text(name string) (value string, ok bool) {
	raw, found := o[name]
	if !found || IsNull(raw) || json.Unmarshal(raw, &value) != nil {
		return "", false
	}
	return value, true
}

// Fold returns the name under which a member stands when case is ignored.
func (o Object) Fold(name string) (string, bool) {
	if _, ok := o[name]; ok {
		return name, true
	}
	for key := range o {
		if strings.EqualFold(key, name) {
			return key, true
		}
	}
	return "", false
}

// First returns the first of names that is a member.
func (o Object) First(names ...string) (string, bool) {
	for _, name := range names {
		if _, ok := o[name]; ok {
			return name, true
		}
	}
	return "", false
}
