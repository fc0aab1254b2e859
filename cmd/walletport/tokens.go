package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

type tokensCommand struct {
	List       tokensListCommand       `cmd:"" help:"List the tokens of a card."`
	Show       tokensShowCommand       `cmd:"" help:"Show all that is known of one token, on one screen."`
	Open       tokensOpenCommand       `cmd:"" help:"List tokens with a change whose outcome is not known."`
	Suspend    tokensSuspendCommand    `cmd:"" help:"Stop a token for a while."`
	Resume     tokensResumeCommand     `cmd:"" help:"Take the issuer's hold of a token back."`
	Activate   tokensActivateCommand   `cmd:"" help:"Let a token pay that waits for its activation."`
	Deactivate tokensDeactivateCommand `cmd:"" help:"End a token for good."`
}

func (tokensCommand) Help() string {
	return `The scheme is asked, by this command itself. With --dir, the sandbox must be running: its schemes are only there while it does.
docs/tokens.md says what the words mean.

Examples:
  walletport tokens list 1001 --config walletport.yaml
  walletport tokens show 7 --config walletport.yaml
  walletport tokens open --config walletport.yaml
  walletport tokens suspend 7 --reason lost --config walletport.yaml
  walletport tokens resume 7 --config walletport.yaml
  walletport tokens deactivate 7 --reason stolen --config walletport.yaml`
}

// tokensLocation is a location whose schemes are asked for tokens.
type tokensLocation struct{ schemesLocation }

// ask is operate with the flow of tokens over the location.
func (l tokensLocation) ask(ctx context.Context, do func(context.Context, *operator, *tokens.Flow) error) error {
	return l.operate(ctx, func(ctx context.Context, o *operator) error {
		cards, err := o.vault()
		if err != nil {
			return err
		}
		flow, err := server.OpenTokens(server.TokenRooms{
			Settings: o.settings, Database: o.db, Keys: o.keys, Vault: cards, Audit: o.log, Clock: now,
		})
		if err != nil {
			return err
		}
		return do(ctx, o, flow)
	})
}

type tokensListCommand struct {
	ID   int64 `arg:"" optional:"" help:"Card id. One below 0 stands at the end, behind --."`
	PAN  bool  `name:"pan" help:"Read card numbers from standard input, one a line, in the place of a card id."`
	JSON bool  `help:"Print JSON, one token a line."`
	tokensLocation
}

func (tokensListCommand) Help() string {
	return `What the scheme said within tokens.max_age is shown as it is stored; else the scheme is asked. If it does not answer, what is
stored is shown, with its age. A card number is never an argument, for those stand in the shell's history.

Examples:
  walletport tokens list 1001 --config walletport.yaml
  walletport tokens list 1001 --json --config walletport.yaml
  walletport tokens list --pan --config walletport.yaml < numbers.txt`
}

func (c tokensListCommand) Run(ctx context.Context, con console) error {
	if c.PAN == (c.ID != 0) {
		return usagef("say which card: its id, or --pan with numbers on standard input")
	}
	if walletport.CardID(c.ID).IsPAN() {
		return usagef("a card number is never an argument: tokens list --pan reads it from standard input")
	}
	return c.ask(ctx, func(ctx context.Context, o *operator, flow *tokens.Flow) error {
		ids, faults, err := c.cards(ctx, o, con)
		if err != nil {
			return err
		}
		for i, id := range ids {
			if i > 0 && !c.JSON {
				fmt.Fprintln(con.Out)
			}
			if err := c.list(ctx, o, flow, con, id); err != nil {
				return fmt.Errorf("card %s: %w", id, err)
			}
		}
		for _, fault := range faults {
			fmt.Fprintln(con.Err, fault)
		}
		if len(faults) > 0 {
			return errFault
		}
		return nil
	})
}

// cards returns the ids of the cards that are meant, and which numbers are of none.
func (c tokensListCommand) cards(ctx context.Context, o *operator, con console) (ids []walletport.CardID, faults []string, err error) {
	if !c.PAN {
		return []walletport.CardID{walletport.CardID(c.ID)}, nil, nil
	}
	found := numbersFound{page: storage.CardPage{After: math.MinInt64, Limit: maxNumbers}}
	err = o.reading(ctx, act.Request{Action: walletport.ActionCardsRead}, func(record *act.Record) error {
		v, err := o.vault()
		if err != nil {
			return err
		}
		cards, err := found.read(ctx, v, con.In)
		for _, card := range cards {
			ids = append(ids, card.ID)
		}
		record.SetDetail(walletport.DetailRead, strconv.Itoa(len(cards)))
		return err
	})
	if err == nil && len(ids)+len(found.faults) == 0 {
		err = usagef("--pan: there is no card number on standard input")
	}
	return ids, found.faults, err
}

// cardTokens are the tokens of a card, with what lists of the API leave out.
type cardTokens struct {
	tokens.List
	rows map[walletport.TokenID]storage.Token
	now  time.Time // by the database's clock
}

func (c tokensListCommand) list(ctx context.Context, o *operator, flow *tokens.Flow, con console, id walletport.CardID) error {
	list, err := flow.List(ctx, tokens.ListRequest{CardID: id, AuditUser: osUser(), Channel: tokens.ChannelCommand})
	if err != nil {
		return err
	}
	stored, err := o.db.TokensOfCard(ctx, id)
	if err != nil {
		return err
	}
	at, err := o.db.Now(ctx)
	if err != nil {
		return err
	}
	all := cardTokens{List: list, rows: map[walletport.TokenID]storage.Token{}, now: at}
	for _, row := range stored.Tokens {
		all.rows[row.ID] = row
	}
	if c.JSON {
		return all.printJSON(con, id)
	}
	return all.print(con, id)
}

func (l cardTokens) print(con console, id walletport.CardID) error {
	fmt.Fprintf(con.Out, "card %s: %s; %s\n", id, counted(len(l.Tokens), "token"), toldText(l.AsOf, l.now, l.OldReason))
	if len(l.Tokens) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(con.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATUS\tWALLET\tDEVICE\tENDS\tSINCE")
	for _, t := range l.Tokens {
		row := l.rows[t.ID]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, statusWord(t.Status), cell(t.Wallet, 14), cell(row.DeviceName, 18),
			orDash(row.Number.LastFour), orDash(ageText(row.StatusSince, l.now)))
	}
	return table.Flush()
}

// printJSON prints one token a line. Of a scheme that gave no word, standard error tells,
// for there may be no token to tell it with.
func (l cardTokens) printJSON(con console, id walletport.CardID) error {
	if l.IsOld {
		fmt.Fprintf(con.Err, "walletport: warning: card %s: %s\n", id, toldText(l.AsOf, l.now, l.OldReason))
	}
	lines := json.NewEncoder(con.Out)
	for _, t := range l.Tokens {
		if err := lines.Encode(listedJSON{tokenOf(t, l.rows[t.ID]), l.OldReason, l.IsOld}); err != nil {
			return err
		}
	}
	return nil
}
