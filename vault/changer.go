package vault

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// Changer changes single cards for somebody. The change and the record of how it ended
// are one commit (act.DeclaredChange); the request names the card. Every field but Within is
// required. It is safe for concurrent use.
type Changer struct {
	Vault *Vault
	Audit act.ChangeTrail
	// Admit says whether who asks may change the card; its error is the answer. It is asked
	// before the card is opened, and may be asked more than once.
	Admit func(ctx context.Context, card walletport.CardSummary) error
	// Within is CustomerChanger.Within of a card.
	Within func(tx storage.Tx) error
}

// NewChanger returns c, or an error that names each missing part.
func NewChanger(c Changer) (*Changer, error) {
	err := errors.Join(
		act.Missing(c.Vault == nil, "vault: Vault"), act.Missing(c.Audit == nil, "vault: Audit"), act.Missing(c.Admit == nil, "vault: Admit"))
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// ChangeStatus is Vault.ChangeStatus for who asks.
func (c *Changer) ChangeStatus(ctx context.Context, asked act.Request, to walletport.CardStatus) (ChangedCard, error) {
	return c.change(ctx, asked, walletport.ActionCardsChange, c.Vault.withStatus(to))
}

// Change is Vault.Change for who asks.
func (c *Changer) Change(ctx context.Context, asked act.Request, changes Changes) (ChangedCard, error) {
	return c.change(ctx, asked, walletport.ActionCardsChange, c.Vault.with(changes))
}

// Forget is Vault.Forget for who asks.
func (c *Changer) Forget(ctx context.Context, asked act.Request) (ChangedCard, error) {
	return c.change(ctx, asked, walletport.ActionCardsForget, c.Vault.withoutData())
}

func (c *Changer) change(ctx context.Context, asked act.Request, action walletport.Action, rewrite rewriting) (what ChangedCard, err error) {
	asked.Action = action
	trail := declared{c.Audit, func() { rewrite = c.ahead(ctx, asked.CardID, rewrite) }}
	err = act.DeclaredChange(ctx, trail, asked, func(tx storage.Tx, record *act.Record) error {
		if c.Within != nil {
			if err := c.Within(tx); err != nil {
				return err
			}
		}
		var err error
		what, err = update(tx, asked.CardID, func(card walletport.CardSummary) error {
			if err := c.Admit(ctx, card); err != nil {
				return err
			}
			record.Issuer, record.Scheme = card.Issuer, card.Scheme
			return nil
		}, rewrite)
		NoteChange(record.SetDetail, what)
		return err
	})
	if err != nil {
		return ChangedCard{}, err
	}
	return what, nil
}

// declared is a trail that does something between the record of what is intended and the
// transaction.
type declared struct {
	act.ChangeTrail
	then func()
}

// RecordChange implements act.ChangeTrail.
func (d declared) RecordChange(ctx context.Context, change func(storage.Tx) (walletport.AuditRecord, error)) error {
	d.then()
	return d.ChangeTrail.RecordChange(ctx, change)
}

// ahead rewrites the row before the transaction, for custody may take its time and others
// wait for a transaction. In it the row is rewritten only if somebody else has changed it
// meanwhile, or if it could not be rewritten before, so that the error is the same.
func (c *Changer) ahead(ctx context.Context, id walletport.CardID, rewrite rewriting) rewriting {
	read, err := c.Vault.Cards.Card(ctx, id)
	if err != nil || c.Admit(ctx, read.CardSummary) != nil {
		return rewrite
	}
	made, what, err := rewrite(read)
	if err != nil {
		return rewrite
	}
	return func(stored storage.Card) (storage.Card, ChangedCard, error) {
		if !isSameRow(&stored, &read) {
			return rewrite(stored)
		}
		return made, what, nil
	}
}

// isSameRow compares what a change is made of. A row whose data key was wrapped anew is
// another: the key that wrapped it before may be gone.
func isSameRow(a, b *storage.Card) bool {
	return a.CardSummary == b.CardSummary && bytes.Equal(a.ContentMAC, b.ContentMAC) && bytes.Equal(a.Sealed, b.Sealed) &&
		bytes.Equal(a.WrappedKey, b.WrappedKey)
}

// NoteChange tells a record, by its SetDetail, which fields of a card change and, of the
// status alone, from what to what.
func NoteChange(setDetail func(walletport.DetailName, string), what ChangedCard) {
	setDetail(walletport.DetailFields, strings.Join(what.Fields, ","))
	if what.From != what.To {
		setDetail(walletport.DetailFrom, string(what.From))
		setDetail(walletport.DetailTo, string(what.To))
	}
}
