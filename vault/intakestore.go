package vault

import (
	"context"
	"slices"

	"github.com/walletport/walletport"
)

// changeAttempts is how often a card, or a customer, is read again that somebody else changes
// at the same moment. Twice in a row hardly happens.
const changeAttempts = 5

// storeChunk stores the chunk's good rows in one transaction, with how far the import came by
// them. If somebody else has changed a card or customer of them since it was looked up, none is
// stored, and those rows are made again before all are: of a batch that was stored in part, a later
// import would not know which rows are done.
func (in *intake[K, C]) storeChunk(ctx context.Context, c *chunk[K, C]) error {
	if err := in.rules.File.checkUnchanged(); err != nil {
		return err
	}
	if err := in.ledger.rows.makeRoom(); err != nil {
		return err
	}
	if err := in.ledger.remember(c.taken); err != nil {
		return err
	}
	if len(c.lines) == 0 { // all of them were taken before the import was broken off
		in.tellProgress(c)
		return in.beat(ctx)
	}
	pending, err := in.ledger.admit(c)
	if err != nil {
		return err
	}
	made := pending // those that nobody was told of
	for attempt := 1; ; attempt++ {
		after := in.ledger.closed(c, pending)
		missed, err := in.write(ctx, c, pending, made, &after)
		if err != nil {
			return err
		}
		if len(missed) == 0 {
			in.ledger.report = after
			break
		}
		wasMissed := func(r row[K, C]) bool { return slices.Contains(missed, r.key) }
		again := slices.DeleteFunc(slices.Clone(pending), func(r row[K, C]) bool { return !wasMissed(r) })
		pending = slices.DeleteFunc(slices.Clone(pending), wasMissed) // c.rows is written anew below
		if attempt >= changeAttempts {
			in.refuse(c, again, in.kind.fault("is changed by somebody else again and again: import the row later"))
			made = nil
			continue
		}
		if made, err = in.again(ctx, c, again); err != nil {
			return err
		}
		pending = append(pending, made...)
	}
	in.refused.add(c.refused)
	in.tellProgress(c)
	return nil
}

func (in *intake[K, C]) tellProgress(c *chunk[K, C]) {
	if in.rules.Progress != nil {
		in.rules.Progress(ImportProgress{Rows: in.ledger.report.Rows, Bytes: c.bytes})
	}
}

// again makes the rows anew on what is stored now. A row that is bad now leaves its
// place to a later one.
func (in *intake[K, C]) again(ctx context.Context, c *chunk[K, C], missed []row[K, C]) ([]row[K, C], error) {
	lines := make([]textLine, len(missed))
	for i := range missed {
		lines[i] = missed[i].line
	}
	c.rows = c.rows[:0]
	if err := in.make(ctx, c, lines); err != nil {
		return nil, err
	}
	made := slices.Clone(c.rows)
	for _, r := range missed {
		if !slices.ContainsFunc(made, func(m row[K, C]) bool { return m.key == r.key }) {
			in.ledger.forget(r.key)
		}
	}
	return made, nil
}

func (in *intake[K, C]) refuse(c *chunk[K, C], rows []row[K, C], faults []walletport.Field) {
	for _, r := range rows {
		c.reject(r.line.number, faults)
		c.refused = append(c.refused, r.key)
		in.ledger.forget(r.key)
	}
}

// write stores the changes among the rows of a chunk, of which made were not announced yet. after
// is the report as it is when all of them are stored. If it returns keys, nothing is stored: they are
// of those that are not what they were when they were looked up.
func (in *intake[K, C]) write(ctx context.Context, c *chunk[K, C], rows, made []row[K, C], after *ImportReport) ([]K, error) {
	if in.rules.DryRun || in.isRefused() {
		return nil, nil
	}
	changes := changesOf(rows)
	if len(changes) == 0 {
		return nil, in.markSeldom(ctx, c, after)
	}
	mark, err := in.markOf(c, after)
	if err != nil {
		return nil, err
	}
	for _, ring := range c.rings {
		if err := in.vault.checkKept(ring); err != nil {
			return nil, err
		}
	}
	if err := in.kind.announce(ctx, changesOf(made)); err != nil {
		return nil, err
	}
	missed, err := in.kind.store(ctx, changes, mark)
	if err != nil || len(missed) > 0 {
		return missed, err
	}
	if in.begun {
		for _, ring := range c.rings {
			in.rings[ring] = true
		}
		return nil, nil
	}
	in.noteMark(mark)
	for _, ring := range c.rings {
		if err := in.vault.rescue(ctx, ring); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func changesOf[K comparable, C any](rows []row[K, C]) []row[K, C] {
	return slices.DeleteFunc(slices.Clone(rows), func(r row[K, C]) bool { return !r.isChange() })
}

// isRefused reports whether a bad row keeps everything from being stored: what
// follows is checked only.
func (in *intake[K, C]) isRefused() bool { return in.begun && in.ledger.report.Rejected > 0 }

// finish stores what is to be stored all or not at all.
func (in *intake[K, C]) finish(ctx context.Context) error {
	if !in.begun {
		return nil
	}
	if rejected := in.ledger.report.Rejected; rejected > 0 {
		return walletport.Errorf(walletport.CodeInvalid, "import_refused", "nothing is stored, for %d rows are bad", rejected)
	}
	for ring := range in.rings {
		if err := in.vault.checkKept(ring); err != nil {
			return err
		}
	}
	missed, err := in.kind.commit(ctx)
	if err != nil {
		return err
	}
	if len(missed) > 0 {
		return in.kind.errConflict(missed[0])
	}
	for ring := range in.rings {
		if err := in.vault.rescue(ctx, ring); err != nil {
			return err
		}
	}
	return nil
}
