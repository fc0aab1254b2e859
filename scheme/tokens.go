package scheme

import (
	"crypto"
	"io"
	"time"

	"github.com/walletport/walletport"
)

// TokenManager asks a scheme for the tokens of a card and changes them. It makes requests
// and reads answers and sends nothing. Implementations are immutable and safe for
// concurrent use.
//
// Errors of its methods, before anything was sent, are CodeInvalid (the scheme cannot take
// what was given), CodeUnsupported, and CodeUnavailable with reason key_unusable.
type TokenManager interface {
	// Scheme names the scheme whose tokens these are.
	Scheme() walletport.SchemeID
	// CardTokens asks for one page of the tokens of a card. The card number is sealed
	// before CardTokens returns, so that it need not outlive the call.
	CardTokens(in CardTokensInput) (Query[TokenPage], error)
	// Token asks for one token. A token that the scheme does not know, or not as a token of
	// that requestor, is CodeNotFound, reason token_not_at_scheme.
	Token(in TokenInput) (Query[Token], error)
	// ChangeToken asks for a change of one token. Whether it is allowed now is the caller's
	// to know; the scheme may refuse it all the same.
	ChangeToken(in ChangeInput) (Command, error)
	// Judge says what became of a change whose outcome is unknown, from what the scheme
	// has said since. It asks nobody.
	Judge(e Evidence) Judgement
}

// TokenHistorian is a TokenManager whose scheme keeps a history of each token.
type TokenHistorian interface {
	// TokenHistory asks for what happened to one token, oldest first.
	TokenHistory(in TokenInput) (Query[[]TokenEvent], error)
}

// Access is what requests to a scheme are made with: the issuer's keys and the scheme's.
type Access struct {
	// Signer signs requests to Mastercard by OAuth, and its Alias is the consumer key; of
	// Visa it signs what is sealed, and its Alias is the kid.
	Signer    Signer
	Recipient Recipient    // the scheme's key that card numbers are sealed to; Visa's has a KeyID
	Secret    SharedSecret // of Visa: signs requests (x-pay-token)
	Verifiers []Verifier   // of Visa: its keys that it signs answers with, retired ones too
	Openers   []Opener     // of Visa: the issuer's keys that answers are sealed to, retired ones too
	// Login is "user:password" of Basic authentication, where Visa knows the issuer by its
	// client certificate and not by a signature.
	Login walletport.Private
}

// SharedSecret is a secret that the issuer shares with the scheme.
type SharedSecret struct {
	MAC   MAC
	KeyID string // the name the scheme knows the secret by: Visa's API key
}

// MAC computes a keyed digest.
type MAC interface {
	// Sum returns the 32-byte HMAC-SHA-256 of data.
	Sum(data []byte) []byte
}

// Verifier is a public key of the scheme's, by which its signatures are checked.
type Verifier struct {
	Public crypto.PublicKey
	KeyID  string // the kid that a signature names
}

// Opener is a key of the issuer's that opens what the scheme sealed.
type Opener struct {
	Key   crypto.Decrypter // RSA-OAEP
	KeyID string           // the kid that an envelope names
}

// CardTokensInput is everything that a question for a card's tokens depends on.
type CardTokensInput struct {
	Access Access
	By     walletport.AuditUser // on whose behalf
	PAN    walletport.PAN
	After  string // TokenPage.Next of the page before; "" asks for the first
	Now    time.Time
	Rand   io.Reader
}

// TokenPage is a part of a card's tokens.
type TokenPage struct {
	Tokens []Token
	Next   string // what asks for the next page; "" on the last
}

// TokenInput is everything that a question about one token depends on.
type TokenInput struct {
	Access Access
	By     walletport.AuditUser
	Ref    walletport.TokenRef
}

// ChangeInput is everything that a change of a token depends on.
type ChangeInput struct {
	Access Access
	By     walletport.AuditUser
	Ref    walletport.TokenRef
	Action walletport.TokenAction
	Reason walletport.TokenReason // "" leaves it to the action
	Note   string                 // for those who read the scheme's history; may be empty. See CheckNote
}

// Token is what a scheme says of one token. What it did not say is zero.
type Token struct {
	Ref          walletport.TokenRef
	PANReference string // the scheme's name for the card number
	// Status is empty where the scheme used a word that is not known here: what the token
	// was before is the better guess.
	Status walletport.TokenStatus
	// Holders are those who hold the token suspended, each once. Empty with
	// TokenSuspended: the scheme does not say who.
	Holders []walletport.Holder
	// Brief: the scheme has more to say when asked for this token alone.
	Brief bool

	Number       walletport.PAN // the whole number of the token; zero where the scheme gives a part only
	LastFour     string         // of the token's number
	Expiry       walletport.Expiry
	CardLastFour string // of the card that the token stands for now

	Requestor     string // who asked for the token, as people know it ("Apple Pay")
	WalletID      string // the scheme's id of the wallet
	Device        Device
	CorrelationID string // ties the messages of one provisioning

	RequestedAt time.Time
	ActivatedAt time.Time
	StatusSince time.Time
}

// Device is what a token lives on, as the wallet named it.
type Device struct {
	ID   string // may be masked
	Name string // free text of a cardholder
	Type string // the scheme's own word or code
}

// TokenEvent is one entry of a token's history at the scheme.
type TokenEvent struct {
	Status    walletport.TokenStatus // what the token became; see Token
	At        time.Time
	By        walletport.Holder // who did it
	Reason    string            // the scheme's own word or code
	Reference string            // see Outcome
	User      string            // on whose behalf, as the request said
}

// Evidence is what is known of a change that got no answer.
type Evidence struct {
	Action walletport.TokenAction
	By     walletport.AuditUser
	SentAt time.Time
	Now    time.Time // when the scheme was asked last
	// Token is the scheme's answer after SentAt; nil: the scheme no longer knows the token.
	Token *Token
	// History was asked for after Token was; empty without HasHistory.
	History    []TokenEvent
	HasHistory bool
	// Earlier are changes of this token that ended before this one was sent, but for those
	// that the scheme refused, so that no entry of theirs is taken for one of this change.
	// Those before them ended at EarlierEnd at the latest; it is zero if there are none.
	Earlier    []EarlierChange
	EarlierEnd time.Time
}

// EarlierChange is a change that the scheme may have an entry of in its history.
type EarlierChange struct {
	Action    walletport.TokenAction
	Reference string    // see Outcome; empty where it never became known
	EndedAt   time.Time // when its outcome was written down here
}

// Verdict says what became of a change.
type Verdict int

// The verdicts.
const (
	AskLater   Verdict = iota // it may yet be under way: ask again later
	AskHistory                // the token alone does not tell: ask for its history too
	WasDone
	WasNotDone // and will not be: it may be sent again
)

// Judgement is a verdict and the scheme's id of the change, where it is known.
type Judgement struct {
	Verdict   Verdict
	Reference string // see Outcome
}
