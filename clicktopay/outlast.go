package clicktopay

import (
	"context"
	"fmt"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
)

// How a run over many cards outlasts what is away for a moment: with pauses that double, and not
// for ever, so that whoever began it learns of what does not pass.
const (
	outlastFirst = 200 * time.Millisecond
	outlastPause = 10 * time.Second
	outlastFor   = 2 * time.Minute
)

// outlast does a part of a run, and again for up to two minutes while the database, the audit
// trail or a custodian of keys is away. The error may be that of a commit that was made, so do
// finds what it has done already.
func outlast[T any](ctx context.Context, clock func() time.Time, do func() (T, error)) (T, error) {
	result, err := do()
	for began, pause := clock(), outlastFirst; isAway(err); pause = min(2*pause, outlastPause) {
		if clock().Sub(began) > outlastFor {
			return result, fmt.Errorf("this lasts for more than %s, so the run ends; run it again, and it goes on from here: %w", outlastFor, err)
		}
		if !act.Pause(ctx, pause) {
			return result, ctx.Err()
		}
		result, err = do()
	}
	return result, err
}

// isAway reports whether an error says that nothing is wrong with what was asked, and that it
// may be well in a moment.
func isAway(err error) bool {
	if walletport.CodeOf(err) != walletport.CodeUnavailable {
		return false
	}
	switch walletport.ReasonOf(err) {
	case "store_unavailable", "audit_unavailable", "key_unavailable":
		return true
	}
	return false
}
