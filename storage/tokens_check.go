package storage

import (
	"errors"
	"fmt"
	"time"

	"github.com/walletport/walletport"
)

// openChangePause is after how long it is worth trying again to change a token that is being
// changed: mostly its scheme has answered then.
const openChangePause = 3 * time.Second

// ErrTokenChangeInProgress returns the answer for a change of a token while another one is
// not resolved, which it names. Of one that was resolved meanwhile it says nothing.
func ErrTokenChangeInProgress(open TokenChange) *walletport.Error {
	text := "another change of the token is under way"
	if open.State.IsOpen() {
		text += fmt.Sprintf(": %s, change %s, since %s", open.Action, open.ID, open.Since.UTC().Format(time.RFC3339))
	}
	return walletport.Errorf(walletport.CodeConflict, "token_change_in_progress", "%s", text).WithRetryAfter(openChangePause)
}

// CheckSeen returns CodeInvalid, reason text_malformed, for text that not every engine can
// keep. Tokens that a caller should not have put are its fault and CodeInternal: a
// reference that breaks its rule or comes twice, no moment as of which it was seen, a card
// number in any text.
func CheckSeen(seen []SeenToken) error {
	refs := make(map[walletport.TokenRef]struct{}, len(seen))
	for i := range seen {
		s := &seen[i]
		if _, twice := refs[s.Ref]; twice {
			return errors.New("a token was put twice in one call")
		}
		refs[s.Ref] = struct{}{}
		if err := checkToken(&s.Token); err != nil {
			return err
		}
		if err := checkOutsideTexts("a token", s.By); err != nil {
			return err
		}
	}
	return nil
}

func checkToken(t *Token) error {
	if rule := t.Ref.Rule(); rule != "" {
		return errors.New(rule)
	}
	if t.Issuer == "" || t.Status == "" || t.AsOf.IsZero() {
		return errors.New("a token lacks its issuer, its status, or the moment as of which it is known")
	}
	n := &t.Number
	for _, part := range []struct {
		digits string
		count  int
	}{{n.FirstSix, 6}, {n.LastFour, 4}} {
		if part.digits != "" && (len(part.digits) != part.count || !walletport.IsDigits(part.digits)) {
			return fmt.Errorf("of a token's number %d digits are kept in clear", part.count)
		}
	}
	if isHalfEnvelope(n.Sealed, n.WrappedKey, n.KEK) {
		return errors.New("a sealed number comes with its data key and the id of the key that wrapped it")
	}
	if walletport.IsPAN(t.PANReference) {
		return errors.New("a reference of a card number is a card number")
	}
	for _, h := range t.Holders {
		if err := checkOutsideTexts("a token", string(h)); err != nil {
			return err
		}
	}
	c := &t.Change
	if err := checkText(t.PANReference); err != nil { // no free text: digits in it are its own
		return err
	}
	return checkOutsideTexts("a token", string(t.Issuer), t.Wallet, string(t.Status), t.DeviceName, t.DeviceType, n.KEK, t.Source,
		c.ID, string(c.Action), string(c.Reason), string(c.By), c.Client, string(c.Channel), c.Outcome)
}

// CheckTokenHistory is CheckSeen of entries.
func CheckTokenHistory(entries []TokenHistoryEntry) error {
	for i := range entries {
		e := &entries[i]
		if e.Token == 0 || e.At.IsZero() || e.What == "" {
			return errors.New("an entry of a token's history lacks its token, its time or what it tells")
		}
		err := checkOutsideTexts("a token", string(e.What), e.From, e.To, e.By, string(e.Channel), string(e.Reason),
			e.ChangeID, string(e.Action), e.Answer, e.Reference)
		if err != nil {
			return err
		}
	}
	return nil
}
