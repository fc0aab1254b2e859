package server

import (
	"context"
	"log/slog"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/clicktopay"
)

// startPortfolios has new cards enrolled by themselves, where the settings of any issuer say so.
func (s *Server) startPortfolios(ctx context.Context) {
	if !s.clickToPay.EnrolsByItself() {
		return
	}
	s.background.start(ctx, "new cards for Click to Pay", upkeep, func(ctx context.Context) error {
		return s.clickToPay.RunPortfolios(ctx, portfolioObserver{s.log})
	})
}

// portfolioObserver turns what portfolios that run by themselves tell into log lines.
type portfolioObserver struct{ log *slog.Logger }

// PortfolioPassed implements clicktopay.PortfolioObserver.
func (o portfolioObserver) PortfolioPassed(issuer walletport.IssuerID, r clicktopay.PortfolioReport, err error) {
	if err != nil {
		o.log.Error("new cards cannot be enrolled for Click to Pay; it is tried again", "issuer", issuer, "accepted", r.Accepted, "err", err)
		return
	}
	if r.Accepted > 0 {
		o.log.Info("new cards are to be enrolled for Click to Pay", "issuer", issuer, "accepted", r.Accepted)
	}
}
