package vts

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// pushContent is what a push payload says. All but the name is known to need no
// escape in JSON.
type pushContent struct {
	card   *walletport.Card
	name   []byte // empty leaves it out; a part of the card's own
	client scheme.Client
}

// maxBytes is never less than what appendPush writes: a buffer that grew would
// leave an unwiped copy of the PAN behind.
func (c pushContent) maxBytes() int {
	const framing = 416 // member names, punctuation, the longest ids and PAN
	return framing + 2*len(c.name)
}

// appendPush writes the content in the order of the published example; JSON leaves
// it free. What is empty is left out.
func (p Profile) appendPush(dst []byte, c pushContent) []byte {
	dst = append(dst, `{"accountNumber":"`...)
	dst = append(dst, c.card.PAN.Reveal()...)
	if len(c.name) > 0 {
		dst = append(dst, `","name":"`...)
		dst = AppendEscaped(dst, c.name)
	}
	dst = append(dst, `","expirationDate":{"month":"`...)
	dst = appendTwoDigits(dst, int(c.card.Expiry.Month))
	dst = append(dst, `","year":"`...)
	if p.YearDigits == 4 {
		dst = appendTwoDigits(dst, c.card.Expiry.Year/100)
	}
	dst = appendTwoDigits(dst, c.card.Expiry.Year%100)
	dst = append(dst, `"},"provider":{"intent":"`...)
	dst = append(dst, p.Intent...)
	dst = append(dst, `","clientWalletProvider":"`...)
	dst = append(dst, c.client.TokenRequestorID...) // not the account, as one support reply has it
	dst = append(dst, `","clientWalletAccountID":"`...)
	dst = append(dst, c.client.WalletAccountID...)
	if c.client.DeviceID != "" {
		dst = append(dst, `","clientDeviceID":"`...)
		dst = append(dst, c.client.DeviceID...)
	}
	if c.client.AppID != "" {
		dst = append(dst, `","clientAppID":"`...)
		dst = append(dst, c.client.AppID...)
	}
	dst = p.appendIDnV(append(dst, '"'))
	return append(dst, `}}`...)
}

func (p Profile) appendIDnV(dst []byte) []byte {
	switch {
	case p.IDnV == IDnVAbsent:
		return dst
	case p.IDnVForm == JSONBoolean:
		return append(append(dst, `,"isIDnV":`...), p.IDnV...)
	}
	return append(append(append(dst, `,"isIDnV":"`...), p.IDnV...), '"')
}

// AppendEscaped appends text as the inside of a JSON string. It is for UTF-8 without
// control characters, of which only two need an escape (RFC 8259 section 7); with them it
// makes no JSON. It writes at most twice as many bytes as text has.
func AppendEscaped(dst, text []byte) []byte {
	for _, b := range text {
		if b == '"' || b == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, b)
	}
	return dst
}
