package applesim

import (
	"encoding/hex"
	"io"
	"sync"
	"time"

	"github.com/walletport/walletport"
)

// Sizes as Apple's samples have them. What is inside of a signature is not public;
// its first byte is 40.
const (
	nonceBytes         = 4
	signatureBytes     = 81
	signatureFirstByte = 0x40
)

const (
	nonceLifetime = 5 * time.Minute
	// bookLifetime is how long a nonce is remembered, so that a late or a second use
	// has a name.
	bookLifetime = 24 * time.Hour
	bookMax      = 10_000
)

// nonceBook is what the wallet remembers of nonces: those it handed out, and those
// that cards were added with. It is in memory only and safe for concurrent use.
type nonceBook struct {
	rand io.Reader
	now  func() time.Time

	mu      sync.Mutex
	entries map[string]nonceEntry // by nonce
}

type nonceEntry struct {
	nonce, signature string // lower-case hex; signature is "" of a nonce not handed out here
	at               time.Time
	used             bool
}

func newNonceBook(rand io.Reader, now func() time.Time) *nonceBook {
	return &nonceBook{rand: rand, now: now, entries: make(map[string]nonceEntry)}
}

// handOut draws a pair. Texts that read like a PAN, and nonces that are known, are
// drawn again.
func (b *nonceBook) handOut() (nonceEntry, error) {
	var raw [nonceBytes + signatureBytes]byte
	for {
		if _, err := io.ReadFull(b.rand, raw[:]); err != nil {
			return nonceEntry{}, noRandom(err)
		}
		raw[nonceBytes] = signatureFirstByte
		entry := nonceEntry{nonce: hex.EncodeToString(raw[:nonceBytes]), signature: hex.EncodeToString(raw[nonceBytes:]), at: b.now()}
		if !walletport.ContainsPAN(entry.signature) && b.add(entry) {
			return entry, nil
		}
	}
}

func (b *nonceBook) add(entry nonceEntry) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.entries[entry.nonce]; ok {
		return false
	}
	b.makeRoom()
	b.entries[entry.nonce] = entry
	return true
}

// makeRoom forgets what is old and, if the book is full, the oldest.
func (b *nonceBook) makeRoom() {
	if len(b.entries) < bookMax {
		return
	}
	oldest := nonceEntry{}
	for nonce, entry := range b.entries {
		if b.now().Sub(entry.at) > bookLifetime {
			delete(b.entries, nonce)
		}
		if oldest.nonce == "" || entry.at.Before(oldest.at) {
			oldest = entry
		}
	}
	delete(b.entries, oldest.nonce)
}

// find returns the pair of which one half was handed out, or both; a nil book has
// none.
func (b *nonceBook) find(nonce, signature string) (nonceEntry, bool) {
	if b == nil {
		return nonceEntry{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if entry, ok := b.entries[nonce]; ok && entry.signature != "" {
		return entry, true
	}
	for _, entry := range b.entries {
		if entry.signature != "" && (entry.signature == signature || entry.signature == nonce) {
			return entry, true
		}
	}
	return nonceEntry{}, false
}

func (b *nonceBook) isUsed(nonce string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.entries[nonce].used
}

// use reports whether the nonce was unused until now; it is used from now on.
func (b *nonceBook) use(nonce string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	entry, ok := b.entries[nonce]
	if entry.used {
		return false
	}
	if !ok {
		b.makeRoom()
		entry = nonceEntry{nonce: nonce, at: b.now()}
	}
	entry.used = true
	b.entries[nonce] = entry
	return true
}
