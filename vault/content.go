package vault

import (
	"encoding/binary"
	"strconv"

	"github.com/walletport/walletport"
)

// Each row has a version, the first byte of its sealed bytes. It says what the row's
// content MAC covers and is bound to the sealed card, so a row is verified by the rules
// that it was written by, and a row that is given another version does not open. A row
// gets the newest version when it is written for some other reason, and never by a
// re-wrap.
//
// Version 1 covers id, issuer, customer, scheme, product, status, BIN, last four, name,
// expiry and PAN. A later version covers beside these the texts of fields whose since
// it has reached, in their order. Of a row that is older than a text, that text must be
// empty, or somebody else wrote it.

// contentTag begins the content, with the row's version behind it, so that the same
// key's digest of a PAN, which begins with a digit and has no lengths, is never one of
// content.
const contentTag = "walletport content v"

// appendContent writes all that is known of a card in one unambiguous form. Its
// MAC tells whether a card came again unchanged, and that a row is as it was written.
func appendContent(to []byte, version byte, c *walletport.CardSummary, pan, name []byte) []byte {
	to = appendTag(to, contentTag, version)
	to = appendNumber(to, uint64(c.ID))
	for _, text := range [...]string{
		string(c.Issuer), c.CustomerID, string(c.Scheme), c.Product, string(c.Status), c.BIN, c.LastFour,
	} {
		to = appendField(to, text)
	}
	to = appendField(to, name)
	to = appendNumber(to, uint64(c.Expiry.Year)<<8|uint64(c.Expiry.Month))
	to = appendField(to, pan)
	for i := range fields {
		if f := &fields[i]; f.since > 0 && f.since <= version {
			to = appendField(to, *f.text(c))
		}
	}
	return to
}

// maxContentBytes is never less than what appendContent writes: the texts with their
// lengths, a status, a scheme, BIN, last four, and the PAN.
const maxContentBytes = 1024

// youngText returns the column of a text that a row of this version cannot have, or "".
func youngText(version byte, c *walletport.CardSummary) string {
	for i := range fields {
		if f := &fields[i]; f.since > version && *f.text(c) != "" {
			return f.column.String()
		}
	}
	return ""
}

// appendTag writes a tag with a version as one field.
func appendTag(to []byte, tag string, version byte) []byte {
	number := strconv.Itoa(int(version))
	to = binary.BigEndian.AppendUint32(to, uint32(len(tag)+len(number)))
	to = append(to, tag...)
	return append(to, number...)
}

func appendField[T string | []byte](to []byte, field T) []byte {
	to = binary.BigEndian.AppendUint32(to, uint32(len(field)))
	return append(to, field...)
}

func appendNumber(to []byte, n uint64) []byte {
	to = binary.BigEndian.AppendUint32(to, 8)
	return binary.BigEndian.AppendUint64(to, n)
}
