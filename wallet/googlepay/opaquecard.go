package googlepay

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/seal"
	"github.com/walletport/walletport/wallet"
)

// maxSessionIDBytes bounds a free serverSessionId; no source has a limit.
const maxSessionIDBytes = 256

// plaintextBytes holds the longest clear text: a session id of 256 bytes, each
// escaped to at most six. A buffer that grew would leave an unwiped copy behind.
const plaintextBytes = 2048

// CheckServerSessionID reports why text cannot be the id of Google's session:
// CodeInvalid with the field serverSessionId, reason server_session_id_missing or
// server_session_id_malformed. The error never repeats text.
func (e *Encoder) CheckServerSessionID(text string) error {
	switch {
	case text == "":
		return errSessionID("server_session_id_missing", "must be given with an opaque payment card")
	case e.sessionID == UUID && !isUUID(text):
		return errSessionID("server_session_id_malformed", "must be a UUID: 8-4-4-4-12 hex digits")
	case len(text) > maxSessionIDBytes || !walletport.IsPlainText(text):
		return errSessionID("server_session_id_malformed", "must be at most 256 bytes of UTF-8 without control characters")
	}
	return nil
}

func errSessionID(reason, rule string) error {
	return walletport.ErrField(reason, "serverSessionId", rule)
}

// isUUID reports whether text has the textual form of RFC 9562 section 4, in
// either case, of whatever version.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return true
}

// EncodeOpaqueCard returns the opaque payment card in standard base64, padded,
// without line breaks. Errors are those of wallet.OpaqueCardEncoder, and
// CodeForbidden, reason card_data_unusable, for a card without a right expiry.
func (e *Encoder) EncodeOpaqueCard(in wallet.OpaqueCardInput) (string, error) {
	if err := e.CheckServerSessionID(in.ServerSessionID); err != nil {
		return "", err
	}
	if err := checkCard(in.Card); err != nil {
		return "", err
	}
	to, err := e.certificates.parse(in.Recipient)
	if err != nil {
		return "", errKey("opc_recipient_unfit", "Google's OpenPGP certificate cannot be read").WithCause(err)
	}
	from, err := e.certificates.parse(in.Signer.Certificate)
	if err != nil {
		return "", errKey("opc_signer_unfit", "the issuer's OpenPGP certificate cannot be read").WithCause(err)
	}
	plaintext, err := e.appendPlaintext(make([]byte, 0, plaintextBytes), in)
	defer clear(plaintext)
	if err != nil {
		return "", err
	}
	message, err := e.openPGP.Seal(in.Rand, seal.OpenPGPMessage{
		To:        to,
		From:      seal.OpenPGPSigner{Key: in.Signer.Key, Certificate: from},
		Time:      in.Now,
		Plaintext: plaintext,
	})
	if err != nil {
		return "", errSeal(err)
	}
	return base64.StdEncoding.EncodeToString(message), nil
}

func checkCard(card *walletport.Card) error {
	if card == nil || card.PAN.IsZero() {
		return errors.New("googlepay: there is no card")
	}
	if card.Expiry.Rule() != "" {
		return walletport.Errorf(walletport.CodeForbidden, "card_data_unusable", "the card's data does not fit Google Pay: the expiry is 01 to 12, 2000 to 2099")
	}
	return nil
}

// appendPlaintext writes the members in the order of Google's page.
func (e *Encoder) appendPlaintext(dst []byte, in wallet.OpaqueCardInput) ([]byte, error) {
	sessionID, err := json.Marshal(in.ServerSessionID)
	if err != nil {
		return dst, fmt.Errorf("write session id: %w", err)
	}
	dst = append(dst, e.header...)
	dst = append(dst, sessionID...)
	dst = append(dst, `},"paymentCard":{"accountNumber":"`...)
	dst = append(dst, in.Card.PAN.Reveal()...)
	dst = append(dst, `","expiryMonth":"`...)
	dst = append(dst, in.Card.Expiry.MM()...)
	dst = append(dst, `","expiryYear":"`...)
	dst = append(dst, in.Card.Expiry.YY()...)
	return append(dst, `"}}`...), nil
}

// errSeal says whose key an operator has to look at.
func errSeal(err error) error {
	switch {
	case errors.Is(err, seal.ErrRecipientUnfit):
		return errKey("opc_recipient_unfit", "Google's certificate has no RSA encryption subkey of 2048 to 8192 bits and version 4").WithCause(err)
	case errors.Is(err, seal.ErrRecipientExpired):
		return errKey("opc_recipient_expired", "Google's encryption subkey has expired, is revoked or is not valid yet").WithCause(err)
	case errors.Is(err, seal.ErrSignerUnfit):
		return errKey("opc_signer_unfit", "the issuer's certificate does not let its key sign now").WithCause(err)
	case errors.Is(err, seal.ErrNotSigned):
		return walletport.Errorf(walletport.CodeUnavailable, "signing_unavailable", "the key of opaque payment cards cannot sign at this moment").WithCause(err)
	}
	return fmt.Errorf("seal opaque payment card: %w", err)
}

// errKey is about a key that an operator must replace.
func errKey(reason, rule string) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, reason, "an opaque payment card cannot be made, and an operator must replace a key: %s", rule)
}
