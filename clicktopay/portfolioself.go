package clicktopay

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
)

// PortfolioObserver is told of what a server enrols by itself. Its methods return at once.
type PortfolioObserver interface {
	// PortfolioPassed tells of one look at the cards of an issuer; err is why it ended early,
	// nil if it did not.
	PortfolioPassed(issuer walletport.IssuerID, report PortfolioReport, err error)
}

// selfUser is who enrols new cards when nobody asks for it.
const selfUser walletport.AuditUser = "walletport:portfolio"

// firstPass is when a server looks for new cards first: one that is restarted often comes to it
// too, and one that has just begun has other things to do.
const firstPass = time.Minute

// EnrolsByItself reports whether any issuer has new cards enrolled by themselves.
func (f *Flow) EnrolsByItself() bool { return f.Visa != nil && len(f.selfEnrolling()) > 0 }

func (f *Flow) selfEnrolling() (issuers []walletport.IssuerID) {
	for _, name := range slices.Sorted(maps.Keys(f.Settings.Portfolio.Issuers)) {
		if f.Settings.Portfolio.Issuers[name].Auto {
			issuers = append(issuers, walletport.IssuerID(name))
		}
	}
	return issuers
}

// RunPortfolios enrols new eligible cards of issuers that want it, each
// PortfolioSettings.Every, until ctx ends, and returns nil. Each replica may: a card that one
// has asked for, no other one asks for. Each has a rate of its own.
func (f *Flow) RunPortfolios(ctx context.Context, told PortfolioObserver) error {
	for wait := firstPass; act.Pause(ctx, wait); wait = f.Settings.Portfolio.Every {
		f.EnrolNewCards(ctx, told)
	}
	return nil
}

// EnrolNewCards is one pass of RunPortfolios. Cards whose customer has an open request wait
// for the next one, and cards that were refused or removed for a command that says so.
func (f *Flow) EnrolNewCards(ctx context.Context, told PortfolioObserver) {
	for _, issuer := range f.selfEnrolling() {
		if ctx.Err() != nil {
			return
		}
		run, err := f.newPortfolioRun(PortfolioRequest{Issuer: issuer, AuditUser: selfUser})
		if err != nil {
			told.PortfolioPassed(issuer, PortfolioReport{}, err)
			continue
		}
		err = run.do(ctx)
		if ctx.Err() == nil {
			told.PortfolioPassed(issuer, run.report, err)
		}
	}
}
