package mdes

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/walletport/walletport"
)

// maxIIDDBytes bounds what is read as an IIDD. Sources disagree on the limit of
// its base64: 5000 (S4) or 256000 (S13).
const maxIIDDBytes = 256_000

// maxTAVChars is the limit of tokenizationAuthenticationValue [S6, S11].
const maxTAVChars = 2048

// IIDD is the Issuer Initiated Digitization Data, before decryption: the JSON
// that base64 turns into digitizationData.
type IIDD struct {
	Shape Shape
	// Payload holds the card. It is nil in a fundingAccountInfo that only refers
	// to one; then exactly one of the three references is there.
	Payload              *Payload
	PushAccountReceipt   string
	PANUniqueReference   string
	TokenUniqueReference string
	TAV                  string // base64, as sent; may be empty. See ParseTAV.
}

type iiddJSON struct {
	CardInfo           json.RawMessage     `json:"cardInfo"`
	FundingAccountInfo *fundingAccountJSON `json:"fundingAccountInfo"`
	TAV                string              `json:"tokenizationAuthenticationValue"`
}

type fundingAccountJSON struct {
	EncryptedPayload     json.RawMessage `json:"encryptedPayload"`
	PushAccountReceipt   string          `json:"pushAccountReceipt"`
	PANUniqueReference   string          `json:"panUniqueReference"`
	TokenUniqueReference string          `json:"tokenUniqueReference"`
}

// ParseIIDD reads an IIDD of either shape; no program of walletport calls it yet, it is
// for those that import this package (inspect and the simulators have readers of their
// own). text has at most 256000 bytes; unknown members are passed over. The error is
// CodeInvalid, reason payload_malformed, and names the member and the rule. It does not
// look into the TAV.
func ParseIIDD(text []byte) (IIDD, error) {
	if len(text) > maxIIDDBytes {
		return IIDD{}, errPayload("digitizationData", "is too long")
	}
	var wire iiddJSON
	if err := unmarshalObject(text, &wire); err != nil {
		return IIDD{}, errPayload("digitizationData", "must be a JSON object of the IIDD's form")
	}
	if len(wire.TAV) > maxTAVChars {
		return IIDD{}, errPayload("tokenizationAuthenticationValue", "must be at most 2048 characters long")
	}
	hasCardInfo := isPresent(wire.CardInfo)
	switch {
	case hasCardInfo == (wire.FundingAccountInfo != nil):
		return IIDD{}, errPayload("digitizationData", "must have exactly one of cardInfo and fundingAccountInfo")
	case hasCardInfo:
		payload, err := ParsePayload(wire.CardInfo)
		return IIDD{Shape: CardInfo, Payload: &payload, TAV: wire.TAV}, err
	}
	iidd, err := wire.FundingAccountInfo.decode()
	iidd.TAV = wire.TAV
	return iidd, err
}

func (f fundingAccountJSON) decode() (IIDD, error) {
	iidd := IIDD{
		Shape:                FundingAccountInfo,
		PushAccountReceipt:   f.PushAccountReceipt,
		PANUniqueReference:   f.PANUniqueReference,
		TokenUniqueReference: f.TokenUniqueReference,
	}
	alternatives := 0
	for _, present := range []bool{
		isPresent(f.EncryptedPayload), f.PushAccountReceipt != "", f.PANUniqueReference != "", f.TokenUniqueReference != "",
	} {
		if present {
			alternatives++
		}
	}
	if alternatives != 1 {
		return IIDD{}, errPayload("fundingAccountInfo", "must have exactly one of encryptedPayload, pushAccountReceipt, panUniqueReference and tokenUniqueReference")
	}
	if !isPresent(f.EncryptedPayload) {
		return iidd, nil
	}
	payload, err := ParsePayload(f.EncryptedPayload)
	iidd.Payload = &payload
	return iidd, err
}

// Open decrypts the card. All that is wrong with the payload or with what it
// decrypts to is CodeInvalid, reason cryptography_error, without detail, so the
// answer is safe to give to a peer. To learn more of a payload of one's own, use
// Payload.Open and ParseCardData. The caller wipes the card's PAN. A payload whose
// dataValidUntilTimestamp is not after now is refused too, as MDES must [S2].
// random is crypto/rand.Reader outside of tests.
func (i IIDD) Open(random io.Reader, key crypto.Decrypter, now time.Time) (CardData, error) {
	if i.Payload == nil {
		return CardData{}, errPayload("fundingAccountInfo", "holds a reference and no card")
	}
	text, err := i.Payload.Open(random, key)
	if err != nil {
		return CardData{}, err
	}
	defer clear(text)
	card, err := ParseCardData(i.Shape, text)
	if err != nil {
		return CardData{}, errCryptography()
	}
	if card.ExpiredAt(now) {
		card.PAN.Wipe()
		return CardData{}, errCryptography()
	}
	return card, nil
}

// CardData is the card inside a payload, of either shape.
type CardData struct {
	PAN            walletport.PAN
	Expiry         walletport.Expiry
	Source         string
	CardholderName walletport.Private
	ValidUntil     time.Time // dataValidUntilTimestamp; zero without one
}

// ExpiredAt reports whether the data's own validity has ended at t.
func (c CardData) ExpiredAt(t time.Time) bool {
	return !c.ValidUntil.IsZero() && !t.Before(c.ValidUntil)
}

type accountJSON struct {
	AccountNumber digits `json:"accountNumber"`
	ExpiryMonth   string `json:"expiryMonth"`
	ExpiryYear    string `json:"expiryYear"`
}

type cardDataJSON struct {
	accountJSON
	CardAccountData   accountJSON `json:"cardAccountData"`
	AccountHolderData struct {
		AccountHolderName string `json:"accountHolderName"`
	} `json:"accountHolderData"`
	CardholderName string `json:"cardholderName"`
	Source         string `json:"source"`
	ValidUntil     string `json:"dataValidUntilTimestamp"`
}

// digits keeps a PAN out of strings, which cannot be wiped.
type digits []byte

// UnmarshalJSON takes a JSON string without escapes.
func (d *digits) UnmarshalJSON(text []byte) error {
	if len(text) < 2 || text[0] != '"' || bytes.ContainsRune(text, '\\') {
		return errors.New("not a plain string")
	}
	*d = bytes.Clone(text[1 : len(text)-1])
	return nil
}

// ParseCardData reads the plaintext of a payload; no program of walletport calls it
// yet. The error is CodeInvalid, reason card_data_malformed, and names the member and
// the rule, never a value: it is for the operator who holds the key, not for a peer
// (see IIDD.Open).
func ParseCardData(shape Shape, text []byte) (CardData, error) {
	var wire cardDataJSON
	err := unmarshalObject(text, &wire)
	defer func() { clear(wire.AccountNumber); clear(wire.CardAccountData.AccountNumber) }()
	if err != nil {
		return CardData{}, errPlaintext("plaintext", "must be a JSON object with string members")
	}
	account, path, name := wire.accountJSON, "", wire.CardholderName
	if shape == FundingAccountInfo {
		account, path, name = wire.CardAccountData, "cardAccountData.", wire.AccountHolderData.AccountHolderName
	}
	card := CardData{Source: wire.Source, CardholderName: walletport.NewPrivate(name)}
	if wire.Source == "" {
		return CardData{}, errPlaintext("source", "is missing")
	}
	if wire.ValidUntil != "" {
		if card.ValidUntil, err = parseTimestamp(wire.ValidUntil); err != nil {
			return CardData{}, errPlaintext("dataValidUntilTimestamp", "must be ISO 8601 with a zone")
		}
	}
	card.PAN, card.Expiry, err = account.decode(path)
	if err != nil {
		return CardData{}, err
	}
	return card, nil
}

func (a accountJSON) decode(path string) (walletport.PAN, walletport.Expiry, error) {
	expiry, err := walletport.ParseExpiry(a.ExpiryMonth, "20"+a.ExpiryYear)
	if err != nil {
		return walletport.PAN{}, walletport.Expiry{}, errPlaintext(path+"expiryMonth, "+path+"expiryYear", "must be two digits each, MM and YY")
	}
	pan, err := walletport.ParsePAN([]byte(a.AccountNumber))
	if err != nil {
		return walletport.PAN{}, walletport.Expiry{}, errPlaintext(path+"accountNumber", "must be 12 to 19 digits with a right check digit")
	}
	return pan, expiry, nil
}

func errPlaintext(field, rule string) *walletport.Error {
	err := walletport.ErrField("card_data_malformed", field, rule)
	err.Message = "the decrypted card data is malformed: " + err.Message
	return err
}

// isPresent tells a member from an absent or null one.
func isPresent(raw json.RawMessage) bool { return len(raw) > 0 && !bytes.Equal(raw, []byte("null")) }

// isObject reports whether text is one JSON object.
func isObject(text []byte) bool {
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(text)
}

// unmarshalObject decodes one JSON object. json.Unmarshal alone also takes null.
func unmarshalObject(text []byte, to any) error {
	if !isObject(text) {
		return errors.New("not a JSON object")
	}
	return json.Unmarshal(text, to)
}
