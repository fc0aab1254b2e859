package sim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/disk"
)

// The files of a ledger's folder.
const (
	ledgerFile = "tokens.jsonl"
	keyFile    = "pan-reference.key"
)

// Ledger is a simulated scheme's record of its tokens, T in the scheme's own
// words: JSON Lines, one version of a token a line, synced to disk before it is told
// to anyone. The last line of a token is what it is; all its lines are its history.
// It is safe for concurrent use within one process; a folder belongs to one Ledger at
// a time. T must not hold a PAN.
type Ledger[T any] struct {
	key         []byte
	referenceOf func(T) string

	mu       sync.Mutex
	file     *os.File
	size     int64
	order    []string // references, oldest token first
	versions map[string][]T
}

// OpenLedger opens the ledger in dir, and makes folder, key and file if they are
// absent. referenceOf tells which token a line is of. Close the ledger after use.
// Errors: CodeUnavailable, reason store_unavailable; CodeInternal, reason
// sim_state_corrupt, for a file that something else wrote.
func OpenLedger[T any](dir string, referenceOf func(T) string, rand io.Reader) (*Ledger[T], error) {
	if err := disk.MakeFolder(dir); err != nil {
		return nil, unavailable(fmt.Errorf("make the scheme's folder: %w", err))
	}
	key, err := openKey(filepath.Join(dir, keyFile), rand)
	if err != nil {
		return nil, err
	}
	file, err := openTokens(filepath.Join(dir, ledgerFile))
	if err != nil {
		return nil, unavailable(fmt.Errorf("open tokens: %w", err))
	}
	l := &Ledger[T]{key: key, referenceOf: referenceOf, file: file, versions: map[string][]T{}}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := disk.SyncFolder(dir); err != nil {
		return nil, errors.Join(unavailable(fmt.Errorf("sync folder: %w", err)), file.Close())
	}
	return l, nil
}

func openTokens(path string) (*os.File, error) {
	made, err := disk.Create(path, disk.Secret)
	if err == nil {
		err = made.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
}

// load reads the tokens. A last line without its line break is what a crash in
// the middle of Append leaves; nobody was told of that token, so it is cut off.
func (l *Ledger[T]) load() error {
	data, err := io.ReadAll(l.file)
	if err != nil {
		return unavailable(fmt.Errorf("read tokens: %w", err))
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	lines := 0
	for line := range bytes.Lines(whole) {
		lines++
		var token T
		if err := json.Unmarshal(line, &token); err != nil || IsNull(bytes.TrimSpace(line)) {
			return walletport.Errorf(walletport.CodeInternal, "sim_state_corrupt", "line %d of %s is no token", lines, ledgerFile)
		}
		l.remember(token)
	}
	l.size = int64(len(whole))
	if len(whole) == len(data) {
		return nil
	}
	if err := l.file.Truncate(l.size); err != nil {
		return unavailable(fmt.Errorf("cut off the torn line: %w", err))
	}
	return nil
}

func (l *Ledger[T]) remember(version T) {
	reference := l.referenceOf(version)
	if len(l.versions[reference]) == 0 {
		l.order = append(l.order, reference)
	}
	l.versions[reference] = append(l.versions[reference], version)
}

// Append makes a token durable, or the next version of one. Its error is
// CodeUnavailable, reason store_unavailable.
func (l *Ledger[T]) Append(token T) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write(token)
}

// Change makes the next version of a token durable, as change makes it of the last one;
// no other change comes between. An error of change is returned as it is, and nothing is
// written. Other errors: CodeNotFound, reason token_unknown; those of Append.
func (l *Ledger[T]) Change(reference string, change func(T) (T, error)) (next T, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	versions := l.versions[reference]
	if len(versions) == 0 {
		return next, walletport.Errorf(walletport.CodeNotFound, "token_unknown", "the simulated scheme has no such token")
	}
	if next, err = change(versions[len(versions)-1]); err != nil {
		return next, err
	}
	return next, l.write(next)
}

// write appends a line. After a failed write the file is cut back, so that the next line
// does not follow half of this one.
func (l *Ledger[T]) write(version T) error {
	line, err := json.Marshal(version)
	if err != nil {
		return unavailable(fmt.Errorf("encode token: %w", err))
	}
	line = append(line, '\n')
	_, err = l.file.Write(line)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return unavailable(errors.Join(fmt.Errorf("append token: %w", err), l.file.Truncate(l.size)))
	}
	l.size += int64(len(line))
	l.remember(version)
	return nil
}

// All returns every token as it is, oldest first.
func (l *Ledger[T]) All() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]T, 0, len(l.order))
	for _, reference := range l.order {
		all = append(all, l.last(reference))
	}
	return all
}

func (l *Ledger[T]) last(reference string) T {
	versions := l.versions[reference]
	return versions[len(versions)-1]
}

// Find returns the oldest token that is the one meant, as it is.
func (l *Ledger[T]) Find(isMeant func(T) bool) (token T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, reference := range l.order {
		if last := l.last(reference); isMeant(last) {
			return last, true
		}
	}
	return token, false
}

// Versions returns all that a token has been, oldest first; none of one that is not
// known.
func (l *Ledger[T]) Versions(reference string) []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.versions[reference])
}

// TokensJSON returns every token as a JSON array, oldest first.
func (l *Ledger[T]) TokensJSON() ([]byte, error) {
	return json.Marshal(append([]T{}, l.All()...))
}

// PANReference names a PAN without holding it, the same on every call: spell
// writes a keyed hash of 32 bytes in the scheme's form. The key is there because
// all PANs can be tried against a plain hash.
func (l *Ledger[T]) PANReference(number CardNumber, spell func(hash []byte) string) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte{0}) // as the references that are on disk were made
	mac.Write([]byte(number.Clear()))
	return spell(mac.Sum(nil))
}

// Key returns a key of 32 bytes for a purpose of the scheme's own: what must not stand in
// the ledger in clear is sealed with it. It is kept beside the ledger, and says nothing of
// other purposes' keys or of PAN references.
func (l *Ledger[T]) Key(purpose string) []byte {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte{1}) // PAN references have 0
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// DrawReference draws a new name: spell writes 32 random bytes in the scheme's form.
func DrawReference(rand io.Reader, spell func(random []byte) string) (string, error) {
	var raw [32]byte
	if _, err := io.ReadFull(rand, raw[:]); err != nil {
		return "", noRandom(err)
	}
	return spell(raw[:]), nil
}

// Close closes the file.
func (l *Ledger[T]) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

func unavailable(err error) error {
	return walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "the simulated scheme's records are not to be had").WithCause(err)
}

func noRandom(err error) error {
	return walletport.Errorf(walletport.CodeInternal, "random", "no random bytes").WithCause(err)
}
