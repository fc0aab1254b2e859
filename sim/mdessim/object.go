package mdessim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// object is a JSON object with its members undecoded, names case-sensitive.
type object map[string]json.RawMessage

// readObject parses exactly one JSON object. A doubled member is a fault, for
// two readers may take different ones. The fault's text never repeats input.
func readObject(data []byte) (object, *fault) {
	if f := objectFault(data); f != nil {
		return nil, f
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil { // the opening brace
		return nil, syntaxFault(err)
	}
	members := object{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, syntaxFault(err)
		}
		key, ok := name.(string)
		if !ok {
			return nil, &fault{jsonInvalid, "a member has no name"}
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, syntaxFault(err)
		}
		if _, seen := members[key]; seen {
			return nil, &fault{jsonDuplicate, "the member " + shown(key) + " is there twice"}
		}
		members[key] = value
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, syntaxFault(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &fault{jsonInvalid, "text follows the JSON object"}
	}
	return members, nil
}

// objectFault names what keeps data from being an object at all.
func objectFault(data []byte) *fault {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return &fault{jsonInvalid, "the JSON starts with a byte order mark"}
	case !utf8.Valid(data):
		return &fault{jsonNotUTF8, "the bytes are not UTF-8"}
	case looksLikeJSON(data):
		return nil
	case json.Valid(data):
		return &fault{jsonNotObject, "the JSON is not an object"}
	}
	return &fault{jsonInvalid, "the text is not JSON"}
}

func syntaxFault(err error) *fault {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &fault{jsonTruncated, "the JSON stops in the middle"}
	}
	return &fault{jsonInvalid, "the JSON is malformed"}
}

// has reports whether the member is there with a value: null counts as absent.
func (o object) has(name string) bool {
	value, ok := o[name]
	return ok && !isNull(value)
}

func isNull(value json.RawMessage) bool { return string(value) == "null" }

// text returns a member that is a JSON string. ok is false if it is absent or of
// another type.
func (o object) text(name string) (value string, ok bool) {
	raw, found := o[name]
	if !found || isNull(raw) || json.Unmarshal(raw, &value) != nil {
		return "", false
	}
	return value, true
}

// fold returns the name under which a member stands when case is ignored.
func (o object) fold(name string) (string, bool) {
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

// first returns the first of names that is a member.
func (o object) first(names ...string) (string, bool) {
	for _, name := range names {
		if _, ok := o[name]; ok {
			return name, true
		}
	}
	return "", false
}
