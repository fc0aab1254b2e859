package vault

import (
	"context"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// changeAttempts is how often a card is read again that somebody else changes at the
// same moment. Twice in a row hardly happens.
const changeAttempts = 5

// storeChunk stores the chunk's good rows in one transaction, and reads those again
// whose card somebody else has changed since it was looked up.
func (im *importer) storeChunk(ctx context.Context, c *chunk) error {
	pending := im.ledger.admit(c)
	for attempt := 1; len(pending) > 0; attempt++ {
		missed, err := im.write(ctx, pending, c.ring)
		if err != nil {
			return err
		}
		wasMissed := func(r row) bool { return slices.Contains(missed, r.change.ID) }
		again := slices.DeleteFunc(slices.Clone(pending), func(r row) bool { return !wasMissed(r) })
		im.ledger.count(slices.DeleteFunc(pending, wasMissed))
		if len(again) == 0 {
			break
		}
		if attempt == changeAttempts {
			im.refuse(c, again, idFault("is changed by somebody else again and again: import the row later"))
			break
		}
		if pending, err = im.again(ctx, c, again); err != nil {
			return err
		}
	}
	im.ledger.close(c)
	return nil
}

// again makes the rows anew on what is stored now. A row that is bad now leaves its
// place to a later one.
func (im *importer) again(ctx context.Context, c *chunk, missed []row) ([]row, error) {
	lines := make([]textLine, len(missed))
	for i := range missed {
		lines[i] = missed[i].line
	}
	c.rows = c.rows[:0]
	if err := im.process(ctx, c, lines); err != nil {
		return nil, err
	}
	made := slices.Clone(c.rows)
	for _, r := range missed {
		if !slices.ContainsFunc(made, func(m row) bool { return m.change.ID == r.change.ID }) {
			im.ledger.forget(r.change.ID)
		}
	}
	return made, nil
}

func (im *importer) refuse(c *chunk, rows []row, faults []walletport.Field) {
	for _, r := range rows {
		c.reject(r.line.number, faults)
		im.ledger.forget(r.change.ID)
	}
}

// write stores the changes among the rows, which are sealed by keys of ring. It returns the
// ids of cards that are not what they were when they were looked up.
func (im *importer) write(ctx context.Context, rows []row, ring *keys.Ring) ([]walletport.CardID, error) {
	var changes []storage.CardChange
	var changed []ChangedCard
	for i := range rows {
		r := &rows[i]
		if r.isChange() {
			changes = append(changes, r.change)
		}
		if r.isChange() && !r.isNew {
			changed = append(changed, r.what)
		}
	}
	if im.options.DryRun || im.isRefused() || len(changes) == 0 {
		return nil, nil
	}
	if err := im.vault.checkKept(ring); err != nil {
		return nil, err
	}
	if im.options.Changing != nil && len(changed) > 0 {
		if err := im.options.Changing(ctx, changed); err != nil {
			return nil, err
		}
	}
	if im.together != nil {
		im.rings[ring] = true
		return nil, im.together.Add(ctx, changes)
	}
	missed, err := im.vault.Cards.ChangeCards(ctx, changes)
	if err != nil {
		return nil, err
	}
	return missed, im.vault.rescue(ctx, ring)
}

// isRefused reports whether a bad row keeps everything from being stored: what
// follows is checked only.
func (im *importer) isRefused() bool { return im.together != nil && im.ledger.report.Rejected > 0 }

// finish stores what is to be stored all or not at all.
func (im *importer) finish(ctx context.Context) error {
	if im.together == nil {
		return nil
	}
	if rejected := im.ledger.report.Rejected; rejected > 0 {
		return walletport.Errorf(walletport.CodeInvalid, "import_refused", "nothing is stored, for %d rows are bad", rejected)
	}
	for ring := range im.rings {
		if err := im.vault.checkKept(ring); err != nil {
			return err
		}
	}
	missed, err := im.together.Commit(ctx)
	if err != nil {
		return err
	}
	if len(missed) > 0 {
		return walletport.Errorf(walletport.CodeConflict, "import_conflict",
			"nothing is stored, for somebody else changed cards meanwhile, card %s first: import the file again", missed[0])
	}
	for ring := range im.rings {
		if err := im.vault.rescue(ctx, ring); err != nil {
			return err
		}
	}
	return nil
}
