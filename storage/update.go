package storage

import (
	"context"
	"errors"

	"github.com/walletport/walletport"
)

// Updater makes changes of several areas one commit.
type Updater interface {
	// Update runs change in a transaction: all that it does with tx becomes durable in
	// one commit, or none of it, and nobody sees any of it before.
	//
	// change may be called again, from its beginning, when the database undid a call: two
	// updates waited for each other's rows (SQLSTATE 40P01), the database could not order
	// them (40001), the connection was lost before the commit, or another update with which
	// it shared its transaction failed (SQLite). So it keeps nothing of one call for the
	// next. It must not call the Store, which may have no connection left, nor use tx in
	// another goroutine or after its return. It does nothing but change rows: others wait
	// for the rows that it has changed, and with SQLite every writer waits.
	//
	// An error of change undoes everything and is returned as it is; a panic undoes
	// everything and goes on. When a method of tx has failed with CodeUnavailable nothing
	// is committed, whatever change returns. When ctx ends before the commit nothing is
	// changed.
	//
	// CodeUnavailable does not prove that nothing was changed: the commit may have been
	// made and its answer lost. Where the update has entries of the audit chain, an
	// engine with a server looks for them, and so learns how the commit ended.
	Update(ctx context.Context, change func(tx Tx) error) error
}

// Tx is a transaction under way, area by area. A row is changed by what a function makes
// of it as it stands; the row is locked from then to the commit, so that of two changes at
// once the second is made of what the first left. Whoever changes several rows takes those
// of one area in the order of their ids: others then wait, and need not begin again.
//
// Texts that not every engine can keep are CodeInvalid, reason text_malformed; nothing of
// that row is changed, and the transaction may go on.
//
// Rows are read with the methods of the Store, outside.
type Tx interface {
	CardsTx
	ClientsTx
	NoncesTx
	AnswersTx
	TokensTx
	CustomersTx
	EnrolmentsTx
	JobsTx
	AuditTx
}

// CardsTx changes single cards. Batches of them are CardBatches. A card that is deleted, or
// becomes one that was forgotten (walletport.CardForgotten), is not that of its
// tokens: in the same commit their rows lose it and all that is personal, see Token.
type CardsTx interface {
	// UpdateCard stores what change makes of a card. ID and Issuer stay as they are. An
	// error of change is returned as it is and changes nothing. An unknown id is
	// CodeNotFound, reason card_not_found.
	UpdateCard(id walletport.CardID, change func(old Card) (Card, error)) error
	// DeleteCard deletes a card, or returns CodeNotFound, reason card_not_found.
	DeleteCard(id walletport.CardID) error
}

// ClientsTx changes API clients.
type ClientsTx interface {
	// AddClient inserts a client, or returns CodeConflict, reason client_exists.
	AddClient(c Client) error
	// UpdateClient stores what change makes of a client. ID, CreatedAt and LastUsedAt stay
	// as they are, and so does a RevokedAt that is set: nothing takes a revocation back.
	// An error of change is returned as it is and changes nothing. An unknown id is
	// CodeNotFound, reason client_not_found.
	UpdateClient(id string, change func(old Client) (Client, error)) error
}

// NoncesTx uses a nonce for an act that changes rows too: the nonce is used up if they
// are changed. Calls that change nothing share the commit of Nonces.UseNonces.
type NoncesTx interface {
	// UseNonce records use and reports whether the nonce was fresh, as UseNonces does of
	// each. Who comes second waits for the end of the first one's transaction.
	UseNonce(use NonceUse) (fresh bool, err error)
}

// AuditTx appends to the audit chain.
type AuditTx interface {
	// AppendAudit has link asked for entries when everything else is done: after change
	// has returned, right before the commit. Only then is the head locked, so other
	// writers of the chain wait for the commit alone, whenever change calls this. As in
	// Audit.AppendAudit link may be called again, its error is returned by Update as it
	// is, and no entries change nothing. A second call in a transaction is CodeInternal.
	AppendAudit(link func(AuditHead) ([]AuditEntry, error)) error
}

// ChangeCard returns what change makes of old, with what stays of it: the row that
// CardsTx.UpdateCard stores.
func ChangeCard(old Card, change func(Card) (Card, error)) (Card, error) {
	id, issuer := old.ID, old.Issuer
	card, err := change(old)
	if err != nil {
		return Card{}, err
	}
	card.ID, card.Issuer = id, issuer
	return card, checkCard(&card)
}

// ChangeClient returns what change makes of old, with what stays of it: the row that
// ClientsTx.UpdateClient stores.
func ChangeClient(old Client, change func(Client) (Client, error)) (Client, error) {
	id, created, revoked, used := old.ID, old.CreatedAt, old.RevokedAt, old.LastUsedAt
	client, err := change(old)
	if err != nil {
		return Client{}, err
	}
	client.ID, client.CreatedAt, client.LastUsedAt = id, created, used
	if !revoked.IsZero() {
		client.RevokedAt = revoked
	}
	return client, CheckClient(client)
}

// PendingAppend implements AuditTx for an engine, which does what it holds before it
// commits.
type PendingAppend struct {
	Link func(AuditHead) ([]AuditEntry, error) // nil appends nothing
}

// AppendAudit implements AuditTx.
func (p *PendingAppend) AppendAudit(link func(AuditHead) ([]AuditEntry, error)) error {
	if p.Link != nil {
		return errors.New("a transaction appends to the audit chain a second time")
	}
	p.Link = link
	return nil
}
