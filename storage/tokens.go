package storage

import (
	"context"
	"time"

	"github.com/walletport/walletport"
)

// Token is what is known of a token of a card. The scheme is the source of truth: AsOf
// says how old this word of it is.
//
// A token outlives its card. When the card is forgotten or deleted, which engines see in
// CardsTx, the row stays, so that the token's id is explained for ever, and what is
// personal goes from it in the same commit: CardID, PANReference, DeviceName and Number
// become zero. Its history has nothing personal of a cardholder.
type Token struct {
	// ID is given by the engine with the row, from a sequence that no deletion and no
	// restart sets back. See walletport.TokenID.
	ID     walletport.TokenID
	Ref    walletport.TokenRef
	Issuer walletport.IssuerID
	CardID walletport.CardID // 0 once there is no such card any more
	// PANReference is the scheme's name for the card number; may be empty.
	PANReference string
	Wallet       string // who keeps the token, as the API lists it; may be empty
	Status       walletport.TokenStatus
	// Holders are those who hold the token suspended, in order, each once. Empty with
	// TokenSuspended: the scheme does not say who.
	Holders     []walletport.Holder
	StatusSince time.Time         // as the scheme says; zero is not known
	RequestedAt time.Time         // when the token was asked for; zero is not known
	Expiry      walletport.Expiry // of the token; zero is not known
	DeviceName  string            // free text of a cardholder; may be empty
	DeviceType  string            // the scheme's own word or code; may be empty
	Number      TokenNumber
	Source      string    // which call of the scheme had the word, such as "search"
	AsOf        time.Time // milliseconds, by the database's clock: see TokensTx.PutTokens
	Change      TokenChange
}

// TokenNumber is the number of a token, sealed as a card's is. A scheme may tell its last
// four digits and no more: then there is nothing sealed.
type TokenNumber struct {
	// Sealed is the number under a data key of its own. What binds it to its row must be
	// there before the row is: issuer and Ref, not the id.
	Sealed     []byte
	WrappedKey []byte // the data key under the KEK
	KEK        string // id of the key that wrapped it; "" without a sealed number
	FirstSix   string
	LastFour   string
}

// ChangeState says how far a change of a token has come.
type ChangeState string

// The states of a change.
const (
	ChangeAsked   ChangeState = "asked"   // meant to be sent to the scheme, or sent
	ChangeUnknown ChangeState = "unknown" // sent, and nobody knows what became of it
	ChangeDone    ChangeState = "done"
	ChangeNotDone ChangeState = "not_done"
)

// IsOpen reports whether the change has yet to be resolved.
func (s ChangeState) IsOpen() bool { return s == ChangeAsked || s == ChangeUnknown }

// TokenChange is the last change of a token that was asked for here: its intent, and then
// its outcome. The next one takes its place, but only once this one is resolved; those
// before are in the history.
type TokenChange struct {
	ID      string // "" is none
	Action  walletport.TokenAction
	State   ChangeState
	Reason  walletport.TokenReason // "" leaves it to the action
	By      walletport.AuditUser
	Client  string // the API client; "" for a command
	Channel TokenChannel
	Since   time.Time // of the intent, milliseconds
	// Outcome is why a change was not done, or why nobody knows, as the reason of an
	// error; "" otherwise.
	Outcome string
}

// TokenChannel says what a change of a token came through.
type TokenChannel string

// The channels.
const (
	ChannelAPI     TokenChannel = "api"
	ChannelCommand TokenChannel = "command"
	ChannelJob     TokenChannel = "job"
	ChannelScheme  TokenChannel = "scheme" // it was so when the scheme was asked, or told us
)

// TokenEvent names what an entry of a token's history tells.
type TokenEvent string

// The events that PutTokens enters, and, by the states of a change, those of a change.
const (
	TokenSeen           TokenEvent = "seen" // for the first time
	TokenStatusChanged  TokenEvent = "status"
	TokenHoldersChanged TokenEvent = "holders" // From and To list them, with commas
	TokenCardChanged    TokenEvent = "card"    // From and To are card ids
	TokenExpiryChanged  TokenEvent = "expiry"  // From and To are YYYY-MM
	TokenDeviceChanged  TokenEvent = "device"  // without the names, which are personal
	TokenNumberChanged  TokenEvent = "number"  // without the numbers

	TokenChangeAsked   = TokenEvent(ChangeAsked) // From is the status, To the one that is wanted
	TokenChangeUnknown = TokenEvent(ChangeUnknown)
	TokenChangeDone    = TokenEvent(ChangeDone)
	TokenChangeNotDone = TokenEvent(ChangeNotDone)
)

// TokenHistoryEntry is one thing that happened to a token.
type TokenHistoryEntry struct {
	Seq      int64 // given by the engine, rising
	Token    walletport.TokenID
	At       time.Time // milliseconds
	What     TokenEvent
	From, To string
	// By is an audit user, or a walletport.Holder where Channel is ChannelScheme; "" is
	// not known.
	By      string
	Channel TokenChannel
	Reason  walletport.TokenReason
	// ChangeID and Action are of the TokenChange that this belongs to; "" for none.
	ChangeID string
	Action   walletport.TokenAction
	Answer   string // the scheme's answer in its own words or codes
	// Reference is the scheme's own id of the change; "" where it gives none.
	Reference string
}

// TokenList is what is known of the tokens of a card.
type TokenList struct {
	Tokens []Token // in id order
	// AsOf is when the scheme was last asked for all of them (TokensTx.TokensListed); zero
	// is never. A card without tokens has it too.
	AsOf time.Time
}

// Tokens keeps tokens and their history. They are changed by TokensTx. The cost of a
// look-up depends neither on how many tokens there are nor on how long their history is.
type Tokens interface {
	// Token returns one token, or CodeNotFound, reason token_not_found.
	Token(ctx context.Context, id walletport.TokenID) (Token, error)
	// TokenByRef returns the token of that reference, or CodeNotFound, reason
	// token_not_found.
	TokenByRef(ctx context.Context, ref walletport.TokenRef) (Token, error)
	// TokensOfCard returns all tokens of a card. An unknown card has none.
	TokensOfCard(ctx context.Context, card walletport.CardID) (TokenList, error)
	// TokenHistory returns up to limit entries of a token, the newest first: those with a
	// Seq below before, or from the newest on if before is 0.
	TokenHistory(ctx context.Context, id walletport.TokenID, before int64, limit int) ([]TokenHistoryEntry, error)
	// TokensInChange returns up to limit tokens with an open change and ids above after,
	// in id order. It costs what it finds.
	TokensInChange(ctx context.Context, after walletport.TokenID, limit int) ([]Token, error)
}

// TokenNumbers goes through the sealed numbers of tokens by the thousand, for re-wraps and
// verification. Single ones are changed by TokensTx.
type TokenNumbers interface {
	// TokensAfter returns up to limit tokens with ids above after, in id order, with a
	// number or without.
	TokensAfter(ctx context.Context, after walletport.TokenID, limit int) ([]Token, error)
	// TokensWrappedBy returns up to limit tokens whose number's data key is wrapped by
	// kek, with ids above after, in id order: the work list of a re-wrap.
	TokensWrappedBy(ctx context.Context, kek string, after walletport.TokenID, limit int) ([]Token, error)
	// TokenKEKs returns the ids of the keys that wrap data keys of token numbers. It costs
	// one look-up a key.
	TokenKEKs(ctx context.Context) ([]string, error)
	// RewrapTokens replaces wrapped keys in one transaction, each only where the stored
	// wrapped key still equals Old, and returns how many it replaced.
	RewrapTokens(ctx context.Context, changes []TokenRewrapping) (int, error)
}

// TokensTx changes tokens.
type TokensTx interface {
	// PutTokens stores tokens as a scheme has shown them, and enters into their history
	// what is new, as SeeToken has it. It says of each, in their order, what came of it. A
	// reference may not come twice (CodeInternal).
	//
	// A row is looked for by the Ref of its token and made where there is none. Ids and
	// changes of what was seen are not looked at. One that was seen as of the same moment
	// as the row, or earlier, is left alone: an old word of the scheme never takes the
	// place of a newer one. So AsOf of an answer that was read is when the question was
	// sent, and that of a change when its answer came: a question that was under way beside
	// a change may have been answered before it. See IsNewerWord for clocks that are set back.
	PutTokens(seen []SeenToken) ([]TokenPut, error)
	// TokensListed notes that all tokens of a card were put as the scheme had them asOf.
	// A moment that is no newer than the one that is noted changes nothing, see IsNewerWord.
	TokensListed(card walletport.CardID, asOf time.Time) error
	// UpdateToken stores what change makes of a token, as ChangeToken has it. An unknown id
	// is CodeNotFound, reason token_not_found.
	UpdateToken(id walletport.TokenID, change func(old Token) (Token, error)) error
	// AddTokenHistory adds entries; Seq is not looked at. They come in the order in which
	// transactions changed their tokens if each has changed its token before. An unknown
	// token is CodeNotFound, reason token_not_found, and none of the entries is added.
	AddTokenHistory(entries ...TokenHistoryEntry) error
}

// SeenToken is a token as its scheme has shown it.
type SeenToken struct {
	Token
	By string // who changed it, as far as the scheme says: a walletport.Holder, or ""
}

// TokenPut says what PutTokens did with one token.
type TokenPut struct {
	ID   walletport.TokenID
	What PutOutcome
}

// PutOutcome is what came of a token that was seen.
type PutOutcome int

// The outcomes.
const (
	TokenAdded   PutOutcome = iota + 1
	TokenChanged            // the history says in what
	TokenConfirmed
	TokenOlder       // left alone: the row is of that moment or a later one
	TokenOtherIssuer // left alone: the row belongs to another issuer
)
