package server

import (
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/outbound"
	visaclicktopay "github.com/walletport/walletport/scheme/vts/clicktopay"
	"github.com/walletport/walletport/vault"
)

// ClickToPayRooms is what the flow of Click to Pay is built over. The first group is
// required.
type ClickToPayRooms struct {
	Settings config.Config
	Database Database
	Keys     keys.Source
	Vault    *vault.Vault
	Audit    clicktopay.Trail // it takes records: its Run runs
	Clock    func() time.Time

	Cards    clicktopay.Vault    // that finds and lends cards and customers; nil is Vault
	Clients  outbound.Clients    // for the calls to Visa; without a Clock it is Clock
	Observer clicktopay.Observer // may be nil
	Limit    func(walletport.IssuerID) error
}

// OpenClickToPay builds the flow of Click to Pay, which asks Visa where that is configured.
// It begins nothing and holds nothing that has to be closed: a server runs Works and Run of
// it, a command calls it and leaves what it accepted to the servers.
func OpenClickToPay(r ClickToPayRooms) (*clicktopay.Flow, error) {
	if r.Clients.Clock == nil {
		r.Clients.Clock = r.Clock
	}
	if r.Cards == nil {
		r.Cards = r.Vault
	}
	own := r.Settings.ClickToPay
	visa, err := clickToPayOf(own.Visa, r.Clients, r.Keys)
	if err != nil {
		return nil, err
	}
	return clicktopay.New(clicktopay.Parts{
		Store: r.Database, Vault: r.Cards, Keys: r.Keys, Audit: r.Audit, Visa: visa, BIDs: own.Visa.OfIssuers(), Limit: r.Limit,
		Observer: r.Observer, Settings: own.Settings, Rand: rand.Reader, Clock: r.Clock,
	})
}

// clickToPayOf returns where consumers are enrolled; nil where it is switched off. source
// has the client certificate of its connections.
func clickToPayOf(c config.VisaClickToPay, clients outbound.Clients, source keys.Source) (*clicktopay.Scheme, error) {
	if !c.Enabled() {
		return nil, nil
	}
	messages, err := visaclicktopay.New(c.Config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", config.ClickToPaySetting, err)
	}
	var certificate func() (*tls.Certificate, error)
	if isByCertificate(c) {
		certificate = clientCertificate(source, keys.ClickToPayTLS, clients.Clock)
	}
	line, err := lineTo(wayTo{"vts.clicktopay", c.BaseURL, visaclicktopay.RequestIDHeader, certificate}, c.Line, clients)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", config.ClickToPaySetting, err)
	}
	return &clicktopay.Scheme{Enroller: messages, Line: line, Keys: clickToPayAccess(c)}, nil
}

// isByCertificate: Visa knows who calls by the connection, and not by a signature.
func isByCertificate(c config.VisaClickToPay) bool {
	return c.Profile.CallerAuth == visaclicktopay.ByCertificate
}

// clickToPayAccess are the keys that requests are made with.
func clickToPayAccess(c config.VisaClickToPay) access.Keys {
	sealed := access.Keys{Recipient: keys.ClickToPayEncryption, Opening: keys.ClickToPayDecryption}
	if isByCertificate(c) {
		sealed.Login = keys.ClickToPayLogin
		return sealed
	}
	sealed.Secret = keys.ClickToPayAPI
	return sealed
}

// clickToPayPurposes lists the keys that there must be, the one of connections among them.
func clickToPayPurposes(c config.VisaClickToPay) []keys.Purpose {
	needed := clickToPayAccess(c).Purposes()
	if isByCertificate(c) {
		needed = append(needed, keys.ClickToPayTLS)
	}
	return needed
}

// rehearseClickToPay tries whether requests can be made, and whether the connection has its
// certificate where Visa asks for one.
func (s *Server) rehearseClickToPay(issuers []walletport.IssuerID) []walletport.Rehearsal {
	visa, all := s.Settings.ClickToPay.Visa, s.clickToPay.Rehearse(issuers)
	if !visa.Enabled() || !isByCertificate(visa) {
		return all
	}
	_, err := s.Keys.Current().Select(keys.ClickToPayTLS, "", "", s.clock())
	return append(all, walletport.Rehearsal{Offer: "the connection to Visa Click to Pay", Err: err})
}
