package provisioning

import (
	"context"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// call is one request on its way through the flow, and what it has learned.
type call struct {
	*Flow
	now    time.Time
	record *walletport.Auditing
	card   storage.Card
}

// answer runs one call: asked names its card, wallet, user and action.
func answer[R any](ctx context.Context, f *Flow, asked walletport.AuditRecord, act func(*call) (R, error)) (R, error) {
	asked.Time = f.Clock()
	return walletport.Audited(ctx, f.Audit, asked, func(record *walletport.Auditing) (R, error) {
		return act(&call{Flow: f, now: asked.Time, record: record})
	})
}

// findCard looks the card up.
func (c *call) findCard(ctx context.Context) error {
	card, err := c.Vault.Find(ctx, c.record.CardID)
	if walletport.CodeOf(err) == walletport.CodeNotFound {
		return walletport.ErrNoCard(c.record.CardID)
	}
	if err != nil {
		return err
	}
	c.card = card
	return c.record.Found(ctx, card.CardSummary)
}

// selectKeys returns a key of the card for each purpose, in the order given; the
// purpose "" gets the zero Key. All are recorded, or none.
func (c *call) selectKeys(purposes ...keys.Purpose) ([]*keys.Key, error) {
	ring := c.Keys.Current()
	selected := make([]*keys.Key, len(purposes))
	var used []string
	for i, purpose := range purposes {
		if purpose == "" {
			selected[i] = &keys.Key{}
			continue
		}
		key, err := ring.Select(purpose, c.card.Issuer, c.card.BIN, c.now)
		if err != nil {
			return nil, err
		}
		selected[i] = key
		used = append(used, string(key.ID))
	}
	c.record.KeyVersions = used
	return selected, nil
}
