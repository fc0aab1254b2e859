package vtssim

import (
	"time"

	"github.com/walletport/walletport/sim"
)

// TokenStatus is the state of a token, in VTS's words.
type TokenStatus string

// The states a new token can be in.
const (
	StatusInactive TokenStatus = "INACTIVE" // made, waiting for a step-up
	StatusActive   TokenStatus = "ACTIVE"
)

// Token is a token of the simulated scheme, with the member names of VTS. It holds
// no PAN, neither the card's nor its own.
type Token struct {
	TokenReferenceID   string      `json:"tokenReferenceID"` // DNITHE and 18 digits
	PANReferenceID     string      `json:"panReferenceID"`   // V- and 22 digits, the same for every token of a card
	Status             TokenStatus `json:"tokenStatus"`
	TokenRequestorID   string      `json:"tokenRequestorID"`
	TokenRequestorName string      `json:"tokenRequestorName"`
	LastFourOfPAN      string      `json:"lastFourOfPAN"`
	// DeviceID is the wallet's; "" where it names none.
	DeviceID       string     `json:"deviceID,omitempty"`
	CreatedAt      time.Time  `json:"tokenCreationDate"`
	ActivationDate *time.Time `json:"tokenActivationDate,omitempty"`
}

// requestor is who asks for a token.
type requestor struct{ id, wallet, device string }

// makeToken records a token: INACTIVE if a step-up is due.
func (s *Scheme) makeToken(number sim.CardNumber, by requestor, needsStepUp bool) (*Token, error) {
	reference, err := sim.DrawReference(s.rand, spell(prefixToken, tokenDigits))
	if err != nil {
		return nil, err
	}
	now := s.now().UTC()
	token := Token{
		TokenReferenceID:   reference,
		PANReferenceID:     s.ledger.PANReference(number, spell(prefixPAN, panDigits)),
		Status:             StatusInactive,
		TokenRequestorID:   by.id,
		TokenRequestorName: by.wallet,
		LastFourOfPAN:      number.LastFour(),
		DeviceID:           shownDevice(by.device, number),
		CreatedAt:          now,
	}
	if !needsStepUp {
		token.Status, token.ActivationDate = StatusActive, &now
	}
	if err := s.ledger.Append(token); err != nil {
		return nil, err
	}
	return &token, nil
}

// The form of VTS's references, as samples show it.
const (
	prefixToken = "DNITHE"
	tokenDigits = 18
	prefixPAN   = "V-"
	panDigits   = 22
)

// spell writes a reference of digits. Reducing bytes to digits prefers 0 to 5 a
// little, which does no harm to a name.
func spell(prefix string, digits int) func([]byte) string {
	return func(raw []byte) string {
		text := []byte(prefix)
		for _, b := range raw[:digits] {
			text = append(text, '0'+b%10)
		}
		return string(text)
	}
}
