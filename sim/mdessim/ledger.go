package mdessim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// TokenStatus is the state of a token, in MDES's words.
type TokenStatus string

// The states a new token can be in.
const (
	StatusInactive TokenStatus = "INACTIVE" // made, waiting for a step-up
	StatusActive   TokenStatus = "ACTIVE"
)

// Token is a token of the simulated scheme. It holds no PAN, neither the card's
// nor its own.
type Token struct {
	TokenUniqueReference string      `json:"tokenUniqueReference"` // 48 characters
	PANUniqueReference   string      `json:"panUniqueReference"`   // 48 characters, the same for every token of a card
	Status               TokenStatus `json:"status"`
	TokenRequestorID     string      `json:"tokenRequestorId"`
	WalletProvider       string      `json:"walletProvider"`
	AccountPANSuffix     string      `json:"accountPanSuffix"` // last four digits of the card
	CreatedAt            time.Time   `json:"createdAt"`
	ActivatedAt          *time.Time  `json:"activatedAt,omitempty"`
}

// The files of a ledger's folder.
const (
	ledgerFile = "tokens.jsonl"
	purKeyFile = "pan-reference.key"

	purKeyBytes = 32
)

// ledger is the scheme's record of tokens: JSON Lines, one token a line, synced
// to disk before a token is told to anyone.
type ledger struct {
	purKey []byte

	mu     sync.Mutex
	file   *os.File
	size   int64
	tokens []Token
}

func openLedger(dir string, rand io.Reader) (*ledger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unavailable(fmt.Errorf("make the scheme's folder: %w", err))
	}
	key, err := openKey(filepath.Join(dir, purKeyFile), rand)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, ledgerFile), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, unavailable(fmt.Errorf("open tokens: %w", err))
	}
	l := &ledger{purKey: key, file: file}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := syncDir(dir); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return l, nil
}

// openKey reads the key behind the PAN references, or makes it. It is written
// beside and renamed, so that a crash leaves none or a whole one.
func openKey(path string, rand io.Reader) ([]byte, error) {
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) == purKeyBytes:
		return key, nil
	case err == nil:
		return nil, walletport.Errorf(walletport.CodeInternal, "sim_state_corrupt", "%s does not hold %d bytes", purKeyFile, purKeyBytes)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, unavailable(fmt.Errorf("read key: %w", err))
	}
	key = make([]byte, purKeyBytes)
	if _, err := io.ReadFull(rand, key); err != nil {
		return nil, walletport.Errorf(walletport.CodeInternal, "random", "no random bytes").WithCause(err)
	}
	if err := writeSynced(path+".new", key); err != nil {
		return nil, unavailable(fmt.Errorf("write key: %w", err))
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, unavailable(fmt.Errorf("place key: %w", err))
	}
	return key, nil
}

func writeSynced(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, errWrite := file.Write(data)
	return errors.Join(errWrite, file.Sync(), file.Close())
}

// syncDir makes new names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return unavailable(fmt.Errorf("open folder: %w", err))
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return unavailable(fmt.Errorf("sync folder: %w", err))
	}
	return nil
}

// load reads the tokens. A last line without its line break is what a crash in
// the middle of append leaves; nobody was told of that token, so it is cut off.
func (l *ledger) load() error {
	data, err := io.ReadAll(l.file)
	if err != nil {
		return unavailable(fmt.Errorf("read tokens: %w", err))
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	for line := range bytes.Lines(whole) {
		var t Token
		if err := json.Unmarshal(line, &t); err != nil {
			return walletport.Errorf(walletport.CodeInternal, "sim_state_corrupt", "line %d of %s is no token", len(l.tokens)+1, ledgerFile)
		}
		l.tokens = append(l.tokens, t)
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

// append makes a token durable. After a failed write the file is cut back, so
// that the next line does not follow half of this one.
func (l *ledger) append(t Token) error {
	line, err := json.Marshal(t)
	if err != nil {
		return walletport.Errorf(walletport.CodeInternal, "token_encoding", "the token cannot be written").WithCause(err)
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
	l.tokens = append(l.tokens, t)
	return nil
}

func (l *ledger) all() []Token {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.tokens)
}

func (l *ledger) find(tur string) (Token, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.tokens, func(t Token) bool { return t.TokenUniqueReference == tur })
	if i < 0 {
		return Token{}, false
	}
	return l.tokens[i], true
}

func (l *ledger) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

// panReference names a PAN without holding it: a keyed hash, for there are few
// enough PANs to try them all against a plain one. The counter is there for the
// rare digest that reads like a PAN.
func (l *ledger) panReference(number sim.CardNumber) string {
	for counter := byte(0); ; counter++ {
		mac := hmac.New(sha256.New, l.purKey)
		mac.Write([]byte{counter})
		mac.Write([]byte(number.Clear()))
		text := hex.EncodeToString(mac.Sum(nil)[:referenceBytes])
		if !walletport.ContainsPAN(text) {
			return prefixPUR + text
		}
	}
}

func unavailable(err error) error {
	return walletport.Errorf(walletport.CodeUnavailable, "store_unavailable", "the simulated scheme's records are not to be had").WithCause(err)
}
