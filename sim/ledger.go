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
// words: JSON Lines, one token a line, synced to disk before a token is told to
// anyone. It is safe for concurrent use within one process; a folder belongs to
// one Ledger at a time. T must not hold a PAN.
type Ledger[T any] struct {
	key []byte

	mu     sync.Mutex
	file   *os.File
	size   int64
	tokens []T
}

// OpenLedger opens the ledger in dir, and makes folder, key and file if they are
// absent. Close it after use. Errors: CodeUnavailable, reason store_unavailable;
// CodeInternal, reason sim_state_corrupt, for a file that something else wrote.
func OpenLedger[T any](dir string, rand io.Reader) (*Ledger[T], error) {
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
	l := &Ledger[T]{key: key, file: file}
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
	for line := range bytes.Lines(whole) {
		var token T
		if err := json.Unmarshal(line, &token); err != nil || IsNull(bytes.TrimSpace(line)) {
			return walletport.Errorf(walletport.CodeInternal, "sim_state_corrupt", "line %d of %s is no token", len(l.tokens)+1, ledgerFile)
		}
		l.tokens = append(l.tokens, token)
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

// Append makes a token durable. After a failed write the file is cut back, so
// that the next line does not follow half of this one. Its error is
// CodeUnavailable, reason store_unavailable.
func (l *Ledger[T]) Append(token T) error {
	line, err := json.Marshal(token)
	if err != nil {
		return unavailable(fmt.Errorf("encode token: %w", err))
	}
	line = append(line, '\n')
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err = l.file.Write(line)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return unavailable(errors.Join(fmt.Errorf("append token: %w", err), l.file.Truncate(l.size)))
	}
	l.size += int64(len(line))
	l.tokens = append(l.tokens, token)
	return nil
}

// All returns every token, oldest first.
func (l *Ledger[T]) All() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.tokens)
}

// Find returns the oldest token that is the one meant.
func (l *Ledger[T]) Find(isMeant func(T) bool) (token T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.tokens, isMeant)
	if i < 0 {
		return token, false
	}
	return l.tokens[i], true
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
