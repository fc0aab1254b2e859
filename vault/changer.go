package vault

import (
	"context"
	"errors"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/storage"
)

// Changer changes single cards for somebody. The change and the record of how it ended
// are one commit (act.DeclaredChange); the request names the card. Every field is
// required. It is safe for concurrent use.
type Changer struct {
	Vault *Vault
	Audit act.ChangeTrail
	// Admit says whether who asks may change the card; its error is the answer. It is asked
	// before the card is opened.
	Admit func(ctx context.Context, card walletport.CardSummary) error
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
	return c.change(ctx, asked, walletport.ActionCardsChange, func(tx storage.CardsTx, admit Admit) (ChangedCard, error) {
		return c.Vault.ChangeStatus(tx, asked.CardID, to, admit)
	})
}

// Change is Vault.Change for who asks.
func (c *Changer) Change(ctx context.Context, asked act.Request, changes Changes) (ChangedCard, error) {
	return c.change(ctx, asked, walletport.ActionCardsChange, func(tx storage.CardsTx, admit Admit) (ChangedCard, error) {
		return c.Vault.Change(tx, asked.CardID, changes, admit)
	})
}

// Forget is Vault.Forget for who asks.
func (c *Changer) Forget(ctx context.Context, asked act.Request) (ChangedCard, error) {
	return c.change(ctx, asked, walletport.ActionCardsForget, func(tx storage.CardsTx, admit Admit) (ChangedCard, error) {
		return c.Vault.Forget(tx, asked.CardID, admit)
	})
}

func (c *Changer) change(ctx context.Context, asked act.Request, action walletport.Action, do func(storage.CardsTx, Admit) (ChangedCard, error)) (what ChangedCard, err error) {
	asked.Action = action
	err = act.DeclaredChange(ctx, c.Audit, asked, func(tx storage.Tx, record *act.Record) error {
		var err error
		what, err = do(tx, func(card walletport.CardSummary) error {
			if err := c.Admit(ctx, card); err != nil {
				return err
			}
			record.Issuer, record.Scheme = card.Issuer, card.Scheme
			return nil
		})
		NoteChange(record.SetDetail, what)
		return err
	})
	if err != nil {
		return ChangedCard{}, err
	}
	return what, nil
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
