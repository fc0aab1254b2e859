package postgres

import (
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/storage/postgres/pgdb"
)

func refParams(ref walletport.TokenRef) pgdb.GetTokenByRefParams {
	return pgdb.GetTokenByRefParams{Reference: ref.Reference, Requestor: ref.Requestor, Scheme: string(ref.Scheme)}
}

func insertTokenParams(t *storage.Token) (pgdb.InsertTokensParams, error) {
	holders, err := storage.EncodeList(t.Holders)
	return pgdb.InsertTokensParams{
		Scheme:        string(t.Ref.Scheme),
		Requestor:     t.Ref.Requestor,
		Reference:     t.Ref.Reference,
		Issuer:        string(t.Issuer),
		CardID:        int64(t.CardID),
		PanReference:  t.PANReference,
		Wallet:        t.Wallet,
		Status:        string(t.Status),
		Holders:       holders,
		StatusSinceMs: storage.ColumnTime(t.StatusSince),
		RequestedMs:   storage.ColumnTime(t.RequestedAt),
		ExpiryYear:    int64(t.Expiry.Year),
		ExpiryMonth:   int64(t.Expiry.Month),
		DeviceName:    t.DeviceName,
		DeviceType:    t.DeviceType,
		Sealed:        notNull(t.Number.Sealed),
		WrappedKey:    notNull(t.Number.WrappedKey),
		Kek:           t.Number.KEK,
		FirstSix:      t.Number.FirstSix,
		LastFour:      t.Number.LastFour,
		Source:        t.Source,
		AsOfMs:        storage.ColumnTime(t.AsOf),
	}, err
}

func updateTokenParams(t *storage.Token) (pgdb.UpdateTokensParams, error) {
	holders, err := storage.EncodeList(t.Holders)
	return pgdb.UpdateTokensParams{
		ID:            int64(t.ID),
		CardID:        int64(t.CardID),
		PanReference:  t.PANReference,
		Wallet:        t.Wallet,
		Status:        string(t.Status),
		Holders:       holders,
		StatusSinceMs: storage.ColumnTime(t.StatusSince),
		RequestedMs:   storage.ColumnTime(t.RequestedAt),
		ExpiryYear:    int64(t.Expiry.Year),
		ExpiryMonth:   int64(t.Expiry.Month),
		DeviceName:    t.DeviceName,
		DeviceType:    t.DeviceType,
		Sealed:        notNull(t.Number.Sealed),
		WrappedKey:    notNull(t.Number.WrappedKey),
		Kek:           t.Number.KEK,
		FirstSix:      t.Number.FirstSix,
		LastFour:      t.Number.LastFour,
		Source:        t.Source,
		AsOfMs:        storage.ColumnTime(t.AsOf),
		ChangeID:      t.Change.ID,
		ChangeAction:  string(t.Change.Action),
		ChangeState:   string(t.Change.State),
		ChangeReason:  string(t.Change.Reason),
		ChangeBy:      string(t.Change.By),
		ChangeClient:  t.Change.Client,
		ChangeChannel: string(t.Change.Channel),
		ChangeSinceMs: storage.ColumnTime(t.Change.Since),
		ChangeOutcome: t.Change.Outcome,
	}, err
}

func tokenFrom(r *pgdb.Token) (storage.Token, error) {
	t := storage.Token{
		ID:           walletport.TokenID(r.ID),
		Ref:          walletport.TokenRef{Scheme: walletport.SchemeID(r.Scheme), Requestor: r.Requestor, Reference: r.Reference},
		Issuer:       walletport.IssuerID(r.Issuer),
		CardID:       walletport.CardID(r.CardID),
		PANReference: r.PanReference,
		Wallet:       r.Wallet,
		Status:       walletport.TokenStatus(r.Status),
		StatusSince:  storage.ColumnTimeFrom(r.StatusSinceMs),
		RequestedAt:  storage.ColumnTimeFrom(r.RequestedMs),
		Expiry:       walletport.Expiry{Year: int(r.ExpiryYear), Month: time.Month(r.ExpiryMonth)},
		DeviceName:   r.DeviceName,
		DeviceType:   r.DeviceType,
		Number: storage.TokenNumber{
			Sealed: r.Sealed, WrappedKey: r.WrappedKey, KEK: r.Kek, FirstSix: r.FirstSix, LastFour: r.LastFour,
		},
		Source: r.Source,
		AsOf:   storage.ColumnTimeFrom(r.AsOfMs),
		Change: storage.TokenChange{
			ID:      r.ChangeID,
			Action:  walletport.TokenAction(r.ChangeAction),
			State:   storage.ChangeState(r.ChangeState),
			Reason:  walletport.TokenReason(r.ChangeReason),
			By:      walletport.AuditUser(r.ChangeBy),
			Client:  r.ChangeClient,
			Channel: storage.TokenChannel(r.ChangeChannel),
			Since:   storage.ColumnTimeFrom(r.ChangeSinceMs),
			Outcome: r.ChangeOutcome,
		},
	}
	return t, storage.DecodeList(r.Holders, &t.Holders)
}

func historyParams(e *storage.TokenHistoryEntry) pgdb.AddTokenHistoryParams {
	return pgdb.AddTokenHistoryParams{
		TokenID:   int64(e.Token),
		AtMs:      storage.ColumnTime(e.At),
		What:      string(e.What),
		Was:       e.From,
		Becomes:   e.To,
		ByWhom:    e.By,
		Channel:   string(e.Channel),
		Reason:    string(e.Reason),
		ChangeID:  e.ChangeID,
		Action:    string(e.Action),
		Answer:    e.Answer,
		Reference: e.Reference,
	}
}

func historyFrom(r *pgdb.TokenHistory) storage.TokenHistoryEntry {
	return storage.TokenHistoryEntry{
		Seq:       r.Seq,
		Token:     walletport.TokenID(r.TokenID),
		At:        storage.ColumnTimeFrom(r.AtMs),
		What:      storage.TokenEvent(r.What),
		From:      r.Was,
		To:        r.Becomes,
		By:        r.ByWhom,
		Channel:   storage.TokenChannel(r.Channel),
		Reason:    walletport.TokenReason(r.Reason),
		ChangeID:  r.ChangeID,
		Action:    walletport.TokenAction(r.Action),
		Answer:    r.Answer,
		Reference: r.Reference,
	}
}

func listParams(card walletport.CardID, asOf time.Time) pgdb.SetTokenListParams {
	return pgdb.SetTokenListParams{CardID: int64(card), AsOfMs: storage.ColumnTime(asOf)}
}
