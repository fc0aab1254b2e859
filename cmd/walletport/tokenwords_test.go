package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

// someMoment is what the database's clock says in tests of texts.
var someMoment = time.Date(2026, 11, 29, 17, 4, 5, 0, time.UTC)

func TestAgeText(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		age  time.Duration
		want string
	}{
		{-time.Hour, "just now"},
		{0, "just now"},
		{999 * time.Millisecond, "just now"},
		{time.Second, "1 second ago"},
		{59 * time.Second, "59 seconds ago"},
		{2*time.Minute + 59*time.Second, "2 minutes ago"},
		{time.Hour, "1 hour ago"},
		{47 * time.Hour, "1 day ago"},
		{29 * day, "29 days ago"},
		{364 * day, "12 months ago"},
		{800 * day, "2 years ago"},
	} {
		t.Run(c.want, func(t *testing.T) {
			if got := ageText(someMoment.Add(-c.age), someMoment); got != c.want {
				t.Errorf("%v is %q, want %q", c.age, got, c.want)
			}
		})
	}
	if got := ageText(time.Time{}, someMoment); got != "" {
		t.Errorf("a moment that is not known is %q", got)
	}
}

// TestEveryWordIsKnown to the texts for people.
func TestEveryWordIsKnown(t *testing.T) {
	for _, s := range walletport.TokenStatuses() {
		if got := statusText(s); got == string(s) {
			t.Errorf("%s is shown as it is", s)
		}
	}
	for _, h := range walletport.Holders() {
		if got := partyName(string(h)); got == string(h) {
			t.Errorf("%s is shown as it is", h)
		}
	}
	for _, what := range []storage.TokenEvent{
		storage.TokenSeen, storage.TokenStatusChanged, storage.TokenHoldersChanged, storage.TokenCardChanged, storage.TokenExpiryChanged,
		storage.TokenDeviceChanged, storage.TokenNumberChanged, storage.TokenChangeAsked, storage.TokenChangeUnknown, storage.TokenChangeDone,
		storage.TokenChangeNotDone,
	} {
		if got := entryText(&storage.TokenHistoryEntry{What: what, Action: walletport.TokenSuspend}); got == string(what) {
			t.Errorf("%s is shown as it is", what)
		}
	}
}

// TestScreen of a token with all there is to say, and with texts that would not fit.
func TestScreen(t *testing.T) {
	row := storage.Token{
		ID: 7, Issuer: "acme", CardID: 1042, Status: walletport.TokenSuspended,
		Ref:         walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: "50110030273", Reference: "DWSPMC" + strings.Repeat("0", 58)},
		Holders:     []walletport.Holder{walletport.HolderCardholder, walletport.HolderUnknown},
		StatusSince: someMoment.Add(-49 * time.Hour), RequestedAt: someMoment.Add(-300 * 24 * time.Hour),
		DeviceName: "Ada's \x1b[31mphone\u202e " + strings.Repeat("x", 90), DeviceType: "21",
		Number: storage.TokenNumber{LastFour: "4784"}, AsOf: someMoment.Add(-3 * time.Hour),
		Change: storage.TokenChange{
			ID: "abcdefghijklmnop", Action: walletport.TokenDeactivate, State: storage.ChangeUnknown, Reason: walletport.TokenReasonFraud,
			By: "ada@bank.example", Since: someMoment.Add(-time.Minute),
		},
	}
	shown := tokens.Shown{
		Token: row, Listed: tokens.Listed{ID: 7, Ref: row.Ref, Wallet: "Apple Pay", Status: row.Status}, IsOld: true, OldReason: "scheme_access_refused",
		History: []storage.TokenHistoryEntry{
			{At: someMoment.Add(-time.Minute), What: storage.TokenChangeUnknown, Action: walletport.TokenDeactivate, Channel: storage.ChannelJob},
			{At: someMoment.Add(-time.Minute), What: storage.TokenChangeAsked, Action: walletport.TokenDeactivate, By: "ada@bank.example", Reason: walletport.TokenReasonFraud},
			{At: someMoment.Add(-49 * time.Hour), What: storage.TokenHoldersChanged, From: "ISSUER", To: "CARDHOLDER,UNKNOWN", Channel: storage.ChannelScheme},
			{At: someMoment.Add(-50 * time.Hour), What: storage.TokenStatusChanged, From: "ACTIVE", To: "SUSPENDED", By: "TOKEN_REQUESTOR"},
		},
	}
	want := `Token 7 of card 1042, Mastercard, issuer acme
  Status      was suspended; a change is open, deactivate: it may be deactivated
              already
  Since       2026-11-27 16:04 UTC, 2 days ago
  Held by     the cardholder, somebody whom the scheme does not name
  Wallet      Apple Pay, token requestor 50110030273
  Device      Ada's ?[31mphone?
              xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
              xxxxxxxxxxxxxxxxxxxxxxxx, phone
  Number      ends in 4784
  Made        2026-02-02 17:04 UTC, 10 months ago
  Reference   DWSPMC0000000000000000000000000000000000000000000000000000000000
  Last word   OLD, the scheme's word of 3 hours ago: it does not accept our
              keys, credentials or clock; an operator must look
              (scheme_access_refused)
  Change      OPEN, nobody knows yet what became of it: deactivate, asked for 1
              minute ago by ada@bank.example (fraud); a server is finding it out
  Allowed now nothing, until the change is closed

What happened, the newest first (UTC)
  2026-11-29 17:03:05  1 minute ago   deactivate: no answer, outcome not known
  2026-11-29 17:03:05  1 minute ago   deactivate asked for by ada@bank.example
                                      (fraud)
  2026-11-27 16:04:05  2 days ago     held by the cardholder, somebody whom the
                                      scheme does not name, was the issuer
  2026-11-27 15:04:05  2 days ago     suspended, was active by the wallet
`
	got := screen(shown, someMoment)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the screen (-want +got):\n%s", diff)
	}
	for line := range strings.Lines(got) {
		if len([]rune(line)) > screenWidth+1 {
			t.Errorf("a line is too long: %s", line)
		}
	}
}

func TestStatusNow(t *testing.T) {
	for _, c := range []struct {
		status walletport.TokenStatus
		action walletport.TokenAction
		state  storage.ChangeState
		want   string
	}{
		{walletport.TokenActive, "", "", "active: it can pay"},
		{walletport.TokenActive, walletport.TokenSuspend, storage.ChangeAsked, "was active; a change is open, suspend: it may be suspended already"},
		{walletport.TokenSuspended, walletport.TokenResume, storage.ChangeUnknown, "was suspended; a change is open, resume: it may be active already"},
		{walletport.TokenSuspended, walletport.TokenSuspend, storage.ChangeUnknown, "suspended: it cannot pay"},
		{walletport.TokenActive, walletport.TokenSuspend, storage.ChangeNotDone, "active: it can pay"},
	} {
		t.Run(c.want, func(t *testing.T) {
			row := storage.Token{Status: c.status, Change: storage.TokenChange{ID: "abc", Action: c.action, State: c.state}}
			if got := statusNow(&row); got != c.want {
				t.Errorf("%s with %s %s is %q", c.status, c.state, c.action, got)
			}
		})
	}
}

// TestEveryReasonOfASchemeHasWords: each is shown with what to do next.
func TestEveryReasonOfASchemeHasWords(t *testing.T) {
	for _, err := range []error{
		scheme.ErrTokenNotFound(), scheme.ErrStatusRefused(), scheme.ErrUnsupported(), scheme.ErrRequestRefused(), scheme.ErrRefused(),
		scheme.ErrAccessRefused(), scheme.ErrSignatureSpent(), scheme.ErrRateLimited(), scheme.ErrUnavailable(),
	} {
		if got := notDoneText(walletport.ReasonOf(err)); strings.Contains(got, "docs/") {
			t.Errorf("a change that was not done: %s", got)
		}
	}
	for _, err := range []error{
		scheme.ErrAccessRefused(), scheme.ErrRateLimited(), scheme.ErrUnavailable(), scheme.ErrUnreadable(), scheme.ErrNoAnswer(),
	} {
		if got := silenceText(walletport.ReasonOf(err)); strings.HasPrefix(got, "asking it failed") {
			t.Errorf("a scheme that gave no word: %s", got)
		}
	}
}
