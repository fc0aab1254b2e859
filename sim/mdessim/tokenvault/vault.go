package tokenvault

import (
	"encoding/hex"
	"io"
	"slices"
	"time"

	"github.com/walletport/walletport"
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
	ledger, err := sim.OpenLedger(dir, func(t Token) string { return t.TokenUniqueReference }, rand)
	if err != nil {
		return nil, err
	}
	return &Vault{ledger, rand, now}, nil
}

// Close closes the vault's files.
func (v *Vault) Close() error { return v.ledger.Close() }

func (v *Vault) clock() time.Time { return v.now().UTC() }

// Digitization is a card that becomes a token.
type Digitization struct {
	Number           sim.CardNumber
	ExpiryMMYY       string
	TokenRequestorID string // 11 digits
	Wallet           string
	NeedsStepUp      bool // the token starts INACTIVE
}

// Digitize makes a token, or revives the one that was removed from the same phone: a
// simulated wallet is one phone. Errors: CodeUnavailable, reason store_unavailable;
// CodeInternal, reason random.
func (v *Vault) Digitize(d Digitization) (Token, error) {
	now := v.clock()
	card := v.PANReference(d.Number)
	removed, ok := v.ledger.Find(func(t Token) bool {
		_, err := t.revive(d.NeedsStepUp, now)
		return err == nil && t.PANUniqueReference == card && t.TokenRequestorID == d.TokenRequestorID && t.WalletProvider == d.Wallet
	})
	if ok {
		revived, err := v.ledger.Change(removed.TokenUniqueReference, func(t Token) (Token, error) { return t.revive(d.NeedsStepUp, now) })
		if walletport.CodeOf(err) != walletport.CodeConflict { // else somebody else changed it meanwhile
			return revived, err
		}
	}
	reference, err := sim.DrawReference(v.rand, spell(prefixTUR))
	if err != nil {
		return Token{}, err
	}
	token := Token{
		TokenUniqueReference: reference,
		PANUniqueReference:   card,
		Status:               StatusInactive,
		TokenRequestorID:     d.TokenRequestorID,
		WalletProvider:       d.Wallet,
		AccountPANSuffix:     d.Number.LastFour(),
		CreatedAt:            now,
		AccountExpiry:        d.ExpiryMMYY,
	}
	if !d.NeedsStepUp {
		token.Status, token.ActivatedAt = StatusActive, &now
	}
	return token, v.ledger.Append(token)
}

// Apply does an act on a token. Errors: CodeNotFound, reason token_unknown; CodeConflict,
// reasons token_status and token_workflow; CodeUnavailable, reason store_unavailable.
func (v *Vault) Apply(reference string, a Act) (Token, error) {
	return v.ledger.Change(reference, func(t Token) (Token, error) { return t.apply(a, v.clock()) })
}

// Tokens returns every token that is meant, oldest first; nil means all.
func (v *Vault) Tokens(isMeant func(Token) bool) []Token {
	now, meant := v.clock(), []Token{}
	for _, t := range v.ledger.All() {
		if t = t.at(now); isMeant == nil || isMeant(t) {
			meant = append(meant, t)
		}
	}
	return meant
}

// Token returns the token of that reference.
func (v *Vault) Token(reference string) (Token, bool) {
	versions := v.ledger.Versions(reference)
	if len(versions) == 0 {
		return Token{}, false
	}
	return versions[len(versions)-1].at(v.clock()), true
}

// History returns what a token has been, oldest first, each version with what made it.
func (v *Vault) History(reference string) []Token {
	versions := v.ledger.Versions(reference)
	if len(versions) == 0 {
		return nil
	}
	if last := versions[len(versions)-1].at(v.clock()); last.Status != versions[len(versions)-1].Status {
		versions = append(versions, last)
	}
	for i := range versions {
		change := versions[i].change()
		versions[i].Change = &change
	}
	return versions
}

// Commented returns the token that a change with this comment was made of.
func (v *Vault) Commented(commentID string) (Token, bool) {
	for _, t := range v.Tokens(nil) {
		if slices.ContainsFunc(v.ledger.Versions(t.TokenUniqueReference), func(version Token) bool {
			return commentID != "" && version.change().CommentID == commentID
		}) {
			return t, true
		}
	}
	return Token{}, false
}

// LastComment returns the id of the newest comment on a token, "" without any.
func (v *Vault) LastComment(reference string) string {
	for _, version := range slices.Backward(v.ledger.Versions(reference)) {
		if id := version.change().CommentID; id != "" {
			return id
		}
	}
	return ""
}

// PANReference returns the panUniqueReference of a card.
func (v *Vault) PANReference(number sim.CardNumber) string {
	return v.ledger.PANReference(number, spell(prefixPUR))
}

// Number returns the token's own number, 16 digits, which is written nowhere.
func (v *Vault) Number(t Token) sim.CardNumber {
	return sim.NewCardNumber(v.ledger.PANReference(sim.NewCardNumber(t.TokenUniqueReference), func(hash []byte) string {
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

// The form of MDES's references: six letters and 42 characters, ten of them zero, the rest
// hex. Token numbers are of one range.
const (
	prefixTUR      = "DWSPMC0000000000"
	prefixPUR      = "FWSPMC0000000000"
	referenceBytes = 16
	tokenRange     = "520473"
)

func spell(prefix string) func([]byte) string {
	return func(raw []byte) string { return prefix + hex.EncodeToString(raw[:referenceBytes]) }
}
