package vault

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/vault/customerfile"
	"github.com/walletport/walletport/vault/rowfile"
)

// readKey returns whom a row is about, or what is wrong with that.
func (k *customerClerk) readKey(rec *rowfile.Record) (key walletport.CustomerKey, faults []walletport.Field) {
	text := rec.Text[customerfile.Number]
	rule := walletport.CustomerNumberRule(viewed(text))
	if rule != "" {
		faults = numberFault(cmp.Or(rowfile.SpoiledRule(text), rule))
	} else {
		key.Number = string(text)
	}
	key.Issuer, rule = k.issuers.read(rec.Text[customerfile.Issuer])
	if key.Issuer == "" && rule == "" {
		key.Issuer = k.issuers.issuer
	}
	if key.Issuer == "" && rule == "" {
		rule = ruleNoIssuer
	}
	if rule != "" {
		faults = append(faults, walletport.Field{Name: "issuer", Reason: rule})
	}
	return key, faults
}

// readCustomer returns what a row says of a customer, or everything that is wrong with it as
// far as it can be told without the stored one.
func readCustomer(rec *rowfile.Record) (CustomerChanges, []walletport.Field) {
	changes := CustomerChanges{}
	var faults []walletport.Field
	for f := range walletport.CustomerFieldCount {
		place := customerfile.Place(f)
		if rec.Clears[place] {
			changes[f] = nil
			continue
		}
		if !rec.Says(place) {
			continue
		}
		values, fieldFaults := readValues(f, rec.Text[place])
		changes[f] = values
		faults = append(faults, fieldFaults...)
	}
	return changes, faults
}

// readValues reads the one text of a field, or those of a list.
func readValues(f walletport.CustomerField, text []byte) (values []walletport.Private, faults []walletport.Field) {
	if f == walletport.CustomerConsentTime {
		at, rule := customerfile.ParseTime(text)
		if rule != "" {
			return nil, []walletport.Field{{Name: f.String(), Reason: rule}}
		}
		return []walletport.Private{walletport.ConsentTime(at)}, nil
	}
	texts := [][]byte{text}
	if f.IsList() {
		texts = bytes.Split(text, []byte{rowfile.ListSign})
	}
	for i, text := range texts {
		name := f.String()
		if f.IsList() {
			name, text = fmt.Sprintf("%s[%d]", f, i), bytes.Trim(text, " ")
		}
		if rule := customerfile.ValueRule(f, text); rule != "" {
			faults = append(faults, walletport.Field{Name: name, Reason: rule})
		}
		values = append(values, walletport.NewPrivate(text))
	}
	return values, faults
}

func (changes CustomerChanges) giveAnything() bool {
	for _, values := range changes {
		if len(values) > 0 {
			return true
		}
	}
	return false
}

func (changes CustomerChanges) wipe() {
	for _, values := range changes {
		for _, value := range values {
			value.Wipe()
		}
	}
}
