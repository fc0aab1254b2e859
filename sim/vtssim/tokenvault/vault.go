package tokenvault

import (
	"io"
	"time"

	"github.com/walletport/walletport/sim"
)

// Vault holds the tokens. It is safe for concurrent use within one process; a folder
// belongs to one Vault at a time.
type Vault struct {
	ledger *sim.Ledger[Token]
	rand   io.Reader
	now    func() time.Time
}

// Open opens the vault in dir, and makes it if there is none. Close it after use. Errors
// are those of sim.OpenLedger.
func Open(dir string, rand io.Reader, now func() time.Time) (*Vault, error) {
	ledger, err := sim.OpenLedger(dir, func(t Token) string { return t.TokenReferenceID }, rand)
	if err != nil {
		return nil, err
	}
	return &Vault{ledger, rand, now}, nil
}

// Close closes the vault's files.
func (v *Vault) Close() error { return v.ledger.Close() }

// Provisioning is a card that becomes a token.
type Provisioning struct {
	Number           sim.CardNumber
	TokenRequestorID string // 11 digits
	Wallet           string
	DeviceID         string // "" where the wallet names none; never a card number
	NeedsStepUp      bool   // the token starts INACTIVE
}

// Provision makes a token. Errors: CodeUnavailable, reason store_unavailable; CodeInternal,
// reason random.
func (v *Vault) Provision(p Provisioning) (Token, error) {
	reference, err := sim.DrawReference(v.rand, spell(prefixToken, tokenDigits))
	if err != nil {
		return Token{}, err
	}
	now := v.now().UTC()
	token := Token{
		TokenReferenceID:   reference,
		PANReferenceID:     v.PANReference(p.Number),
		Status:             StatusInactive,
		TokenRequestorID:   p.TokenRequestorID,
		TokenRequestorName: p.Wallet,
		LastFourOfPAN:      p.Number.LastFour(),
		DeviceID:           p.DeviceID,
		CreatedAt:          now,
	}
	if !p.NeedsStepUp {
		token.Status, token.ActivationDate = StatusActive, &now
	}
	return token, v.ledger.Append(token)
}

// Apply does an act on a token. Errors: CodeNotFound, reason token_unknown; CodeConflict,
// reasons token_status_already, token_status and token_not_active; CodeUnavailable, reason
// store_unavailable.
func (v *Vault) Apply(reference string, a Act) (Token, error) {
	return v.ledger.Change(reference, func(t Token) (Token, error) { return t.apply(a, v.now().UTC()) })
}

// Tokens returns every token, oldest first.
func (v *Vault) Tokens() []Token { return v.ledger.All() }

// OfCard returns the tokens of a card by its PAN reference, oldest first; nil of one that
// has none.
func (v *Vault) OfCard(panReference string) (tokens []Token) {
	for _, t := range v.ledger.All() {
		if t.PANReferenceID == panReference {
			tokens = append(tokens, t)
		}
	}
	return tokens
}

// Token returns the token of that reference.
func (v *Vault) Token(reference string) (Token, bool) {
	versions := v.ledger.Versions(reference)
	if len(versions) == 0 {
		return Token{}, false
	}
	return versions[len(versions)-1], true
}

// History returns what was done to a token, oldest first.
func (v *Vault) History(reference string) (done []Change) {
	for _, version := range v.ledger.Versions(reference) {
		done = append(done, version.change())
	}
	return done
}

// PANReference returns the panReferenceID of a card.
func (v *Vault) PANReference(number sim.CardNumber) string {
	return v.ledger.PANReference(number, spell(prefixPAN, panDigits))
}

// Number returns the token's own number, 16 digits, which is written nowhere.
func (v *Vault) Number(t Token) sim.CardNumber {
	return sim.NewCardNumber(v.ledger.PANReference(sim.NewCardNumber(t.TokenReferenceID), func(hash []byte) string {
		digits := []byte(tokenRange)
		for _, b := range hash[:15-len(tokenRange)] {
			digits = append(digits, '0'+b%10)
		}
		for check := byte('0'); ; check++ {
			if number := string(append(digits, check)); sim.HasLuhnDigit(number) {
				return number
			}
		}
	}))
}

// TraceID returns the lifeCycleTraceID of a token's provisioning, 15 digits.
func (v *Vault) TraceID(t Token) string {
	return v.ledger.PANReference(sim.NewCardNumber("trace "+t.TokenReferenceID), spell("1", traceDigits))
}

// The form of VTS's references, as samples show it. Token numbers are of one range.
const (
	prefixToken = "DNITHE"
	tokenDigits = 18
	prefixPAN   = "V-"
	panDigits   = 22
	traceDigits = 14
	tokenRange  = "489537"
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
