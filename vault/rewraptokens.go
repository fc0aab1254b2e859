package vault

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// moveTokens moves the data keys of token numbers from a key, as moveCards does those of
// cards.
func (r *rewrapper) moveTokens(ctx context.Context, old *keys.Key) error {
	for after := walletport.TokenID(0); ; {
		tokens, err := r.vault.Tokens.TokensWrappedBy(ctx, string(old.ID), after, rewrapBatch)
		if err != nil || len(tokens) == 0 {
			return err
		}
		after = tokens[len(tokens)-1].ID
		changes, err := r.tokenChanges(tokens, old)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			moved, err := r.vault.Tokens.RewrapTokens(ctx, changes)
			if err != nil {
				return err
			}
			r.report.Tokens.Moved += int64(moved)
		}
		if r.progress != nil {
			r.progress(r.report)
		}
	}
}

func (r *rewrapper) tokenChanges(tokens []storage.Token, old *keys.Key) ([]storage.TokenRewrapping, error) {
	ring := r.vault.newestRing()
	var changes []storage.TokenRewrapping
	for i := range tokens {
		t := &tokens[i]
		target, err := r.vault.tokenKEK(ring, t.Issuer, &t.Number)
		if walletport.ReasonOf(err) == reasonNoKey {
			r.leftOf(t.Issuer, err).Tokens++
			continue
		}
		if err != nil {
			return nil, err
		}
		if target.ID == old.ID {
			continue
		}
		wrapped, err := bindTokenNumber(t.Issuer, t.Ref).rewrap(t.Number.WrappedKey, old, target)
		if err != nil {
			r.tokens.count(&r.report.Tokens, t.ID)
			continue
		}
		changes = append(changes, storage.TokenRewrapping{ID: t.ID, Old: t.Number.WrappedKey, New: wrapped, KEK: string(target.ID)})
	}
	return changes, nil
}
