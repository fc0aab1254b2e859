package act

import (
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// NoteMade ties what an act makes to the idempotency key of its request, if it has one, in the
// transaction that makes it. A process that dies before it has answered leaves it to whoever
// gets the same request again, who finds the id by MadeBefore. Where somebody has the request
// already, because this process was held up, it is CodeConflict, idempotency_in_progress, and
// the act must not be done.
func NoteMade(ctx context.Context, tx storage.Tx, id string) error {
	claim, isClaimed := walletport.AnswerClaimFrom(ctx)
	if !isClaimed {
		return nil
	}
	return tx.NoteMade(claim, id)
}

// NoteJoined is NoteMade for what another request has made, and this one is answered with.
func NoteJoined(ctx context.Context, store storage.Updater, id string) error {
	if _, isClaimed := walletport.AnswerClaimFrom(ctx); !isClaimed {
		return nil
	}
	return store.Update(ctx, func(tx storage.Tx) error { return NoteMade(ctx, tx, id) })
}

// MadeBefore returns the id that NoteMade or NoteJoined has noted of the same request, "" for none.
func MadeBefore(ctx context.Context) string {
	claim, _ := walletport.AnswerClaimFrom(ctx)
	return claim.Made
}
