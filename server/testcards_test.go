package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/vault"
)

// storeCard stores a card of acme that expires at the end of a month.
func storeCard(ctx context.Context, v *vault.Vault, id walletport.CardID, pan walletport.PAN, month time.Time) error {
	schemeID, err := pan.Scheme()
	if err != nil {
		return err
	}
	_, err = v.Put(ctx, walletport.Card{
		CardSummary: walletport.CardSummary{
			ID: id, Issuer: "acme", Scheme: schemeID, Status: walletport.CardOK, Expiry: walletport.Expiry{Year: month.Year(), Month: month.Month()}, BIN: pan.BIN(), LastFour: pan.LastFour(),
		},
		PAN: pan, CardholderName: walletport.NewPrivate("ADA LOVELACE"),
	})
	return err
}

func TestTestNumbersThatComeInWhileItRunsAreNamedOnce(t *testing.T) {
	box := startSandbox(t)
	refused, err := server.TestNumbers()
	must(t, err)
	open := *box.Vault
	box.Vault.TestNumbers = refused
	var log strings.Builder
	s := box.Beside(func(s *server.Server) { s.SetLog(slog.New(slog.NewTextHandler(&log, nil))) })
	must(t, s.FindTestCards(t.Context()))
	if got := strings.Count(log.String(), "level=WARN"); got != len(refused) {
		t.Errorf("%d cards are named, want all %d samples", got, len(refused))
	}
	more := fmt.Sprintf("and %d more cards have test numbers", len(refused)-server.MaxTestCardsNamed)
	if got := s.TestCardWarnings(); len(got) != server.MaxTestCardsNamed+1 || got[server.MaxTestCardsNamed] != more {
		t.Errorf("warnings %q", got)
	}
	log.Reset()
	must(t, storeCard(t.Context(), &open, 78, refused[0], time.Now().AddDate(2, 0, 0)))
	must(t, s.FindTestCards(t.Context()))
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "card_id=78") {
		t.Errorf("the log says %q", text)
	}
	must(t, box.Database.Update(t.Context(), func(tx storage.Tx) error { return tx.DeleteCard(78) }))
	must(t, s.FindTestCards(t.Context()))
	if got := s.TestCardWarnings(); got[server.MaxTestCardsNamed] != more {
		t.Errorf("a deleted card is still warned of: %q", got)
	}
}
