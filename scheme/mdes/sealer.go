package mdes

import (
	"errors"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// Sealer makes the IIDD of a card by one profile. It is immutable and safe for
// concurrent use; a call costs one RSA public and one RSA private operation and a
// few microseconds.
type Sealer struct {
	profile Profile
	source  string
	tav     tavFormat
}

var _ scheme.CardSealer = (*Sealer)(nil)

// NewSealer checks the profile and prepares what does not change between calls.
func NewSealer(p Profile) (*Sealer, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	source := p.Source
	if source == "" {
		source = pushSource[p.Shape]
	}
	return &Sealer{profile: p, source: source, tav: newTAVFormat(p)}, nil
}

// Scheme returns walletport.Mastercard.
func (s *Sealer) Scheme() walletport.SchemeID { return walletport.Mastercard }

// Shape returns the Shape of the profile.
func (s *Sealer) Shape() string { return string(s.profile.Shape) }

// CheckClient implements scheme.CardSealer: MDES takes no id of a client.
func (s *Sealer) CheckClient(scheme.Client) error { return nil }

// SealCard returns the IIDD: compact UTF-8 JSON, not base64, without HTML escapes.
// A zero Signer leaves the TAV out. A cardholder's name is cut after 27
// characters. Errors by class:
//
//   - CodeForbidden, card_data_unusable: MDES would refuse the card's data
//   - CodeUnavailable, key_unusable: a key of the wrong kind or size, without the
//     certificate that the fingerprint wants, or with a wrong alias
//   - CodeUnavailable, signing_unavailable: the custodian did not sign
func (s *Sealer) SealCard(in scheme.SealInput) ([]byte, error) {
	if in.Now.IsZero() || in.Rand == nil {
		return nil, errors.New("mdes: SealInput needs Now and Rand")
	}
	if err := checkCard(in.Card); err != nil {
		return nil, err
	}
	payload, err := s.sealPlaintext(in)
	if err != nil {
		return nil, err
	}
	var tav []byte
	if in.Signer.Key != nil {
		if tav, err = s.tav.sign(in); err != nil {
			return nil, err
		}
	}
	return s.appendIIDD(payload, tav), nil
}

// SignTAV returns the TAV alone: standard base64 of its JSON, at most 2048 bytes.
// Its errors are those of SealCard.
func (s *Sealer) SignTAV(in scheme.SealInput) ([]byte, error) {
	if in.Now.IsZero() || in.Signer.Key == nil {
		return nil, errors.New("mdes: SealInput needs Now and Signer for a TAV")
	}
	if err := checkCard(in.Card); err != nil {
		return nil, err
	}
	return s.tav.sign(in)
}

func (s *Sealer) sealPlaintext(in scheme.SealInput) (_ Payload, err error) {
	p := plaintext{card: in.Card, source: s.source}
	if s.profile.CardholderName {
		if p.name, err = nameForMDES(in.Card.CardholderName.Reveal()); err != nil {
			return Payload{}, err
		}
	}
	if s.profile.DataValidity > 0 {
		p.validUntil = in.Now.Add(s.profile.DataValidity)
	}
	text := make([]byte, 0, plaintextBytes)
	if s.profile.Shape == FundingAccountInfo {
		text = appendFundingAccount(text, p)
	} else {
		text = appendCardInfo(text, p)
	}
	payload, err := s.profile.encryption().Seal(in.Rand, in.Recipient, text)
	clear(text)
	return payload, err
}

func (s *Sealer) appendIIDD(payload Payload, tav []byte) []byte {
	const framing = 400 // member names, punctuation, fingerprint
	e := payload.Envelope
	size := framing + 2*(len(e.WrappedKey)+len(e.IV)+len(e.Ciphertext)+len(e.Tag)+len(e.AAD)) + len(tav)
	dst := make([]byte, 0, size)
	if s.profile.Shape == FundingAccountInfo {
		dst = append(dst, `{"fundingAccountInfo":{"encryptedPayload":`...)
		dst = append(appendPayload(dst, payload, s.profile), '}')
	} else {
		dst = append(dst, `{"cardInfo":`...)
		dst = appendPayload(dst, payload, s.profile)
	}
	if tav != nil {
		dst = append(dst, `,"tokenizationAuthenticationValue":"`...)
		dst = append(dst, tav...)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}
