package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

type cardsCommand struct {
	Import    cardsImportCommand    `cmd:"" help:"Store the cards of a CSV or JSON Lines file, or changes of stored ones."`
	List      cardsListCommand      `cmd:"" help:"List cards, masked."`
	Show      cardsShowCommand      `cmd:"" help:"Show one card, masked."`
	Find      cardsFindCommand      `cmd:"" help:"Find cards by customer, last four digits or number, masked."`
	SetStatus cardsSetStatusCommand `cmd:"" help:"Give one card another status."`
	Change    cardsChangeCommand    `cmd:"" help:"Give one card another name, customer or product."`
	Forget    cardsForgetCommand    `cmd:"" help:"Erase what is known of one card, and keep that there was one."`
	Delete    cardsDeleteCommand    `cmd:"" help:"Delete one card."`
	Rewrap    cardsRewrapCommand    `cmd:"" help:"Move the data key of every card and token number to the newest vault-kek, while servers run."`
}

func (cardsCommand) Help() string {
	return `CSV has a header, JSON Lines an object a line: cardId, pan, expiryMonth (MM), expiryYear (YYYY), and if wanted issuer,
customerId, cardholderName, product, status. What a row does not say of a stored card stays; docs/cards.md tells more.

Examples:
  walletport cards import cards.csv --issuer acme --dry-run --config walletport.yaml
  walletport cards import cards.csv --issuer acme --config walletport.yaml
  walletport cards show 1001 --config walletport.yaml
  walletport cards find --customer 5001 --issuer acme --config walletport.yaml
  walletport cards set-status 1001 CARD_STOLEN --config walletport.yaml
  walletport cards delete 1001 --yes --config walletport.yaml`
}

type cardsListCommand struct {
	Issuer string `help:"Of this issuer only."`
	After  int64  `help:"Begin behind this card id." default:"-9223372036854775808" placeholder:"ID"`
	Limit  int    `help:"How many at most." default:"100"`
	JSON   bool   `help:"Print JSON Lines."`
	location
}

func (c cardsListCommand) Run(ctx context.Context, con console) error {
	asked := act.Request{Action: walletport.ActionCardsRead, Facts: act.Facts{Issuer: walletport.IssuerID(c.Issuer)}}
	return c.readCards(ctx, asked, con, c.JSON, func(o *operator) ([]storage.Card, error) {
		return o.db.CardsAfter(ctx, walletport.IssuerID(c.Issuer), walletport.CardID(c.After), c.Limit)
	})
}

type cardsShowCommand struct {
	ID   int64 `arg:"" help:"Card id."`
	JSON bool  `help:"Print JSON."`
	location
}

func (c cardsShowCommand) Run(ctx context.Context, con console) error {
	asked := act.Request{Action: walletport.ActionCardsRead, CardID: walletport.CardID(c.ID)}
	return c.readCards(ctx, asked, con, c.JSON, func(o *operator) ([]storage.Card, error) {
		card, err := o.db.Card(ctx, walletport.CardID(c.ID))
		return []storage.Card{card}, err
	})
}

// readCards shows what read finds, once it is in the audit trail that it was read, and
// whether each card is as it was stored: a row can be edited by whoever reaches the
// database. One that is not ends the command with a fault.
func (l location) readCards(ctx context.Context, asked act.Request, con console, asJSON bool, read func(*operator) ([]storage.Card, error)) error {
	return l.operate(ctx, func(ctx context.Context, o *operator) error {
		var shown []shownCard
		err := o.reading(ctx, asked, func(record *act.Record) error {
			cards, err := read(o)
			if err != nil {
				return err
			}
			record.SetDetail(walletport.DetailRead, strconv.Itoa(len(cards)))
			shown, err = o.check(ctx, cards)
			return err
		})
		if err != nil {
			return err
		}
		if err := printCards(con, asJSON, shown); err != nil {
			return err
		}
		if slices.ContainsFunc(shown, func(c shownCard) bool { return c.check != checkOK }) {
			return errFault
		}
		return nil
	})
}

// shownCard is a row and whether it is to be believed.
type shownCard struct {
	walletport.CardSummary
	check string
}

// What the column CHECK says.
const (
	checkOK      = "ok"
	checkAltered = "altered" // the row is not as it was written: nothing of it is to be believed
	checkNoKey   = "no-key"  // nobody knows, without the key that seals it
)

func (o *operator) check(ctx context.Context, cards []storage.Card) ([]shownCard, error) {
	v, err := o.vault()
	if err != nil {
		return nil, err
	}
	foreign, err := v.ForeignKEKs(ctx)
	if err != nil {
		return nil, err
	}
	shown := make([]shownCard, len(cards))
	for i := range cards {
		shown[i] = shownCard{cards[i].CardSummary, checkOK}
		switch err := v.Check(cards[i]); walletport.ReasonOf(err) {
		case "":
		case "card_damaged":
			shown[i].check = checkAltered
			if foreign[keys.ID(cards[i].KEK)] { // a key store that is not theirs tells nothing of them
				shown[i].check = checkNoKey
			}
		case "key_unavailable":
			shown[i].check = checkNoKey
		default:
			return nil, err
		}
	}
	return shown, nil
}

func printCards(con console, asJSON bool, cards []shownCard) error {
	if asJSON {
		return printCardsJSON(con, cards)
	}
	table := tabwriter.NewWriter(con.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tISSUER\tCUSTOMER\tSCHEME\tPAN\tEXPIRY\tPRODUCT\tSTATUS\tCHECK")
	for _, card := range cards {
		c, expiry := card.Shown(), ""
		if c.ExpiryYear != "" {
			expiry = c.ExpiryMonth + "/" + c.ExpiryYear
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.CardID, c.Issuer, c.CustomerID, c.Scheme, c.MaskedPAN,
			expiry, c.Product, c.Status, card.check)
	}
	return table.Flush()
}

func printCardsJSON(con console, cards []shownCard) error {
	type cardJSON struct {
		walletport.ShownCard
		Check string `json:"check"`
	}
	encoder := json.NewEncoder(con.Out)
	for _, c := range cards {
		if err := encoder.Encode(cardJSON{c.Shown(), c.check}); err != nil {
			return err
		}
	}
	return nil
}

type cardsDeleteCommand struct {
	ID  int64 `arg:"" help:"Card id."`
	Yes bool  `help:"Really delete it; without this, it is shown only."`
	evenEnrolled
	location
}

func (cardsDeleteCommand) Help() string {
	return `The card is gone for good, with its sealed number. Tokens of it in wallets live on: they are the scheme's, and the issuer
ends them there. A card that is enrolled for Click to Pay is taken out there first. An import may store a card of that id again.

Examples:
  walletport cards delete 1001 --config walletport.yaml
  walletport cards delete 1001 --yes --config walletport.yaml`
}

func (c cardsDeleteCommand) Run(ctx context.Context, con console) error {
	id := walletport.CardID(c.ID)
	if !c.Yes {
		show := cardsShowCommand{ID: c.ID, location: c.location}
		if err := show.Run(ctx, con); err != nil && !errors.Is(err, errFault) { // an altered card may be deleted too
			return err
		}
		return usagef("say --yes to delete this card for good")
	}
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		intended := act.Request{Action: walletport.ActionCardsDelete, CardID: id}
		within := func(storage.Tx) error { return nil }
		card, err := o.db.Card(ctx, id)
		if err == nil {
			intended.Issuer, intended.Scheme = card.Issuer, card.Scheme
			intended.SetDetail(walletport.DetailFrom, string(card.Status))
			within = c.within(ctx, o, card.CardSummary, &intended)
		}
		err = o.change(ctx, intended, func(tx storage.Tx, _ *act.Record) error {
			if err := within(tx); err != nil {
				return err
			}
			return tx.DeleteCard(id)
		})
		if walletport.ReasonOf(err) == "card_not_found" { // it may have been deleted by a call that did not come to its end
			return errors.Join(err, o.dropFinds(ctx, id), o.erase(ctx))
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(con.Out, "card %s of %s is deleted\n", id, card.Issuer)
		return errors.Join(c.tell(ctx, o, con, card.CardSummary), o.dropFinds(ctx, id), o.erase(ctx))
	})
}

type cardsRewrapCommand struct{ location }

func (c cardsRewrapCommand) Run(ctx context.Context, con console) error {
	return c.operate(ctx, func(ctx context.Context, o *operator) error {
		cards, err := o.vault()
		if err != nil {
			return err
		}
		var report vault.RewrapReport
		intended := act.Request{Action: walletport.ActionCardsRewrap}
		rewrapErr := o.declare(ctx, intended, func(record *act.Record) error {
			var err error
			report, err = cards.Rewrap(ctx, nil)
			noteRewrap(record, report)
			return err
		})
		printRewrap(con, report)
		return rewrapErr
	})
}

// rewrapWords are what a re-wrap calls the row of each kind that does not unwrap, and its data keys.
var rewrapWords = [vault.KindCount]struct{ row, dataKeys string }{
	vault.Cards:        {"card", "data keys"},
	vault.TokenNumbers: {"the number of token", "data keys of token numbers"},
	vault.Customers:    {"the customer of row", "data keys of customers"},
	vault.Requests:     {"the request of row", "data keys of requests"},
}

func printRewrap(con console, r vault.RewrapReport) {
	for kind, of := range r.Of {
		for _, id := range of.Failures {
			fmt.Fprintf(con.Err, "%s %d does not unwrap\n", rewrapWords[kind].row, id)
		}
	}
	for _, left := range r.Left {
		fmt.Fprintf(con.Err, "%s of %s stay where they are: %v\n", countedByKind(left.Of), left.Issuer, left.Why)
	}
	left := leftOf(r)
	for kind, of := range r.Of {
		fmt.Fprintf(con.Out, "%d %s moved, %d failed, %d left\n", of.Moved, rewrapWords[kind].dataKeys, of.Failed, left[kind])
	}
}

// countedByKind says how many there are of each kind: "2 cards, 1 token numbers and 0 customers".
func countedByKind(of [vault.KindCount]int64) string {
	var text strings.Builder
	for kind, count := range of {
		switch {
		case kind == len(of)-1:
			text.WriteString(" and ")
		case kind > 0:
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "%d %s", count, vault.Kind(kind))
	}
	return text.String()
}

// leftOf counts what a re-wrap left of all issuers.
func leftOf(r vault.RewrapReport) (sum [vault.KindCount]int64) {
	for _, left := range r.Left {
		for kind, count := range left.Of {
			sum[kind] += count
		}
	}
	return sum
}

func noteRewrap(record *act.Record, r vault.RewrapReport) {
	var moved, failed, left int64
	for kind, count := range leftOf(r) {
		moved, failed, left = moved+r.Of[kind].Moved, failed+r.Of[kind].Failed, left+count
	}
	record.SetDetail(walletport.DetailMoved, strconv.FormatInt(moved, 10))
	record.SetDetail(walletport.DetailFailed, strconv.FormatInt(failed, 10))
	record.SetDetail(walletport.DetailLeft, strconv.FormatInt(left, 10))
	noteRefused(record, moved, failed+left)
}
