package vault

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// ledger stores chunks in the order of the file and keeps the report.
type ledger struct {
	report    ImportReport
	maxErrors int
	rows      map[walletport.CardID]seenRow
	batch     []storage.Card
}

// seenRow is what the import remembers of a row it stored.
type seenRow struct {
	line    uint32  // saturates far above MaxImportRows
	content [8]byte // the head of its content MAC: enough to tell equal from unequal
}

func newLedger(maxErrors int) ledger {
	return ledger{maxErrors: maxErrors, rows: map[walletport.CardID]seenRow{}}
}

// repeated is a row that says the same as an earlier one.
type repeated struct {
	id   walletport.CardID
	line int64
}

// store stores the chunk's good rows in one transaction and counts them all.
func (l *ledger) store(ctx context.Context, cards storage.Cards, c *chunk) error {
	l.batch = l.batch[:0]
	var again []repeated
	for i := range c.cards {
		row := &c.cards[i]
		now := seenRow{line: uint32(row.line), content: [8]byte(row.card.ContentMAC)}
		before, seen := l.rows[row.card.ID]
		switch {
		case !seen:
			l.rows[row.card.ID] = now
			l.batch = append(l.batch, row.card)
		case before.content == now.content:
			again = append(again, repeated{row.card.ID, row.line})
		default:
			c.reject(row.line, []walletport.Field{{Name: fieldCardID, Reason: fmt.Sprintf("stands on line %d already, with other content", before.line)}})
		}
	}
	result, err := cards.PutCards(ctx, l.batch)
	if err != nil {
		return err
	}
	again = l.refuse(c, result.OtherIssuer, again)
	l.report.Rows += int64(len(c.lines))
	l.report.Inserted += int64(result.Inserted)
	l.report.Updated += int64(result.Updated)
	l.report.Unchanged += int64(result.Unchanged + len(again))
	l.report.Rejected += c.bad
	l.addFaults(c.faults)
	return nil
}

// refuse rejects the rows whose id is another issuer's card, and forgets them.
func (l *ledger) refuse(c *chunk, ids []walletport.CardID, again []repeated) []repeated {
	if len(ids) == 0 {
		return again
	}
	rule := []walletport.Field{{Name: fieldCardID, Reason: "belongs to a card of another issuer"}}
	for _, id := range ids {
		c.reject(int64(l.rows[id].line), rule)
		delete(l.rows, id)
	}
	return slices.DeleteFunc(again, func(r repeated) bool {
		refused := slices.Contains(ids, r.id)
		if refused {
			c.reject(r.line, rule)
		}
		return refused
	})
}

// addFaults lists the chunk's errors in line order.
func (l *ledger) addFaults(faults []RowError) {
	slices.SortStableFunc(faults, func(a, b RowError) int { return cmp.Compare(a.Line, b.Line) })
	l.report.ErrorCount += int64(len(faults))
	room := max(0, l.maxErrors-len(l.report.Errors))
	l.report.Errors = append(l.report.Errors, faults[:min(room, len(faults))]...)
}
