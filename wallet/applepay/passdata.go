package applepay

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet"
)

// fixedBytes is more than all member names, the digits of a card and the expiry.
const fixedBytes = 256

// passData writes the JSON object that Apple decrypts [PK-EPD]. The order of its
// members is free [C6]. It is written by hand, so that the card's number stands in
// one buffer, which the caller wipes, and the solidus of the expiry stays bare; the
// buffer never grows, for that would leave a copy behind.
func (e *Encoder) passData(profile PassProfile, in wallet.PassInput) ([]byte, error) {
	if err := checkCard(in.Card); err != nil {
		return nil, err
	}
	name, err := e.cardholderName(in.Card)
	if err != nil {
		return nil, err
	}
	dst := append(make([]byte, 0, maxPassData(profile, in, name)), '{')
	if profile.Form == EncryptedFPAN {
		dst = appendEncryptedFPAN(dst, profile.PrefixDigits, in)
	} else {
		dst = appendFPAN(dst, in.Card)
	}
	if len(name) > 0 {
		dst = appendText(dst, `,"name":"`, name)
	}
	dst = append(dst, `,"nonce":"`...)
	dst = hex.AppendEncode(dst, in.Nonce)
	dst = append(dst, `","nonceSignature":"`...)
	dst = hex.AppendEncode(dst, in.NonceSignature)
	dst = append(dst, '"')
	if profile.Version != "" {
		dst = appendText(dst, `,"version":"`, profile.Version)
	}
	if profile.ProductType != "" {
		dst = appendText(dst, `,"productType":"`, profile.ProductType)
	}
	return append(dst, '}'), nil
}

// maxPassData bounds the length of pass data: hex doubles bytes, escapes at most
// double a text.
func maxPassData(profile PassProfile, in wallet.PassInput, name []byte) int {
	return fixedBytes + base64.StdEncoding.EncodedLen(len(in.SealedNumber)) +
		2*(len(name)+len(in.Nonce)+len(in.NonceSignature)+len(profile.ProductType)+len(profile.Version))
}

// appendFPAN writes number and expiry, MM/YY [PK-EPD].
func appendFPAN(dst []byte, card *walletport.Card) []byte {
	dst = append(dst, `"primaryAccountNumber":"`...)
	dst = append(dst, card.PAN.Reveal()...)
	dst = append(dst, `","expiration":"`...)
	dst = append(dst, card.Expiry.MM()...)
	dst = append(dst, '/')
	dst = append(dst, card.Expiry.YY()...)
	return append(dst, '"')
}

// appendEncryptedFPAN writes what stands in place of number and expiry: standard
// base64 of Visa's MBPAD text, which holds both (C5).
func appendEncryptedFPAN(dst []byte, prefixDigits int, in wallet.PassInput) []byte {
	dst = append(dst, `"encryptedPrimaryAccountNumber":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, in.SealedNumber)
	dst = append(dst, `","networkName":"Visa","primaryAccountNumberPrefix":"`...)
	dst = append(dst, in.Card.PAN.Reveal()[:prefixDigits]...)
	return append(dst, '"')
}

// appendText writes the start of a member and its text, with its closing quote.
// Neither names that cardholderName passed nor printable ASCII need more escapes
// than these (RFC 8259 section 7).
func appendText[T string | []byte](dst []byte, member string, text T) []byte {
	dst = append(dst, member...)
	for i := range len(text) {
		if text[i] == '"' || text[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, text[i])
	}
	return append(dst, '"')
}

// checkCard refuses what could not be a card. PANs of 12 to 19 digits are what
// walletport.PAN holds.
func checkCard(card *walletport.Card) error {
	switch {
	case card.PAN.IsZero():
		return errCardData("there is no PAN")
	case card.Expiry.Rule() != "":
		return errCardData(card.Expiry.Rule())
	}
	return nil
}

// cardholderName returns the name without outer spaces, a slice of the card's own, of any
// length: no source limits it.
func (e *Encoder) cardholderName(card *walletport.Card) ([]byte, error) {
	name := bytes.TrimSpace(card.CardholderName.Reveal())
	if len(name) == 0 && e.config.NameRequired {
		return nil, errCardData("the cardholder's name is missing")
	}
	if rule := walletport.NameRule(name); rule != "" {
		return nil, errCardData(rule)
	}
	return name, nil
}

// errCardData is about stored card data that Apple would refuse: CodeForbidden, as
// the caller can do nothing about it and this card may not be provisioned.
func errCardData(rule string) *walletport.Error {
	return walletport.Errorf(walletport.CodeForbidden, "card_data_unusable", "the card's data does not fit Apple Pay: %s", rule)
}
