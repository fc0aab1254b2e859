package vault

import "github.com/walletport/walletport"

// contentTag begins the content, so that the same key's digest of a PAN, which
// begins with a digit and has no lengths, is never one of content.
const contentTag = "walletport content v1"

// appendContent writes all that is known of a card in one unambiguous form. Its
// MAC tells whether a card came again unchanged, and that a row is as it was written.
func appendContent(to []byte, c *walletport.CardSummary, pan, name []byte) []byte {
	to = appendField(to, contentTag)
	to = appendNumber(to, uint64(c.ID))
	for _, text := range [...]string{
		string(c.Issuer), c.CustomerID, string(c.Scheme), c.Product, string(c.Status), c.BIN, c.LastFour,
	} {
		to = appendField(to, text)
	}
	to = appendField(to, name)
	to = appendNumber(to, uint64(c.Expiry.Year)<<8|uint64(c.Expiry.Month))
	return appendField(to, pan)
}

// maxContentBytes is never less than what appendContent writes: the texts above with
// their lengths, a status, a scheme, BIN, last four, and the PAN.
const maxContentBytes = 1024
