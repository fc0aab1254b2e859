package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
	"github.com/walletport/walletport/vault/cardfile"
)

type cardsFindCommand struct {
	Customer string `help:"The issuer's customer number." xor:"by" required:""`
	LastFour string `help:"The last four digits of the card number." xor:"by" required:""`
	PAN      bool   `name:"pan" help:"Read card numbers from standard input, one a line." xor:"by" required:""`
	Issuer   string `help:"Of this issuer only."`
	After    int64  `help:"Begin behind this card id." default:"-9223372036854775808" placeholder:"ID"`
	Limit    int    `help:"How many at most." default:"100"`
	JSON     bool   `help:"Print JSON Lines."`
	location
}

func (cardsFindCommand) Help() string {
	return `Shows cards as list does: masked, and checked. A card number is never an argument, for those stand in the shell's history and
in the list of processes. Lines that are no number, or that no card has, are named and not repeated.

Examples:
  walletport cards find --customer 5001 --issuer acme --config walletport.yaml
  walletport cards find --last-four 4444 --config walletport.yaml
  walletport cards find --pan --json --config walletport.yaml < numbers.txt`
}

func (c cardsFindCommand) Run(ctx context.Context, con console) error {
	switch {
	case !c.PAN && c.Customer == "" && c.LastFour == "": // an empty text stands in forgotten cards
		return usagef("say what to look for: a --customer or --last-four that is not empty, or --pan")
	case c.LastFour != "" && (len(c.LastFour) != 4 || !walletport.IsDigits(c.LastFour)):
		return usagef("--last-four is four digits")
	case walletport.ContainsPAN(c.Customer):
		return usagef("--customer is a card number: give numbers to --pan, on standard input")
	}
	asked := act.Request{Action: walletport.ActionCardsRead, Facts: act.Facts{Issuer: walletport.IssuerID(c.Issuer)}}
	page := storage.CardPage{Issuer: walletport.IssuerID(c.Issuer), After: walletport.CardID(c.After), Limit: c.Limit}
	if !c.PAN {
		return c.readCards(ctx, asked, con, c.JSON, func(o *operator) ([]storage.Card, error) {
			if c.Customer != "" {
				return o.db.CardsByCustomer(ctx, c.Customer, page)
			}
			return o.db.CardsByLastFour(ctx, c.LastFour, page)
		})
	}
	found := numbersFound{page: page}
	err := c.readCards(ctx, asked, con, c.JSON, func(o *operator) ([]storage.Card, error) {
		v, err := o.vault()
		if err != nil {
			return nil, err
		}
		return found.read(ctx, v, con.In)
	})
	for _, fault := range found.faults {
		fmt.Fprintln(con.Err, fault)
	}
	if err == nil && len(found.faults) > 0 {
		return errFault
	}
	return err
}

const (
	// maxNumbers is how many card numbers one search takes.
	maxNumbers = 1000
	// maxLineRead bounds a line of standard input that is no file of cards.
	maxLineRead = 4 << 10
)

// numbersFound are the cards of numbers that are read from standard input.
type numbersFound struct {
	page   storage.CardPage
	cards  []storage.Card
	faults []string // lines that are no number, or that no card has
}

// read finds the cards of each line. Its buffer is wiped, and so is each number.
func (f *numbersFound) read(ctx context.Context, v *vault.Vault, stdin io.Reader) ([]storage.Card, error) {
	buffer := make([]byte, maxLineRead)
	defer clear(buffer)
	lines := bufio.NewScanner(stdin)
	lines.Buffer(buffer, maxLineRead)
	numbers := 0
	for line := 1; lines.Scan(); line++ {
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		if numbers++; numbers > maxNumbers {
			return nil, usagef("--pan takes %d numbers at once: split the file", maxNumbers)
		}
		if err := f.find(ctx, v, line, text); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read card numbers: %w", err)
	}
	return f.one(), nil
}

// find adds the cards of the number on a line.
func (f *numbersFound) find(ctx context.Context, v *vault.Vault, line int, text []byte) error {
	pan, err := walletport.ParsePAN(text)
	if err != nil {
		f.faults = append(f.faults, fmt.Sprintf("line %d: %s", line, cardfile.PANRule(text, err)))
		return nil
	}
	defer pan.Wipe()
	cards, err := v.FindByPAN(ctx, pan)
	if err != nil {
		return err
	}
	cards = slices.DeleteFunc(cards, func(c storage.Card) bool { return f.page.Issuer != "" && c.Issuer != f.page.Issuer })
	if len(cards) == 0 {
		f.faults = append(f.faults, fmt.Sprintf("line %d: no card has this number", line))
	}
	f.cards = append(f.cards, cards...)
	return nil
}

// one is the page of all cards that were found, each once.
func (f *numbersFound) one() []storage.Card {
	slices.SortFunc(f.cards, func(a, b storage.Card) int { return cmp.Compare(a.ID, b.ID) })
	cards := slices.CompactFunc(f.cards, func(a, b storage.Card) bool { return a.ID == b.ID })
	cards = slices.DeleteFunc(cards, func(c storage.Card) bool { return c.ID <= f.page.After })
	return cards[:min(len(cards), max(0, f.page.Limit))]
}
