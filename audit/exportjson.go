package audit

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// parseObject reads one JSON object and nothing else. encoding/json alone would
// take a member twice, or in another case, and text that is not UTF-8.
func parseObject(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	first, err := decoder.Token()
	if err != nil || first != json.Delim('{') {
		return nil, errNotJSON
	}
	object, err := parseMembers(decoder, parseValue)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return object, nil
}

// errNotJSON replaces the decoder's own errors, which quote the input.
var errNotJSON = errors.New("it is not a JSON object")

// parseMembers reads to the end of an object whose "{" was read.
func parseMembers(decoder *json.Decoder, parse func(*json.Decoder) (any, error)) (map[string]any, error) {
	object := make(map[string]any, 20)
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil, errNotJSON
		}
		name, isName := token.(string)
		if !isName {
			return object, nil // it is the "}"
		}
		if _, twice := object[name]; twice {
			return nil, errors.New("a member stands twice")
		}
		if object[name], err = parse(decoder); err != nil {
			return nil, err
		}
	}
}

// parseValue reads a scalar, a list of scalars or an object of scalars: a line is
// no deeper.
func parseValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, errNotJSON
	}
	switch token {
	case json.Delim('{'):
		return parseMembers(decoder, parseScalar)
	case json.Delim('['):
		return parseList(decoder)
	}
	return token, nil
}

func parseList(decoder *json.Decoder) ([]any, error) {
	list := []any{}
	for decoder.More() {
		value, err := parseScalar(decoder)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errNotJSON
	}
	return list, nil
}

func parseScalar(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, errNotJSON
	}
	if _, deeper := token.(json.Delim); deeper {
		return nil, errors.New("it is deeper than a record is")
	}
	return token, nil
}

// members takes the members of an object one by one and keeps the first fault.
type members struct {
	values map[string]any
	err    error
}

func (m *members) take(name string) any {
	value, ok := m.values[name]
	if !ok {
		m.fail(name, "is missing")
	}
	delete(m.values, name)
	return value
}

func (m *members) fail(name, rule string) {
	if m.err == nil {
		m.err = fmt.Errorf("member %s %s", name, rule)
	}
}

// finish returns the first fault; a member that nobody took is one.
func (m *members) finish() error {
	if m.err == nil && len(m.values) > 0 {
		return errors.New("it has a member that no record has")
	}
	return m.err
}

func (m *members) text(name string) string {
	text, ok := m.take(name).(string)
	if !ok {
		m.fail(name, "is no text")
	}
	return text
}

// optionalText returns "" when the member is absent, which is the one form of "".
func (m *members) optionalText(name string) string {
	if _, ok := m.values[name]; !ok {
		return ""
	}
	text := m.text(name)
	if text == "" {
		m.fail(name, "is empty")
	}
	return text
}

func (m *members) number(name string) int64 {
	text, _ := m.take(name).(json.Number)
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != string(text) {
		m.fail(name, "is no 64-bit integer")
	}
	return n
}

func (m *members) time(name string) time.Time {
	text := m.text(name)
	t, err := time.Parse(timeFormat, text)
	if err != nil || formatTime(t) != text {
		m.fail(name, "is no UTC time with milliseconds")
	}
	return t
}

func (m *members) hash(name string) []byte {
	text := m.text(name)
	hash, err := hex.DecodeString(text)
	if err != nil || hex.EncodeToString(hash) != text || len(hash) != hashBytes {
		m.fail(name, "is no SHA-256 in lower-case hex")
	}
	return hash
}

func (m *members) bytes(name string) []byte {
	text := m.text(name)
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(b) != text {
		m.fail(name, "is not base64")
	}
	return b
}

func (m *members) list(name string) []string {
	values, ok := m.take(name).([]any)
	if !ok {
		m.fail(name, "is no list")
	}
	list := make([]string, len(values))
	for i, value := range values {
		if list[i], ok = value.(string); !ok {
			m.fail(name, "is no list of texts")
		}
	}
	return list
}

// details returns nil when the member is absent, which is the one form of none.
func (m *members) details(name string) walletport.AuditDetails {
	var details walletport.AuditDetails
	object := m.object(name)
	for _, key := range slices.Sorted(maps.Keys(object)) {
		details = append(details, walletport.AuditDetail{Name: walletport.DetailName(key), Value: object[key]})
	}
	return details
}

// object returns nil when the member is absent, which is the one form of an empty one.
func (m *members) object(name string) map[string]string {
	if _, ok := m.values[name]; !ok {
		return nil
	}
	values, ok := m.take(name).(map[string]any)
	if !ok || len(values) == 0 {
		m.fail(name, "is no object of texts")
	}
	object := make(map[string]string, len(values))
	for key, value := range values {
		if object[key], ok = value.(string); !ok {
			m.fail(name, "is no object of texts")
		}
	}
	return object
}

// checkpoint returns nil when the member is absent.
func (m *members) checkpoint(name string) *storage.Checkpoint {
	if _, ok := m.values[name]; !ok {
		return nil
	}
	object, ok := m.take(name).(map[string]any)
	if !ok {
		m.fail(name, "is no object")
		return nil
	}
	inner := members{values: object}
	c := &storage.Checkpoint{
		Seq:       inner.number("seq"),
		Hash:      inner.hash("hash"),
		Time:      inner.time("time"),
		KeyID:     inner.text("keyId"),
		Signature: inner.bytes("signature"),
	}
	if err := inner.finish(); err != nil {
		m.fail(name, "is malformed: "+err.Error())
	}
	return c
}
