package vts

import (
	"errors"
	"fmt"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/seal"
)

// maxJWEChars is the limit of encPaymentInstrument [FIS-V].
const maxJWEChars = 8162

// What a full header says [IAP, BEP, FIS-G].
const (
	headerType             = "JOSE"
	channelSecurityContext = "SHARED_SECRET"
)

// Sealer makes the push payload of a card by one profile. It is immutable and safe
// for concurrent use; a call costs one use of the shared secret and a few
// microseconds.
type Sealer struct {
	profile Profile
}

var _ scheme.CardSealer = (*Sealer)(nil)

// NewSealer checks the profile.
func NewSealer(p Profile) (*Sealer, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return &Sealer{profile: p}, nil
}

// Scheme returns walletport.Visa.
func (s *Sealer) Scheme() walletport.SchemeID { return walletport.Visa }

// Shape returns "": a push payload has one shape.
func (s *Sealer) Shape() string { return "" }

// SealCard returns the compact JWE, at most 8162 characters of ASCII, under the
// secret of in.Recipient (Wrapper and KeyID): alg A256GCMKW, enc A256GCM. What the
// wallet said of itself goes along; Visa compares it with what the enrolling wallet
// says. Billing addresses are not sent: the vault holds none. Errors by class:
//
//   - CodeInvalid, client_app_id_…, client_device_id_…, client_wallet_account_id_…
//     with missing (device and account), too_long, malformed or contains_pan: the
//     fields are named as the API spells them
//   - CodeForbidden, card_data_unusable: Visa would refuse the card's data
//   - CodeUnavailable, key_unusable: no shared secret, or no proper key id
//   - CodeUnavailable, sealing_unavailable: the custodian did not wrap
func (s *Sealer) SealCard(in scheme.SealInput) ([]byte, error) {
	if in.Now.IsZero() || in.Rand == nil {
		return nil, errors.New("vts: SealInput needs Now and Rand")
	}
	if err := checkCard(in.Card); err != nil {
		return nil, err
	}
	if in.Recipient.Wrapper == nil {
		return nil, errKey("a push payload needs a secret that is shared with Visa")
	}
	if in.Recipient.KeyID == "" || !isPlain(in.Recipient.KeyID) {
		return nil, errKey("its alias is the id of Visa's encryption API key, printable ASCII")
	}
	if err := s.checkClient(in.Client, in.Card.PAN); err != nil {
		return nil, err
	}
	content := pushContent{card: in.Card, client: in.Client}
	if s.profile.CardholderName {
		var err error
		if content.name, err = nameForVisa(in.Card.CardholderName); err != nil {
			return nil, err
		}
	}
	text := s.profile.appendPush(make([]byte, 0, content.maxBytes()), content)
	jwe, err := seal.SealJWE(in.Rand, custodian{in.Recipient.Wrapper}, s.header(in), text)
	clear(text)
	if err != nil {
		return nil, err
	}
	if len(jwe) > maxJWEChars {
		return nil, errKey("its alias makes the payload longer than 8162 characters")
	}
	return jwe, nil
}

func (s *Sealer) header(in scheme.SealInput) seal.JWEHeader {
	if s.profile.Header == MinimalHeader {
		return seal.JWEHeader{KeyID: in.Recipient.KeyID}
	}
	return seal.JWEHeader{
		Type:                   headerType,
		KeyID:                  in.Recipient.KeyID,
		ChannelSecurityContext: channelSecurityContext,
		IssuedAt:               in.Now.Unix(),
		IssuedAtQuoted:         s.profile.IssuedAt == JSONString,
	}
}

// custodian says what an error of the wrapper means to the caller.
type custodian struct{ wrapper scheme.KeyWrapper }

func (c custodian) Wrap(key, associatedData []byte) ([]byte, error) {
	wrapped, err := c.wrapper.Wrap(key, associatedData)
	if err != nil {
		return nil, errCustodian(err)
	}
	return wrapped, nil
}
