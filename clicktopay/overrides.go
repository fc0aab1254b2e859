package clicktopay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// overrides is what a request says beyond what is stored.
type overrides struct {
	customer Overrides
	card     CardOverrides
}

// wipe overwrites the texts. What was overridden is known after it.
func (o overrides) wipe() {
	for _, list := range o.lists() {
		for _, text := range list {
			text.Wipe()
		}
	}
}

// members are the overridden members of an address, in the order of addressMembers.
func (c *CardOverrides) members() [7]**walletport.Private {
	return [...]**walletport.Private{&c.Line1, &c.Line2, &c.Line3, &c.City, &c.State, &c.PostalCode, &c.Country}
}

func addressMembers(a *walletport.Address) [7]*walletport.Private {
	return [...]*walletport.Private{&a.Line1, &a.Line2, &a.Line3, &a.City, &a.State, &a.PostalCode, &a.Country}
}

// Overrides are sealed as these bytes, of which there is one form for each content, because
// prints of requests are made of them too:
//
//	version (1 byte) ‖ e-mails ‖ phones ‖ line 1 ‖ line 2 ‖ line 3 ‖ city ‖ state ‖ postal code ‖ country
//
// Each is a list: one byte is 0 where nothing is overridden, else the count of its texts and
// one; then the texts, each with its length before it in two bytes. A member of an address
// is a list of one text.
const overridesVersion = 1

// lists are the overrides in the order of their bytes; nil overrides nothing.
func (o *overrides) lists() [][]walletport.Private {
	lists := [][]walletport.Private{o.customer.Emails, o.customer.Phones}
	for _, member := range o.card.members() {
		var list []walletport.Private
		if *member != nil {
			list = []walletport.Private{**member}
		}
		lists = append(lists, list)
	}
	return lists
}

// encodeOverrides returns the bytes of overrides, which the caller wipes: nil of those that
// override nothing.
func encodeOverrides(o overrides) ([]byte, error) {
	lists := o.lists()
	size, isEmpty := 1+len(lists), true
	for _, list := range lists {
		isEmpty = isEmpty && list == nil
		if len(list) >= math.MaxUint8 {
			return nil, errOverridesLong
		}
		for _, text := range list {
			if size += 2 + lengthOf(text); lengthOf(text) > math.MaxUint16 {
				return nil, errOverridesLong
			}
		}
	}
	if isEmpty {
		return nil, nil
	}
	to := append(make([]byte, 0, size), overridesVersion) // as long as it gets: growing would leave copies behind
	for _, list := range lists {
		to = appendList(to, list)
	}
	return to, nil
}

var errOverridesLong = errors.New("clicktopay: overrides that are longer than any scheme takes")

func appendList(to []byte, list []walletport.Private) []byte {
	if list == nil {
		return append(to, 0)
	}
	to = append(to, byte(len(list)+1))
	for _, text := range list {
		to = binary.BigEndian.AppendUint16(to, uint16(lengthOf(text)))
		to = appendText(to, text)
	}
	return to
}

var errOverridesForm = errors.New("clicktopay: overrides in a form that this program does not know")

// decodeOverrides reads what encodeOverrides wrote, and nothing else. The caller wipes both.
func decodeOverrides(from []byte) (overrides, error) {
	var o overrides
	if len(from) == 0 {
		return o, nil
	}
	if from[0] != overridesVersion {
		return o, errOverridesForm
	}
	isNothing := len(bytes.Trim(from[1:], "\x00")) == 0 // which has no bytes at all
	rest, isGood := from[1:], !isNothing
	o.customer.Emails, rest, isGood = cutList(rest, isGood)
	o.customer.Phones, rest, isGood = cutList(rest, isGood)
	for _, member := range o.card.members() {
		var list []walletport.Private
		list, rest, isGood = cutList(rest, isGood)
		isGood = isGood && (list == nil || len(list) == 1)
		if len(list) > 0 {
			*member = &list[0]
		}
	}
	if !isGood || len(rest) > 0 {
		o.wipe()
		return overrides{}, errOverridesForm
	}
	return o, nil
}

// cutList returns copies of the texts of a list, and what stands behind it.
func cutList(from []byte, isGood bool) (list []walletport.Private, rest []byte, _ bool) {
	if !isGood || len(from) == 0 {
		return nil, nil, false
	}
	count, rest := int(from[0])-1, from[1:]
	if count < 0 {
		return nil, rest, true
	}
	list = make([]walletport.Private, 0, count)
	for range count {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return list, nil, false
		}
		length := int(binary.BigEndian.Uint16(rest))
		list, rest = append(list, walletport.NewPrivate(rest[2:2+length])), rest[2+length:]
	}
	return list, rest, true
}

// openOverrides returns what a request says beyond what is stored. The caller wipes it.
// Errors are those of Vault.OpenOverrides.
func (f *Flow) openOverrides(r *storage.EnrolmentRequest) (overrides, error) {
	if len(r.Overrides.Sealed) == 0 {
		return overrides{}, nil
	}
	plain, err := f.Vault.OpenOverrides(r.Issuer, r.ID, r.Overrides)
	if err != nil {
		return overrides{}, err
	}
	defer clear(plain)
	return decodeOverrides(plain)
}

// printTag begins the content of a print.
const printTag = "walletport click to pay request v1"

// printOf returns what tells whether two requests are the same: they ask for the same of the
// same customer and card, say the same, and would be made of the same stored data. After a
// change of those the next request of the same words is another one: what was sent before it
// does not have the change.
func (f *Flow) printOf(r *storage.EnrolmentRequest, s *subject, encoded []byte) ([]byte, error) {
	stored := [...][]byte{[]byte(printTag), []byte(r.Action), []byte(r.BID), s.customer.ContentMAC, s.card.ContentMAC, encoded}
	size := 2 * 8
	for _, field := range stored {
		size += 4 + len(field)
	}
	content := make([]byte, 0, size)
	defer func() { clear(content) }()
	content = binary.BigEndian.AppendUint64(content, uint64(r.Customer))
	content = binary.BigEndian.AppendUint64(content, uint64(r.CardID))
	for _, field := range stored {
		content = binary.BigEndian.AppendUint32(content, uint32(len(field)))
		content = append(content, field...)
	}
	return f.Vault.OverridesPrint(r.Issuer, content)
}
