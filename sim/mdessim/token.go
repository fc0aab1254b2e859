package mdessim

import (
	"encoding/hex"
	"time"

	"github.com/walletport/walletport/sim"
)

// TokenStatus is the state of a token, in MDES's words.
type TokenStatus string

// The states a new token can be in.
const (
	StatusInactive TokenStatus = "INACTIVE" // made, waiting for a step-up
	StatusActive   TokenStatus = "ACTIVE"
)

// Token is a token of the simulated scheme. It holds no PAN, neither the card's
// nor its own.
type Token struct {
	TokenUniqueReference string      `json:"tokenUniqueReference"` // 48 characters
	PANUniqueReference   string      `json:"panUniqueReference"`   // 48 characters, the same for every token of a card
	Status               TokenStatus `json:"status"`
	TokenRequestorID     string      `json:"tokenRequestorId"`
	WalletProvider       string      `json:"walletProvider"`
	AccountPANSuffix     string      `json:"accountPanSuffix"` // last four digits of the card
	CreatedAt            time.Time   `json:"createdAt"`
	ActivatedAt          *time.Time  `json:"activatedAt,omitempty"`
}

// requestor is who asks for a token.
type requestor struct{ id, wallet string }

// makeToken records a token: INACTIVE if a step-up is due.
func (s *Scheme) makeToken(number sim.CardNumber, by requestor, needsStepUp bool) (*Token, error) {
	tur, err := sim.DrawReference(s.rand, spell(prefixTUR))
	if err != nil {
		return nil, err
	}
	now := s.now().UTC()
	token := Token{
		TokenUniqueReference: tur,
		PANUniqueReference:   s.ledger.PANReference(number, spell(prefixPUR)),
		Status:               StatusInactive,
		TokenRequestorID:     by.id,
		WalletProvider:       by.wallet,
		AccountPANSuffix:     number.LastFour(),
		CreatedAt:            now,
	}
	if !needsStepUp {
		token.Status, token.ActivatedAt = StatusActive, &now
	}
	if err := s.ledger.Append(token); err != nil {
		return nil, err
	}
	return &token, nil
}

// The form of MDES's references: six letters and 42 characters, ten of them
// zero, the rest hex.
const (
	prefixTUR      = "DWSPMC0000000000"
	prefixPUR      = "FWSPMC0000000000"
	referenceBytes = 16
)

func spell(prefix string) func([]byte) string {
	return func(raw []byte) string { return prefix + hex.EncodeToString(raw[:referenceBytes]) }
}
