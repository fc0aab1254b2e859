package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// mustStoreTokens stores tokens of acme with sealed numbers and returns their ids.
func mustStoreTokens(t *testing.T, at location, count int) []walletport.TokenID {
	t.Helper()
	number, err := walletport.ParsePAN(testNumber)
	must(t, err)
	var ids []walletport.TokenID
	must(t, at.operate(t.Context(), func(ctx context.Context, o *operator) error {
		v, err := o.vault()
		if err != nil {
			return err
		}
		var seen []storage.SeenToken
		for n := range count {
			token := storage.Token{
				Ref:    walletport.TokenRef{Scheme: walletport.Mastercard, Requestor: "50110030273", Reference: fmt.Sprintf("DWSPMC%042d", n)},
				Issuer: "acme", CardID: 1, Status: walletport.TokenActive, AsOf: time.UnixMilli(1),
			}
			if token.Number, err = v.SealTokenNumber(token.Issuer, token.Ref, number); err != nil {
				return err
			}
			seen = append(seen, storage.SeenToken{Token: token})
		}
		return o.db.Update(ctx, func(tx storage.Tx) error {
			puts, err := tx.PutTokens(seen)
			for _, p := range puts {
				ids = append(ids, p.ID)
			}
			return err
		})
	}))
	return ids
}

// saying returns what runs a command over an installation, and wants it to end with a code
// and to say each text, and never the test number.
func saying(t *testing.T, at location) func(wantCode int, want []string, args ...string) (out string) {
	return func(wantCode int, want []string, args ...string) string {
		t.Helper()
		code, out, errs := runs(t, append(args, "--config", at.Config)...)
		for _, text := range want {
			if !strings.Contains(out+errs, text) {
				t.Errorf("%v does not say %q:\n%s%s", args, text, out, errs)
			}
		}
		if code != wantCode || strings.Contains(out+errs, testNumber) {
			t.Errorf("%v ends with %d, want %d: %s%s", args, code, wantCode, out, errs)
		}
		return out
	}
}

// TestAKeyOfTokenNumbersIsRotated takes the key of three numbers, of which one was altered
// in the database, through its whole life.
func TestAKeyOfTokenNumbersIsRotated(t *testing.T) {
	at := mustProduction(t)
	ids := mustStoreTokens(t, at, 3)
	run := saying(t, at)
	run(exitOK, []string{"0 cards: 0 good, 0 altered, 0 without a key\n", "3 token numbers: 3 good, 0 altered, 0 without a key\n"}, "vault", "verify")
	run(exitOK, nil, "keys", "generate", "vault-kek", "--activate")
	run(exitOK, nil, "keys", "retire", "vault-kek-v1")
	run(exitFault, []string{"key_in_use"}, "keys", "destroy", "vault-kek-v1", "--yes")
	run(exitOK, []string{"0 data keys moved, 0 failed, 0 left\n3 data keys of token numbers moved, 0 failed, 0 left\n"}, "cards", "rewrap")
	run(exitOK, nil, "keys", "destroy", "vault-kek-v1", "--yes")
	run(exitOK, []string{"3 token numbers: 3 good"}, "vault", "verify")

	must(t, at.operate(t.Context(), func(ctx context.Context, o *operator) error {
		return o.db.Update(ctx, func(tx storage.Tx) error {
			return tx.UpdateToken(ids[1], func(token storage.Token) (storage.Token, error) {
				token.Number.WrappedKey = []byte("another's")
				return token, nil
			})
		})
	}))
	finding := fmt.Sprintf("altered: the number of token %s of acme: token number under vault-kek-v2: the data key does not unwrap\n", ids[1])
	run(exitFault, []string{finding, "3 token numbers: 2 good, 1 altered, 0 without a key\n"}, "vault", "verify")
	lines := strings.Split(strings.TrimSpace(run(exitFault, nil, "vault", "verify", "--json")), "\n")
	var found struct {
		TokenID int64
		Check   string
	}
	var counts struct{ TokenNumbers map[string]int64 }
	must(t, json.Unmarshal([]byte(lines[0]), &found))
	must(t, json.Unmarshal([]byte(lines[len(lines)-1]), &counts))
	if found.TokenID != int64(ids[1]) || found.Check != checkAltered || counts.TokenNumbers["good"] != 2 || counts.TokenNumbers["altered"] != 1 {
		t.Errorf("as JSON: %v", lines)
	}
	run(exitOK, nil, "keys", "generate", "vault-kek", "--activate")
	run(exitFault, []string{fmt.Sprintf("the number of token %s does not unwrap\n", ids[1]), "2 data keys of token numbers moved, 1 failed, 0 left\n", "token_damaged"}, "cards", "rewrap")
}
