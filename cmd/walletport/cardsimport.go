package main

import (
	"context"
	"io"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/vault"
)

type cardsImportCommand struct {
	File   string `arg:"" help:"File of cards; - reads standard input."`
	Issuer string `help:"Issuer of all rows; without it, each row of a new card names its own (in a sandbox: rows that name none are the first issuer's)."`
	importFlags
}

func (c cardsImportCommand) Run(ctx context.Context, con console) error {
	return c.importRows(ctx, con, importing{
		action: walletport.ActionCardsImport, of: "cards", issuer: c.Issuer, file: c.File,
		run: func(ctx context.Context, o *operator, in io.Reader, options vault.ImportOptions) (vault.ImportReport, error) {
			v, err := o.vault()
			if err != nil {
				return vault.ImportReport{}, err
			}
			options.AllowSandboxCards = c.Dir != "" || server.IsSandbox(o.keys.Current())
			options.Changing = o.declareCards
			return v.Import(ctx, in, options)
		},
	})
}

// declareCards records which cards an import is about to change: which fields and, of the
// status alone, from what to what.
func (o *operator) declareCards(ctx context.Context, changed []vault.ChangedCard) error {
	records := make([]walletport.AuditRecord, len(changed))
	for i, card := range changed {
		records[i] = startedRecord(ctx, walletport.ActionCardsChange, card.Issuer)
		records[i].CardID = card.ID
		vault.NoteChange(records[i].SetDetail, card)
	}
	return o.declareChanges(ctx, records)
}
