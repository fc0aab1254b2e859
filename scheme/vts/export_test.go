package vts

import (
	"io"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// PushRoom returns how long a content is, and how much room it was given: a
// content that outgrew it would leave its PAN behind.
func PushRoom(p Profile, card *walletport.Card, name string, client scheme.Client) (used, room int) {
	content := pushContent{card: card, name: []byte(name), client: client}
	return len(p.appendPush(nil, content)), content.maxBytes()
}

// PayToken is payToken.
func PayToken(secret scheme.MAC, now time.Time, resourcePath, query string, body []byte) string {
	return payToken(secret, now, resourcePath, query, body)
}

// The alphabets, and how characters of them are drawn.
const (
	Printable = printable
	Base36    = base36
)

// DrawCharacters is drawCharacters.
func DrawCharacters(random io.Reader, dst []byte, alphabet string) error {
	return drawCharacters(random, dst, alphabet)
}
