package keys

import (
	"slices"
	"time"

	"github.com/walletport/walletport"
)

// Ring is an immutable view of a whole catalogue. A rotation makes a new Ring;
// readers go on with the one they hold, without a lock.
type Ring struct {
	keys []*Key
	byID map[ID]*Key
}

// NewRing indexes keys. It keeps the slice.
func NewRing(all []*Key) *Ring {
	r := &Ring{keys: all, byID: make(map[ID]*Key, len(all))}
	for _, k := range all {
		r.byID[k.ID] = k
	}
	return r
}

// All returns every key, in catalogue order. The caller must not change it.
func (r *Ring) All() []*Key { return r.keys }

// ByID returns the key of that id in any state, for opening and verifying.
func (r *Ring) ByID(id ID) (*Key, bool) {
	k, ok := r.byID[id]
	return k, ok
}

// Find is ByID for an id that somebody typed. The error is CodeNotFound, reason
// key_not_found.
func (r *Ring) Find(id ID) (*Key, error) {
	if k, ok := r.byID[id]; ok {
		return k, nil
	}
	return nil, errNotFound()
}

// Serves reports whether the ring has a key of the purpose that is active and valid at
// t, of any issuer and for any BIN.
func (r *Ring) Serves(p Purpose, t time.Time) bool {
	return slices.ContainsFunc(r.keys, func(k *Key) bool { return k.Purpose == p && k.ServesAt(t) })
}

// Select returns the key for new work: of the purpose, active and valid at t,
// serving the issuer and the BIN (which may be "" for purposes without one).
// A key of the issuer beats one for all, then a key with BIN ranges beats one
// without, then the highest version wins. Without any it returns
// CodeUnavailable, reason key_unavailable.
func (r *Ring) Select(p Purpose, issuer walletport.IssuerID, bin string, t time.Time) (*Key, error) {
	var best *Key
	for _, k := range r.keys {
		if k.Purpose != p || !k.ServesAt(t) || !serves(k, issuer, bin) {
			continue
		}
		if best == nil || betterThan(k, best) {
			best = k
		}
	}
	if best == nil {
		return nil, walletport.Errorf(walletport.CodeUnavailable, "key_unavailable",
			"no active %s key serves this card; an operator must add or activate one", p)
	}
	return best, nil
}

// SelectAll is Select for several purposes, in their order; the purpose "" gets the zero Key.
// used are the ids of the keys. The error is that of the first purpose that has none.
func (r *Ring) SelectAll(issuer walletport.IssuerID, bin string, t time.Time, purposes ...Purpose) (selected []*Key, used []string, _ error) {
	for _, purpose := range purposes {
		if purpose == "" {
			selected = append(selected, &Key{})
			continue
		}
		key, err := r.Select(purpose, issuer, bin, t)
		if err != nil {
			return nil, nil, err
		}
		selected, used = append(selected, key), append(used, string(key.ID))
	}
	return selected, used, nil
}

func serves(k *Key, issuer walletport.IssuerID, bin string) bool {
	if k.Issuer != "" && k.Issuer != issuer {
		return false
	}
	return len(k.BINs) == 0 || slices.ContainsFunc(k.BINs, func(b BINRange) bool { return b.Contains(bin) })
}

func betterThan(a, b *Key) bool {
	if own := a.Issuer != ""; own != (b.Issuer != "") {
		return own
	}
	if narrow := len(a.BINs) > 0; narrow != (len(b.BINs) > 0) {
		return narrow
	}
	return a.Version > b.Version
}

// Source gives the catalogue as it is now. Current is called on every request:
// it must not lock, copy or do I/O.
type Source interface {
	Current() *Ring
}

// Refresher is a Source whose catalogue other processes change. Refresh looks at
// once whether it did, and returns it; it may do I/O, so it is for work that finds
// a key missing.
type Refresher interface {
	Source
	Refresh() *Ring
}
