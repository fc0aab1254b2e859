package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

type tokensShowCommand struct {
	ID      string `arg:"" help:"Token id, as tokens list has it."`
	History int    `default:"8" help:"How many of the newest entries of its history." placeholder:"N"`
	JSON    bool   `help:"Print JSON."`
	tokensLocation
}

func (tokensShowCommand) Help() string {
	return `Device, wallet, status and since when, who holds it suspended, a change that is under way, the scheme's last word and its age,
what may be done now, and what happened.

Examples:
  walletport tokens show 7 --config walletport.yaml
  walletport tokens show 7 --history 100 --json --config walletport.yaml`
}

func (c tokensShowCommand) Run(ctx context.Context, con console) error {
	if c.History < 0 || c.History > maxHistory {
		return usagef("--history: up to %d", maxHistory)
	}
	id, err := walletport.ParseTokenID(c.ID)
	if err != nil {
		return err
	}
	return c.ask(ctx, func(ctx context.Context, o *operator, flow *tokens.Flow) error {
		shown, err := flow.Show(ctx, tokens.ShowRequest{TokenID: id, AuditUser: osUser(), Channel: tokens.ChannelCommand, History: c.History})
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(con.Out).Encode(shownOf(shown))
		}
		at, err := o.db.Now(ctx)
		if err != nil {
			return err
		}
		_, err = io.WriteString(con.Out, screen(shown, at))
		return err
	})
}

// maxHistory bounds how much is read of a token's history.
const maxHistory = 1000

const (
	screenWidth = 80
	labelWidth  = 12
)

// screen is all that is known of a token, for people, at a moment of the database's clock.
func screen(s tokens.Shown, at time.Time) string {
	t := &s.Token
	var b strings.Builder
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %-*s%s\n", labelWidth, label, wrapped(text, labelWidth+2))
		}
	}
	b.WriteString(heading(t) + "\n")
	line("Status", statusNow(t))
	line("Since", momentText(t.StatusSince, at))
	line("Held by", holdersText(t.Holders))
	line("Wallet", fmt.Sprintf("%s, token requestor %s", plain(s.Listed.Wallet), t.Ref.Requestor))
	line("Device", deviceText(t))
	line("Number", numberText(s))
	line("Made", momentText(t.RequestedAt, at))
	line("Reference", t.Ref.Reference)
	line("Last word", toldText(t.AsOf, at, s.OldReason))
	line("Change", changeText(&t.Change, at))
	line("Allowed now", allowedText(s))
	if len(s.History) == 0 {
		return b.String()
	}
	b.WriteString("\nWhat happened, the newest first (UTC)\n")
	for _, e := range s.History {
		when := fmt.Sprintf("  %s  %-15s", e.At.UTC().Format(time.DateTime), ageText(e.At, at))
		fmt.Fprintf(&b, "%s%s\n", when, wrapped(entryText(&e), len(when)))
	}
	return b.String()
}

func heading(t *storage.Token) string {
	of := "of a card that is no longer stored"
	if t.CardID != 0 {
		of = fmt.Sprintf("of card %s", t.CardID)
	}
	return fmt.Sprintf("Token %s %s, %s, issuer %s", t.ID, of, schemeName(t.Ref.Scheme), t.Issuer)
}

func deviceText(t *storage.Token) string {
	name := plain(t.DeviceName)
	switch {
	case name == "" && t.DeviceType == "":
		return ""
	case name == "":
		name = "without a name"
	}
	if t.DeviceType != "" {
		name += ", " + deviceTypeName(t)
	}
	return name
}

func numberText(s tokens.Shown) string {
	text := s.Listed.MaskedNumber
	if text == "" && s.Token.Number.LastFour != "" {
		text = "ends in " + s.Token.Number.LastFour
	}
	if expiry := s.Token.Expiry; expiry != (walletport.Expiry{}) {
		if text != "" {
			text += ", "
		}
		text += "valid to " + expiry.MM() + "/" + expiry.YYYY()
	}
	return text
}

func changeText(c *storage.TokenChange, at time.Time) string {
	asked := fmt.Sprintf("%s, asked for %s by %s%s", c.Action, ageText(c.Since, at), plain(string(c.By)), reasonText(c.Reason))
	switch c.State {
	case storage.ChangeAsked:
		return "under way: " + asked
	case storage.ChangeUnknown:
		return "OPEN, nobody knows yet what became of it: " + asked + "; a server is finding it out"
	case storage.ChangeDone:
		return "none open; the last one was done: " + asked
	case storage.ChangeNotDone:
		return "none open; the last one was " + notDoneText(c.Outcome) + ": " + asked
	}
	return "none open"
}

func allowedText(s tokens.Shown) string {
	switch {
	case s.Token.Change.State.IsOpen():
		return "nothing, until the change is closed"
	case len(s.Allowed) == 0:
		return "nothing"
	}
	return strings.ReplaceAll(joinWords(s.Allowed), ",", ", ")
}
