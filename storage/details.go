package storage

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/walletport/walletport"
)

// EncodeDetails writes details as a JSON object of texts in their order, the form
// that they have in a column of every engine. No details are "".
func EncodeDetails(details walletport.AuditDetails) (string, error) {
	if len(details) == 0 {
		return "", nil
	}
	var out strings.Builder
	separator := byte('{')
	for _, d := range details {
		name, err := json.Marshal(d.Name)
		if err != nil {
			return "", err
		}
		value, err := json.Marshal(d.Value)
		if err != nil {
			return "", err
		}
		out.WriteByte(separator)
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
		separator = ','
	}
	out.WriteByte('}')
	return out.String(), nil
}

// DecodeDetails reads what EncodeDetails wrote, in the order that it is written in.
func DecodeDetails(text string) (walletport.AuditDetails, error) {
	if text == "" {
		return nil, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, errNoDetails
	}
	var details walletport.AuditDetails
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, errNoDetails
		}
		value, err := decoder.Token()
		if err != nil {
			return nil, errNoDetails
		}
		text, ok := value.(string)
		if !ok {
			return nil, errNoDetails
		}
		details = append(details, walletport.AuditDetail{Name: walletport.DetailName(name.(string)), Value: text})
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errNoDetails
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoDetails
	}
	return details, nil
}

// errNoDetails does not repeat the text.
var errNoDetails = errors.New("the column is no JSON object of texts")

// ReadLists reads the columns of e that hold lists. A text that is none becomes
// Unreadable: one changed row must not hide those behind it.
func (e *AuditEntry) ReadLists(keyVersions, details string) {
	e.Unreadable = nil
	if err := DecodeList(keyVersions, &e.Record.KeyVersions); err != nil {
		e.Record.KeyVersions = nil
		e.unreadable("keyVersions", keyVersions)
	}
	var err error
	if e.Record.Details, err = DecodeDetails(details); err != nil {
		e.unreadable("details", details)
	}
}

func (e *AuditEntry) unreadable(member, text string) {
	if e.Unreadable == nil {
		e.Unreadable = make(map[string]string, 2)
	}
	e.Unreadable[member] = text
}
