package main

import (
	"context"

	"github.com/walletport/walletport"
)

// warnOfStepUp tells of issuers that a step-up rule names and that have no card: a
// typing error there would leave the issuer that was meant without its gate.
func (s *server) warnOfStepUp(ctx context.Context) {
	for i := range s.config.Auth.StepUp {
		rule := &s.config.Auth.StepUp[i]
		for _, id := range rule.Issuers {
			if !s.hasCards(ctx, id) {
				s.log.Warn("a step-up rule names an issuer that has no card: is it spelled as in the import?", "rule", rule.Rule, "issuer", id)
			}
		}
	}
}

// hasCards also says yes when the database does not tell: readiness tells of that.
func (s *server) hasCards(ctx context.Context, id walletport.IssuerID) bool {
	cards, err := s.db.CardsAfter(ctx, id, 0, 1)
	return err != nil || len(cards) > 0
}
