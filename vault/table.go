package vault

import (
	"context"
	"iter"
	"math"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// Kind is a kind of what stands sealed in the database.
type Kind int

// The kinds, in the order of reports. There are KindCount.
const (
	Cards Kind = iota
	TokenNumbers
	Customers
	Requests
	KindCount
)

var sealedKinds = [KindCount]*sealedKind{
	Cards: &sealedCard, TokenNumbers: &sealedTokenNumber, Customers: &sealedCustomer, Requests: &sealedOverrides,
}

// String returns the kind in words: "token numbers".
func (k Kind) String() string { return sealedKinds[k].name + "s" }

// anyKind names all kinds: "cards, token numbers, customers or requests".
func anyKind() string {
	var words []string
	for kind := range KindCount {
		words = append(words, kind.String())
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Reason returns the reason of those that were not written as they stand: "card_damaged".
func (k Kind) Reason() string { return sealedKinds[k].fault.Reason }

// sealedRow is a row of a table.
type sealedRow[ID ~int64] struct {
	binding
	envelope

	id     ID
	issuer walletport.IssuerID
	bin    string // that chooses its key too; empty for what is of no card
}

// table is where the rows of a kind stand: how a re-wrap, a verification and a check of keys
// go through them.
type table[R any, ID ~int64] struct {
	kind      Kind
	first     ID // below the ids of all rows
	keks      func(context.Context) ([]string, error)
	wrappedBy func(ctx context.Context, kek string, after ID, limit int) ([]R, error)
	rewrap    func(context.Context, []storage.Rewrapping[ID]) (int, error)
	rows      func(ctx context.Context, issuer walletport.IssuerID, after ID, limit int) ([]R, error)
	row       func(*R) sealedRow[ID]
	finding   func(*R) Finding // which row it is
	check     func(R) error
}

// anyTable is a table, whatever its rows are.
type anyTable interface {
	// keysInUse returns the ids of the keys that wrap data keys of rows.
	keysInUse(context.Context) ([]string, error)
	// move moves data keys of rows from a key to that which new ones get.
	move(ctx context.Context, r *rewrapper, old *keys.Key) error
	// verify checks all rows.
	verify(context.Context, *verification) error
	// try opens rows of a key until one opens.
	try(ctx context.Context, kek keys.ID) (tried bool, fault, err error)
	// unwraps reports whether a key unwraps any of those that name it, if some do.
	unwraps(ctx context.Context, kek *keys.Key) (tried, good bool, err error)
}

func (v *Vault) tables() [KindCount]anyTable {
	return [KindCount]anyTable{
		Cards: v.cardTable(), TokenNumbers: v.tokenTable(), Customers: v.customerTable(), Requests: v.requestTable(),
	}
}

func (v *Vault) cardTable() *table[storage.Card, walletport.CardID] {
	return &table[storage.Card, walletport.CardID]{
		kind: Cards, first: math.MinInt64,
		keks: v.Cards.CardKEKs, wrappedBy: v.Cards.CardsWrappedBy, rewrap: v.Cards.Rewrap, rows: v.Cards.CardsAfter,
		row: func(c *storage.Card) sealedRow[walletport.CardID] {
			return sealedRow[walletport.CardID]{bindCard(&c.CardSummary), envelopeOf(c), c.ID, c.Issuer, c.BIN}
		},
		finding: func(c *storage.Card) Finding { return Finding{ID: c.ID, Issuer: c.Issuer} },
		check:   v.Check,
	}
}

func (v *Vault) tokenTable() *table[storage.Token, walletport.TokenID] {
	return &table[storage.Token, walletport.TokenID]{
		kind: TokenNumbers,
		keks: v.Tokens.TokenKEKs, wrappedBy: v.Tokens.TokensWrappedBy, rewrap: v.Tokens.RewrapTokens, rows: v.tokensOf,
		row: func(t *storage.Token) sealedRow[walletport.TokenID] {
			return sealedRow[walletport.TokenID]{bindTokenNumber(t.Issuer, t.Ref), envelopeOfNumber(&t.Number), t.ID, t.Issuer, t.Number.FirstSix}
		},
		finding: func(t *storage.Token) Finding { return Finding{Token: t.ID, Issuer: t.Issuer} },
		check:   v.checkTokenNumber,
	}
}

func (v *Vault) customerTable() *table[storage.Customer, walletport.CustomerID] {
	return &table[storage.Customer, walletport.CustomerID]{
		kind: Customers,
		keks: v.Customers.CustomerKEKs, wrappedBy: v.Customers.CustomersWrappedBy, rewrap: v.Customers.RewrapCustomers, rows: v.Customers.CustomersAfter,
		row: func(c *storage.Customer) sealedRow[walletport.CustomerID] {
			return sealedRow[walletport.CustomerID]{bindCustomer(c.CustomerKey), envelopeOfCustomer(c), c.ID, c.Issuer, ""}
		},
		finding: func(c *storage.Customer) Finding { return Finding{Customer: c.Number, Issuer: c.Issuer} },
		check:   v.CheckCustomer,
	}
}

func (v *Vault) requestTable() *table[storage.EnrolmentRequest, storage.RequestNo] {
	return &table[storage.EnrolmentRequest, storage.RequestNo]{
		kind: Requests,
		keks: v.Requests.EnrolmentRequestKEKs, wrappedBy: v.Requests.EnrolmentRequestsWrappedBy,
		rewrap: v.Requests.RewrapEnrolmentRequests, rows: v.Requests.SealedEnrolmentRequestsAfter,
		row: func(r *storage.EnrolmentRequest) sealedRow[storage.RequestNo] {
			return sealedRow[storage.RequestNo]{bindOverrides(r.Issuer, r.ID), envelope(r.Overrides), r.No, r.Issuer, ""}
		},
		finding: func(r *storage.EnrolmentRequest) Finding { return Finding{Request: r.ID, Issuer: r.Issuer} },
		check:   v.checkOverrides,
	}
}

func (t *table[R, ID]) keysInUse(ctx context.Context) ([]string, error) { return t.keks(ctx) }

// wrapped returns the rows whose data keys a key wraps, page by page, and ends with the
// first error. Rows that are moved meanwhile leave no gap.
func (t *table[R, ID]) wrapped(ctx context.Context, kek keys.ID, limit int) iter.Seq2[[]R, error] {
	return t.pages(func(after ID) ([]R, error) { return t.wrappedBy(ctx, string(kek), after, limit) })
}

func (t *table[R, ID]) pages(list func(after ID) ([]R, error)) iter.Seq2[[]R, error] {
	return func(yield func([]R, error) bool) {
		for after := t.first; ; {
			rows, err := list(after)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(rows) == 0 {
				return
			}
			after = t.row(&rows[len(rows)-1]).id
			if !yield(rows, nil) {
				return
			}
		}
	}
}
