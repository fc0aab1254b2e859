package storage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
)

// MaxWordDelay is longer than any question to a scheme is under way. Where what is stored is
// of a moment that is later than now, or than a newer word, by more than this, the
// database's clock was set back.
const MaxWordDelay = time.Minute

// IsNewerWord reports whether a scheme's word as of one moment takes the place of what is
// stored as of another: it does when it is later, in milliseconds, and after the clock was
// set back by more than MaxWordDelay. Else a row would keep an old word until the clock has
// come again to where it was.
func IsNewerWord(word, stored time.Time) bool {
	ahead := stored.UnixMilli() - word.UnixMilli()
	return ahead < 0 || ahead > MaxWordDelay.Milliseconds()
}

// SeeToken returns the row that PutTokens stores where old stands and seen was shown, and
// what is entered into the history. Nothing is stored where the outcome says that the row
// is left alone.
//
// What the scheme did not say this time stays as it was: an empty or zero field is not
// told, for a list says less of a token than the token's own page. Holders that are nil are
// not told either; they stay while the token is suspended. Empty ones are nobody.
func SeeToken(old Token, seen SeenToken) (Token, []TokenHistoryEntry, PutOutcome) {
	switch {
	case old.Issuer != seen.Issuer:
		return old, nil, TokenOtherIssuer
	case !IsNewerWord(seen.AsOf, old.AsOf):
		return old, nil, TokenOlder
	}
	next := merge(old, seen.Token)
	entries := differences(&old, &next)
	for i := range entries {
		sign(&entries[i], old.ID, seen)
	}
	if len(entries) == 0 {
		return next, nil, TokenConfirmed
	}
	return next, entries, TokenChanged
}

// FirstSight returns the row of a token that was not known, and its first entry.
func FirstSight(seen SeenToken) (Token, TokenHistoryEntry) {
	next := seen.Token
	next.ID, next.Change = 0, TokenChange{}
	settle(&next)
	entry := TokenHistoryEntry{What: TokenSeen, To: string(next.Status)}
	sign(&entry, 0, seen)
	return next, entry
}

func sign(e *TokenHistoryEntry, id walletport.TokenID, seen SeenToken) {
	e.Token, e.At, e.By, e.Channel = id, seen.AsOf, seen.By, ChannelScheme
}

// merge returns old with all that seen tells.
func merge(old, seen Token) Token {
	next := seen
	next.ID, next.Ref, next.Issuer, next.Change = old.ID, old.Ref, old.Issuer, old.Change
	keep(&next.CardID, old.CardID)
	keep(&next.PANReference, old.PANReference)
	keep(&next.Wallet, old.Wallet)
	keep(&next.RequestedAt, old.RequestedAt)
	keep(&next.Expiry, old.Expiry)
	keep(&next.DeviceName, old.DeviceName)
	keep(&next.DeviceType, old.DeviceType)
	next.Number = mergeNumber(old.Number, seen.Number)
	if seen.Holders == nil && seen.Status == walletport.TokenSuspended {
		next.Holders = old.Holders
	}
	settle(&next)
	switch {
	case !seen.StatusSince.IsZero():
	case seen.Status == old.Status:
		next.StatusSince = old.StatusSince
	default:
		next.StatusSince = seen.AsOf // at the latest
	}
	return next
}

// settle gives a row its one form: holders in the order of their names, each once, and
// nothing personal without a card. Engines do the latter to the rows of a card that goes.
func settle(t *Token) {
	t.Holders = inOrder(t.Holders)
	if t.CardID == 0 {
		t.PANReference, t.DeviceName, t.Number = "", "", TokenNumber{}
	}
}

// keep puts what was known in the place of what is not told.
func keep[T comparable](next *T, old T) {
	var untold T
	if *next == untold {
		*next = old
	}
}

// mergeNumber keeps a sealed number as long as the digits that are told are its own.
func mergeNumber(old, seen TokenNumber) TokenNumber {
	same := seen.LastFour == "" || seen.LastFour == old.LastFour
	if len(seen.Sealed) == 0 && same {
		return old
	}
	return seen
}

func inOrder(holders []walletport.Holder) []walletport.Holder {
	if len(holders) == 0 {
		return nil
	}
	holders = slices.Clone(holders)
	slices.Sort(holders)
	return slices.Compact(holders)
}

// differences are the entries that tell next from old.
func differences(old, next *Token) []TokenHistoryEntry {
	var entries []TokenHistoryEntry
	enter := func(what TokenEvent, differ bool, from, to string) {
		if differ {
			entries = append(entries, TokenHistoryEntry{What: what, From: from, To: to})
		}
	}
	enter(TokenStatusChanged, old.Status != next.Status, string(old.Status), string(next.Status))
	enter(TokenHoldersChanged, !slices.Equal(old.Holders, next.Holders), listHolders(old.Holders), listHolders(next.Holders))
	enter(TokenCardChanged, old.CardID != next.CardID, cardText(old.CardID), cardText(next.CardID))
	enter(TokenExpiryChanged, old.Expiry != next.Expiry, old.Expiry.YearMonth(), next.Expiry.YearMonth())
	enter(TokenDeviceChanged, old.DeviceName != next.DeviceName || old.DeviceType != next.DeviceType, "", "")
	enter(TokenNumberChanged, old.Number.LastFour != next.Number.LastFour, "", "")
	return entries
}

func listHolders(holders []walletport.Holder) string {
	names := make([]string, len(holders))
	for i, h := range holders {
		names[i] = string(h)
	}
	return strings.Join(names, ",")
}

func cardText(id walletport.CardID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

// ChangeToken returns what change makes of old, with what stays of it: the row that
// TokensTx.UpdateToken stores. ID, Ref and Issuer stay as they are. An error of change is
// returned as it is and changes nothing.
//
// While a change is open, another one is CodeConflict, reason token_change_in_progress. Of
// the same change only State and Outcome can move, and only on: from asked to unknown, and
// from both to done or not_done, where it ends. Whatever else is done to a Change, and an
// AsOf that goes back (but see IsNewerWord), is the caller's fault and CodeInternal.
func ChangeToken(old Token, change func(Token) (Token, error)) (Token, error) {
	next, err := change(old)
	if err != nil {
		return Token{}, err
	}
	next.ID, next.Ref, next.Issuer = old.ID, old.Ref, old.Issuer
	settle(&next)
	if next.AsOf.UnixMilli() != old.AsOf.UnixMilli() && !IsNewerWord(next.AsOf, old.AsOf) {
		return Token{}, fmt.Errorf("token %s is of %s and cannot become one of %s", old.ID, old.AsOf.Format(time.RFC3339Nano), next.AsOf.Format(time.RFC3339Nano))
	}
	if next.Change, err = old.Change.becomes(next.Change); err != nil {
		return Token{}, err
	}
	return next, checkToken(&next)
}

// becomes returns the change that stands after c.
func (c TokenChange) becomes(next TokenChange) (TokenChange, error) {
	switch {
	case next.ID == c.ID:
		if next.State != c.State && !c.State.leadsTo(next.State) {
			return c, fmt.Errorf("a change of a token that is %q cannot become %q", c.State, next.State)
		}
		c.State, c.Outcome = next.State, next.Outcome
		return c, nil
	case c.State.IsOpen():
		return c, ErrTokenChangeInProgress(c)
	case next.ID == "" || next.State != ChangeAsked || next.Outcome != "":
		return c, errors.New("a change of a token begins with being asked for")
	}
	return next, nil
}

// leadsTo reports whether a change may move from s to next.
func (s ChangeState) leadsTo(next ChangeState) bool {
	switch next {
	case ChangeDone, ChangeNotDone:
		return s.IsOpen()
	case ChangeUnknown:
		return s == ChangeAsked
	case ChangeAsked:
		return false
	}
	return false
}
