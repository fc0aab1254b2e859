package vault

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// ledger takes chunks in the order of the file and keeps the report.
type ledger[K comparable, C any] struct {
	kind      intakeKind[K, C]
	report    ImportReport
	maxErrors int
	rows      *seenRows
}

func newLedger[K comparable, C any](o *ImportOptions, kind intakeKind[K, C]) ledger[K, C] {
	return ledger[K, C]{kind: kind, maxErrors: max(o.MaxErrors, keptErrors), rows: newSeenRows(o.Scratch)}
}

// remember notes the rows that were taken before the import was broken off.
func (l *ledger[K, C]) remember(rows []row[K, C]) error {
	for i := range rows {
		r := &rows[i]
		key := l.kind.seenKey(r.key)
		_, seen, err := l.rows.find(key)
		if err != nil {
			return err
		}
		if !seen {
			l.rows.recent[key] = seenRow{line: r.line.number, digest: r.digest, resumed: true}
		}
	}
	return nil
}

// admit returns the rows of a chunk that are the first of their key, and refuses
// those that contradict an earlier one. Those that say the same again are unchanged.
func (l *ledger[K, C]) admit(c *chunk[K, C]) ([]row[K, C], error) {
	first := c.rows[:0]
	for i := range c.rows {
		r := &c.rows[i]
		key := l.kind.seenKey(r.key)
		before, seen, err := l.rows.find(key)
		switch {
		case err != nil:
			return nil, err
		case !seen, before.resumed && r.isNew: // what was taken is stored, so that one was refused
			l.rows.recent[key] = seenRow{line: r.line.number, digest: r.digest}
			first = append(first, *r)
		case before.digest == r.digest:
			l.report.Unchanged++
		default:
			c.reject(r.line.number, l.kind.fault(fmt.Sprintf("stands on line %d already, with other content", before.line)))
			c.refused = append(c.refused, r.key)
		}
	}
	return first, nil
}

// forget lets a later row of the key be the first: this one was refused after all.
func (l *ledger[K, C]) forget(key K) { delete(l.rows.recent, l.kind.seenKey(key)) }

// count adds what was done with good rows.
func (l *ledger[K, C]) count(rows []row[K, C]) {
	for i := range rows {
		r := &rows[i]
		switch {
		case r.isNew:
			l.report.Inserted++
		case !r.isChange():
			l.report.Unchanged++
		default:
			l.report.Updated++
			l.countChange(r)
		}
	}
}

func (l *ledger[K, C]) countChange(r *row[K, C]) {
	if l.report.Changed == nil {
		l.report.Changed = map[string]int64{}
	}
	for _, field := range r.fields {
		l.report.Changed[field]++
	}
	l.kind.count(r, &l.report)
}

// closed returns the report as it is when the rows are stored and the chunk is done.
func (l *ledger[K, C]) closed(c *chunk[K, C], rows []row[K, C]) ImportReport {
	after := *l
	after.report.Changed, after.report.Statuses = maps.Clone(l.report.Changed), maps.Clone(l.report.Statuses)
	after.report.Errors = slices.Clip(l.report.Errors) // copied when the chunk has errors, and not else
	after.count(rows)
	after.close(c)
	return after.report
}

// close counts what remains to be counted of a chunk that is done.
func (l *ledger[K, C]) close(c *chunk[K, C]) {
	l.report.Rows += int64(len(c.lines)) - c.blank
	l.report.Rejected += c.bad
	slices.SortStableFunc(c.faults, func(a, b RowError) int { return cmp.Compare(a.Line, b.Line) })
	l.report.ErrorCount += int64(len(c.faults))
	room := max(0, l.maxErrors-len(l.report.Errors))
	l.report.Errors = append(l.report.Errors, c.faults[:min(room, len(c.faults))]...)
}
