package keys

import "time"

// ExpiringBefore returns the active keys whose validity ends before t, in
// catalogue order: those that an operator must replace. Keys that have ended
// already are among them; retired keys and keys without an end are not.
func ExpiringBefore(r *Ring, t time.Time) []*Key {
	var expiring []*Key
	for _, k := range r.All() {
		if k.State == Active && !k.ValidUntil.IsZero() && k.ValidUntil.Before(t) {
			expiring = append(expiring, k)
		}
	}
	return expiring
}
