package vault

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/walletport/walletport"
)

// ledger takes chunks in the order of the file and keeps the report.
type ledger struct {
	report    ImportReport
	maxErrors int
	rows      map[walletport.CardID]seenRow
}

// seenRow is what the import remembers of a row it took.
type seenRow struct {
	line   uint32 // saturates far above MaxImportRows
	digest [8]byte
}

func newLedger(maxErrors int) ledger {
	return ledger{maxErrors: maxErrors, rows: map[walletport.CardID]seenRow{}}
}

// admit returns the rows of a chunk that are the first of their card, and refuses
// those that contradict an earlier one. Those that say the same again are unchanged.
func (l *ledger) admit(c *chunk) []row {
	first := c.rows[:0]
	for i := range c.rows {
		r := &c.rows[i]
		before, seen := l.rows[r.change.ID]
		switch {
		case !seen:
			l.rows[r.change.ID] = seenRow{line: uint32(r.line.number), digest: r.digest}
			first = append(first, *r)
		case before.digest == r.digest:
			l.report.Unchanged++
		default:
			c.reject(r.line.number, idFault(fmt.Sprintf("stands on line %d already, with other content", before.line)))
		}
	}
	return first
}

// forget lets a later row of the card be the first: this one was refused after all.
func (l *ledger) forget(id walletport.CardID) { delete(l.rows, id) }

// count adds what was done with good rows.
func (l *ledger) count(rows []row) {
	for i := range rows {
		r := &rows[i]
		switch {
		case r.isNew:
			l.report.Inserted++
		case !r.isChange():
			l.report.Unchanged++
		default:
			l.report.Updated++
			l.countChange(&r.what)
		}
	}
}

func (l *ledger) countChange(what *ChangedCard) {
	if l.report.Changed == nil {
		l.report.Changed = map[string]int64{}
	}
	for _, field := range what.Fields {
		l.report.Changed[field]++
	}
	if what.From != what.To {
		if l.report.Statuses == nil {
			l.report.Statuses = map[StatusChange]int64{}
		}
		l.report.Statuses[StatusChange{what.From, what.To}]++
	}
}

// close counts what remains to be counted of a chunk that is done.
func (l *ledger) close(c *chunk) {
	l.report.Rows += int64(len(c.lines)) - c.blank
	l.report.Rejected += c.bad
	slices.SortStableFunc(c.faults, func(a, b RowError) int { return cmp.Compare(a.Line, b.Line) })
	l.report.ErrorCount += int64(len(c.faults))
	room := max(0, l.maxErrors-len(l.report.Errors))
	l.report.Errors = append(l.report.Errors, c.faults[:min(room, len(c.faults))]...)
}
