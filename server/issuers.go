package server

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/storage"
)

// IssuerNames knows how card issuers are spelled: by cards, API clients and keys. An
// issuer is only a name, so that a slip in a rule or a client is another issuer, whose
// gate, terms or rights nobody misses until it is too late.
type IssuerNames struct {
	cards    storage.Cards
	named    map[walletport.IssuerID]bool // by clients and keys
	hasCards bool
}

// ReadIssuerNames reads who names issuers now, but for the cards, which Doubt asks.
func ReadIssuerNames(ctx context.Context, db storage.Store, ring *keys.Ring) (*IssuerNames, error) {
	n := &IssuerNames{cards: db, named: map[walletport.IssuerID]bool{}}
	clients, err := db.Clients(ctx)
	if err != nil {
		return nil, err
	}
	for _, client := range clients {
		for _, id := range client.Issuers {
			n.named[id] = true
		}
	}
	for _, key := range ring.All() {
		if key.Issuer != "" {
			n.named[key.Issuer] = true
		}
	}
	n.hasCards, err = n.hasCard(ctx, "")
	return n, err
}

// hasCard reports whether there is a card of the issuer; "" is any.
func (n *IssuerNames) hasCard(ctx context.Context, id walletport.IssuerID) (bool, error) {
	cards, err := n.cards.CardsAfter(ctx, id, math.MinInt64, 1)
	return len(cards) > 0, err
}

// nobody reports whether there is nothing yet that could name an issuer.
func (n *IssuerNames) nobody() bool { return len(n.named) == 0 && !n.hasCards }

// Doubt returns "" for an issuer that something names, and else why it may be a slip.
func (n *IssuerNames) Doubt(ctx context.Context, id walletport.IssuerID) (string, error) {
	doubt, meant, err := n.doubt(ctx, id)
	return doubt + meant, err
}

// doubt returns what Doubt does in two parts: meant names the issuer that was meant, if
// one is spelled nearly so.
func (n *IssuerNames) doubt(ctx context.Context, id walletport.IssuerID) (doubt, meant string, err error) {
	if n.nobody() || n.named[id] {
		return "", "", nil
	}
	if known, err := n.hasCard(ctx, id); known || err != nil {
		return "", "", err
	}
	withCards, err := n.cards.CardIssuers(ctx)
	if err != nil {
		return "", "", err
	}
	others := map[string]bool{}
	for _, other := range slices.AppendSeq(withCards, maps.Keys(n.named)) {
		others[string(other)] = true
	}
	meant = config.DidYouMean(string(id), slices.Sorted(maps.Keys(others)))
	return fmt.Sprintf("no card, client or key knows the issuer %s", id), meant, nil
}

// issuerDoubts says which issuers of the configuration nothing else names.
type issuerDoubts struct {
	slips []error // in rules and offers, and of sections with a gate: another issuer would have it
	early []error // in other sections, which may come before the issuer's cards
	told  bool    // false while nothing names any issuer
}

func doubtfulIssuers(ctx context.Context, c config.Config, db storage.Store, ring *keys.Ring) (found issuerDoubts, err error) {
	names, err := ReadIssuerNames(ctx, db, ring)
	if err != nil || names.nobody() {
		return found, err
	}
	for _, issuer := range c.NamedIssuers() {
		doubt, meant, err := names.doubt(ctx, issuer.ID)
		mayBeEarly := issuer.OnlySection && (meant == "" || !issuer.OwnStepUp)
		switch {
		case err != nil:
			return issuerDoubts{}, err
		case doubt == "":
		case mayBeEarly:
			found.early = append(found.early, fmt.Errorf("%s: %s%s", issuer.Setting, doubt, meant))
		default:
			found.slips = append(found.slips, fmt.Errorf("%s: %s%s", issuer.Setting, doubt, meant))
		}
	}
	found.told = true
	return found, nil
}

// warnOfIssuers tells of issuers in the configuration that nothing else names, and of what
// it says about issuers' cards without effect. A database that does not answer is told of
// by readiness.
func (s *Server) warnOfIssuers(ctx context.Context) {
	for _, doubt := range s.Settings.Doubts {
		s.log.Warn("the configuration has a setting without effect", "setting", doubt)
	}
	found, err := doubtfulIssuers(ctx, s.Settings, s.Database, s.Keys.Current())
	if err != nil && !isStopped(ctx) {
		s.log.Warn("the spelling of issuers in the configuration was not checked", "err", err)
	}
	for _, problem := range slices.Concat(found.slips, found.early) {
		s.log.Warn("the configuration names an issuer that nothing else names: is it spelled right?", "err", problem)
	}
}
