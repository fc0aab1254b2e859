package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/vault"
)

// oneCard says which card a command changes.
type oneCard struct {
	ID     int64  `arg:"" help:"Card id."`
	Issuer string `help:"Only if it is a card of this issuer."`
	JSON   bool   `help:"Print JSON."`
	location
}

// admit refuses a card of another issuer than the one that was said, as one that is not
// there.
func (c oneCard) admit(_ context.Context, card walletport.CardSummary) error {
	if c.Issuer != "" && card.Issuer != walletport.IssuerID(c.Issuer) {
		return walletport.ErrCardNotFound()
	}
	return nil
}

// change has one change of the card made, and prints what it was.
func (c oneCard) change(ctx context.Context, o *operator, con console, make func(*vault.Changer, act.Request) (vault.ChangedCard, error)) error {
	v, err := o.vault()
	if err != nil {
		return err
	}
	changer, err := vault.NewChanger(vault.Changer{Vault: v, Audit: o.log, Admit: c.admit})
	if err != nil {
		return err
	}
	asked := act.Request{
		AuditUser: osUser(), CardID: walletport.CardID(c.ID), Facts: act.Facts{Issuer: walletport.IssuerID(c.Issuer)},
	}
	what, err := make(changer, asked)
	if err != nil {
		return err
	}
	return c.print(con, what)
}

func (c oneCard) print(con console, what vault.ChangedCard) error {
	if c.JSON {
		fields := what.Fields
		if fields == nil {
			fields = []string{}
		}
		return json.NewEncoder(con.Out).Encode(map[string]any{
			"cardId": int64(what.ID), "issuer": what.Issuer, "from": what.From, "to": what.To, "fields": fields,
		})
	}
	said := "nothing to change"
	switch {
	case what.From != what.To:
		said = fmt.Sprintf("status %s to %s", what.From, what.To)
	case len(what.Fields) > 0:
		said = "changed " + strings.Join(what.Fields, ", ")
	}
	_, err := fmt.Fprintf(con.Out, "card %s of %s: %s\n", what.ID, what.Issuer, said)
	return err
}

type cardsSetStatusCommand struct {
	oneCard
	Status string `arg:"" help:"CARD_OK, CARD_BLOCKED, SUSPECTED_FRAUD, CARD_NO_RENEWAL, CARD_LOST, CARD_STOLEN, CARD_CLOSED_DUE_TO_FRAUD or CARD_CLOSED."`
}

func (cardsSetStatusCommand) Help() string {
	return `The status says whether a token may be made of the card (docs/cards.md). Tokens that wallets hold already are the scheme's: a
status here does not end them. A card that has the status already stays as it is.

Examples:
  walletport cards set-status 1001 CARD_STOLEN --config walletport.yaml
  walletport cards set-status 1001 CARD_OK --issuer acme --json --config walletport.yaml`
}

func (c cardsSetStatusCommand) Run(ctx context.Context, con console) error {
	to, err := walletport.ParseCardStatus(c.Status)
	if err != nil {
		return usagef("%v", err)
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		return c.change(ctx, o, con, func(v *vault.Changer, asked act.Request) (vault.ChangedCard, error) {
			return v.ChangeStatus(ctx, asked, to)
		})
	})
}

type cardsChangeCommand struct {
	oneCard
	Name     *string `help:"Cardholder's name, as embossed; - reads it from standard input, which keeps it out of the shell's history."`
	Customer *string `help:"The issuer's customer number."`
	Product  *string `help:"The issuer's name of the card product."`
}

func (cardsChangeCommand) Help() string {
	return `What is not said stays as it is; an empty text empties. Number and expiry are changed by an import.

Examples:
  walletport cards change 1001 --customer 5002 --product mc-gold --config walletport.yaml
  echo "ADA KING" | walletport cards change 1001 --name - --config walletport.yaml
  walletport cards change 1001 --product "" --issuer acme --config walletport.yaml`
}

func (c cardsChangeCommand) Run(ctx context.Context, con console) error {
	changes := vault.Changes{CustomerID: c.Customer, Product: c.Product}
	if c.Name != nil {
		name, err := readCardholder(con.In, *c.Name)
		if err != nil {
			return err
		}
		defer name.Wipe()
		changes.CardholderName = &name
	}
	if changes == (vault.Changes{}) {
		return usagef("say what changes: --name, --customer or --product")
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		return c.change(ctx, o, con, func(v *vault.Changer, asked act.Request) (vault.ChangedCard, error) {
			return v.Change(ctx, asked, changes)
		})
	})
}

// readCardholder returns the name that was said, or the one line of standard input.
func readCardholder(stdin io.Reader, said string) (walletport.Private, error) {
	if said != "-" {
		return walletport.NewPrivate(said), nil
	}
	buffer := make([]byte, maxLineRead)
	defer clear(buffer)
	lines := bufio.NewScanner(stdin)
	lines.Buffer(buffer, maxLineRead)
	if !lines.Scan() {
		if lines.Err() != nil {
			return walletport.Private{}, fmt.Errorf("read the name: %w", lines.Err())
		}
		return walletport.Private{}, usagef("--name - reads a name from standard input, which has none")
	}
	name := walletport.NewPrivate(bytes.TrimRight(lines.Bytes(), "\r"))
	if lines.Scan() {
		name.Wipe()
		return walletport.Private{}, usagef("--name - reads one line from standard input, which has more")
	}
	return name, nil
}

type cardsForgetCommand struct {
	oneCard
	Yes bool `help:"Really erase it; without this, it is shown only."`
	evenEnrolled
}

func (cardsForgetCommand) Help() string {
	return `Erases number, name, customer, product, expiry, first six and last four for good, and keeps the id, the issuer and the
scheme, with the audit trail. There is no such card then for any call, and no import brings the id back unless it is told to
(--replace-forgotten). Tokens of the card in wallets live on: the issuer ends them at the scheme. A card that is enrolled for
Click to Pay is taken out there first. docs/cards.md says what stays in a database's files, replicas and backups.

Examples:
  walletport cards forget 1001 --config walletport.yaml
  walletport cards forget 1001 --yes --config walletport.yaml`
}

func (c cardsForgetCommand) Run(ctx context.Context, con console) error {
	if !c.Yes {
		show := cardsShowCommand{ID: c.ID, JSON: c.JSON, location: c.location}
		if err := show.Run(ctx, con); err != nil && !errors.Is(err, errFault) { // an altered card may be forgotten too
			return err
		}
		return usagef("say --yes to erase this card for good")
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		card, readErr := o.db.Card(ctx, walletport.CardID(c.ID))
		err := c.change(ctx, o, con, func(v *vault.Changer, asked act.Request) (vault.ChangedCard, error) {
			if readErr == nil && c.admit(ctx, card.CardSummary) == nil {
				asked.Issuer, asked.Scheme = card.Issuer, card.Scheme
				v.Within = c.within(ctx, o, card.CardSummary, &asked)
			}
			return v.Forget(ctx, asked)
		})
		if err != nil {
			return err
		}
		return errors.Join(c.tell(ctx, o, con, card.CardSummary), o.dropFinds(ctx, walletport.CardID(c.ID)), o.erase(ctx))
	})
}

// dropFinds takes away what imports have stored ahead of a card that is gone: customer numbers and
// last four digits of rows that they did not come to.
func (o *operator) dropFinds(ctx context.Context, id walletport.CardID) error {
	finds, err := o.db.CardFindsOf(ctx, id)
	if err == nil {
		err = o.db.DropCardFinds(ctx, finds)
	}
	if err != nil {
		return fmt.Errorf("the card is gone, and what an import may have stored ahead of it is left (customer number, last four digits): call the command again: %w", err)
	}
	return nil
}

// erase takes what was deleted out of the database's files, as far as the engine can.
func (o *operator) erase(ctx context.Context) error {
	if err := o.db.Erase(ctx); err != nil {
		return fmt.Errorf("it is gone from the tables, and the database's files still have its row: call the command again, when nobody reads for long: %w", err)
	}
	return nil
}
