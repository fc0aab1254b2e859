package main

import (
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/tokens"
)

// tokenJSON is a token as scripts read it: the members of the API's list item, and what is
// known besides. Moments are UTC; null is not known.
type tokenJSON struct {
	ID          walletport.TokenID     `json:"tokenId"`
	Issuer      walletport.IssuerID    `json:"issuer"`
	CardID      *int64                 `json:"cardId"` // null: the token has no card any more
	Scheme      walletport.SchemeID    `json:"scheme"`
	Requestor   string                 `json:"tokenRequestorId"`
	Reference   string                 `json:"tokenUniqueReferenceId"`
	Wallet      string                 `json:"walletProvider"`
	Status      walletport.TokenStatus `json:"status"`
	Holders     []walletport.Holder    `json:"heldBy"`
	StatusSince *time.Time             `json:"statusSince"`
	RequestedAt *time.Time             `json:"requestedAt"`
	Number      string                 `json:"tokenNumber"` // masked; "" is not known
	LastFour    string                 `json:"lastFour"`
	Expiry      string                 `json:"expiry"` // YYYY-MM; "" is not known
	DeviceName  string                 `json:"deviceName"`
	DeviceType  string                 `json:"deviceType"`
	Source      string                 `json:"source"`
	AsOf        *time.Time             `json:"asOf"`
}

func tokenOf(listed tokens.Listed, row storage.Token) tokenJSON {
	return tokenJSON{
		ID: listed.ID, Issuer: row.Issuer, CardID: cardJSON(row.CardID), Scheme: listed.Ref.Scheme, Requestor: listed.Ref.Requestor, Reference: listed.Ref.Reference,
		Wallet: listed.Wallet, Status: listed.Status, Holders: orEmpty(row.Holders),
		StatusSince: momentJSON(row.StatusSince), RequestedAt: momentJSON(row.RequestedAt),
		Number: listed.MaskedNumber, LastFour: row.Number.LastFour, Expiry: row.Expiry.YearMonth(),
		DeviceName: row.DeviceName, DeviceType: row.DeviceType, Source: row.Source, AsOf: momentJSON(row.AsOf),
	}
}

// listedJSON is a token of a list.
type listedJSON struct {
	tokenJSON
	OldReason string `json:"oldReason"` // why it is old; "" if it is not
	IsOld     bool   `json:"isOld"`     // the scheme was asked and gave no word that counts
}

// shownJSON is a token with its last change and its history.
type shownJSON struct {
	tokenJSON
	OldReason string                   `json:"oldReason"` // as of listedJSON
	IsOld     bool                     `json:"isOld"`
	Change    *changeJSON              `json:"change"`  // null: none was ever asked for here
	Allowed   []walletport.TokenAction `json:"allowed"` // what may be done now
	History   []entryJSON              `json:"history"` // the newest first
}

type changeJSON struct {
	ID      string                 `json:"changeId"`
	Action  walletport.TokenAction `json:"action"`
	State   storage.ChangeState    `json:"state"`
	Reason  walletport.TokenReason `json:"reason"`
	By      walletport.AuditUser   `json:"by"`
	Client  string                 `json:"client"`
	Channel storage.TokenChannel   `json:"channel"`
	Since   *time.Time             `json:"since"`
	Outcome string                 `json:"outcome"` // why it was not done, or why nobody knows
}

type entryJSON struct {
	Seq       int64                  `json:"seq"`
	At        *time.Time             `json:"at"`
	What      storage.TokenEvent     `json:"what"`
	From      string                 `json:"from"`
	To        string                 `json:"to"`
	By        string                 `json:"by"`
	Channel   storage.TokenChannel   `json:"channel"`
	Reason    walletport.TokenReason `json:"reason"`
	ChangeID  string                 `json:"changeId"`
	Action    walletport.TokenAction `json:"action"`
	Answer    string                 `json:"answer"`    // the scheme's
	Reference string                 `json:"reference"` // the scheme's id of the change
}

func shownOf(s tokens.Shown) shownJSON {
	shown := shownJSON{tokenJSON: tokenOf(s.Listed, s.Token), OldReason: s.OldReason, IsOld: s.IsOld, Allowed: orEmpty(s.Allowed), History: []entryJSON{}}
	if c := s.Token.Change; c.ID != "" {
		shown.Change = &changeJSON{c.ID, c.Action, c.State, c.Reason, c.By, c.Client, c.Channel, momentJSON(c.Since), c.Outcome}
	}
	for _, e := range s.History {
		shown.History = append(shown.History, entryJSON{
			e.Seq, momentJSON(e.At), e.What, e.From, e.To, e.By, e.Channel, e.Reason, e.ChangeID, e.Action, e.Answer, e.Reference,
		})
	}
	return shown
}

// cardJSON is a card's id, or nothing for none.
func cardJSON(card walletport.CardID) *int64 {
	if card == 0 {
		return nil
	}
	id := int64(card)
	return &id
}

// momentJSON is a moment, or nothing for one that is not known.
func momentJSON(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// orEmpty makes a list that JSON does not print as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
