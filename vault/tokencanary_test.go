package vault_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// TestNoTokenNumberInTheDatabase is the canary for numbers of tokens: no digits of one, in
// any spelling that a leak would have, in any byte of SQLite's files or in any column of
// PostgreSQL's tables.
func TestNoTokenNumberInTheDatabase(t *testing.T) {
	onEachEngine(t, func(t *testing.T, r rig) {
		r.mustPut(t, newCard(t, 1, otherPAN), newCard(t, 2, otherPAN))
		seen := []storage.SeenToken{newToken(t, r.Vault, "acme", 1, testPAN), newToken(t, r.Vault, "acme", 2, testPAN)}
		seen[0].DeviceName, seen[1].DeviceName = "Ada's phone", "Ada's watch"
		ids := r.mustPutTokens(t, seen...)
		renewed := newToken(t, r.Vault, "acme", 1, visaPAN) // another number, which enters the history
		renewed.AsOf = renewed.AsOf.Add(1e9)
		r.mustPutTokens(t, renewed)
		r.add(t, keys.Meta{Purpose: keys.VaultKEK, Version: 2})
		_, err := r.Rewrap(t.Context(), nil)
		must(t, err)
		r.mustForget(t, 2)
		r.wantNumber(t, ids[0], visaPAN)

		all := r.everything(t)
		for _, told := range []string{visaPAN[:6], "Ada's phone", string(storage.TokenNumberChanged)} {
			if !strings.Contains(all, told) {
				t.Fatalf("the canary is blind: not even %q is found", told)
			}
		}
		for _, number := range []string{testPAN, visaPAN} {
			for _, digits := range []string{number, number[6:12], number[8:]} {
				for i, form := range spellings(digits) {
					if strings.Contains(all, form) {
						t.Errorf("digits of %s stand in the database in form %d", mustPAN(t, number), i)
					}
				}
			}
		}
	})
}

// spellings are the ways in which digits may stand in bytes. Those of few digits are left
// out where bytes of a seal may have them by chance.
func spellings(digits string) []string {
	all := []string{hex.EncodeToString([]byte(digits)), base64.RawStdEncoding.EncodeToString([]byte(digits))}
	if len(digits) > 6 {
		packed, _ := hex.DecodeString(digits)
		all = append(all, digits, string(packed), hex.EncodeToString(packed))
	}
	return all
}

// everything returns all that the database holds: the files of SQLite, and the rows of
// PostgreSQL as text, where bytes are hex, and as bytes.
func (r rig) everything(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	if r.path != "" {
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(r.path + suffix)
			must(t, err)
			all.Write(content)
		}
		return all.String()
	}
	db, err := pgx.Connect(t.Context(), r.url)
	must(t, err)
	defer func() { must(t, db.Close(t.Context())) }()
	rows, err := db.Query(t.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
	must(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	for _, table := range tables {
		rows, err := db.Query(t.Context(), fmt.Sprintf("SELECT row::text FROM %s AS row", pgx.Identifier{table}.Sanitize()))
		must(t, err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		all.WriteString(strings.Join(texts, "\n"))
	}
	return all.String()
}

// spellingsOfText are the ways in which a text may stand in bytes, beside itself.
func spellingsOfText(text string) []string {
	return []string{hex.EncodeToString([]byte(text)), base64.RawStdEncoding.EncodeToString([]byte(text)), strings.ToUpper(text)}
}
