package server

import (
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/access"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/outbound"
	"github.com/walletport/walletport/outbound/exchange"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes/customerservice"
	"github.com/walletport/walletport/scheme/vts/tokenapi"
	"github.com/walletport/walletport/tokens"
	"github.com/walletport/walletport/vault"
)

// TokenRooms is what the flow of tokens is built over. The first group is
// required.
type TokenRooms struct {
	Settings config.Config
	Database Database
	Keys     keys.Source
	Vault    *vault.Vault
	Audit    tokens.Trail // it takes records: its Run runs
	Clock    func() time.Time

	Cards    act.Vault        // that finds and lends cards; nil is Vault
	Clients  outbound.Clients // for the calls to schemes; without a Clock it is Clock
	Observer tokens.Observer  // may be nil
	Limit    func(walletport.IssuerID) error
}

// OpenTokens builds the flow of tokens, which asks the schemes that are configured. It
// begins nothing and holds nothing that has to be closed: a server runs Works and Run of
// it, a command calls it and leaves what stays open to the servers.
func OpenTokens(r TokenRooms) (*tokens.Flow, error) {
	if r.Clients.Clock == nil {
		r.Clients.Clock = r.Clock
	}
	if r.Cards == nil {
		r.Cards = r.Vault
	}
	schemes, err := schemesOf(r.Settings.Schemes, r.Clients, r.Keys)
	if err != nil {
		return nil, err
	}
	return tokens.New(tokens.Parts{
		Store: r.Database, Vault: r.Cards, Numbers: r.Vault, Keys: r.Keys, Audit: r.Audit, Schemes: schemes, Limit: r.Limit,
		Requestors: r.Settings.RequestorNames(),
		Observer:   r.Observer, Settings: r.Settings.Tokens, Rand: rand.Reader, Clock: r.Clock,
	})
}

// The keys that schemes are asked with. Mastercard seals nothing in the answers that we
// read, so that no key of keys.MDESCSDecryption is needed.
var (
	mdesAccess = access.Keys{Signing: keys.MDESOAuth, Recipient: keys.MDESCSEncryption}
	vtsAccess  = access.Keys{
		Secret: keys.VTSAPI, Signing: keys.VTSSigning, Recipient: keys.VTSEncryption,
		Verification: keys.VTSVerification, Opening: keys.VTSDecryption,
	}
)

// schemesOf returns the schemes whose interfaces are switched on. source has the client
// certificates of their connections.
func schemesOf(c config.Schemes, clients outbound.Clients, source keys.Source) (map[walletport.SchemeID]tokens.Scheme, error) {
	all := map[walletport.SchemeID]tokens.Scheme{}
	if mdes := c.MDES.CustomerService; mdes.Enabled() {
		messages, err := customerservice.New(mdes.Config)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", config.CustomerServiceSetting, err)
		}
		line, err := lineTo(wayTo{"mdes.customer_service", mdes.BaseURL, requestID, clientCertificate(source, keys.MDESTLS, clients.Clock)}, mdes.Line, clients)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", config.CustomerServiceSetting, err)
		}
		all[walletport.Mastercard] = tokens.Scheme{Manager: messages, Line: line, Keys: mdesAccess}
	}
	if vts := c.VTS.TokenAPI; vts.Enabled() {
		messages, err := tokenapi.New(vts.Config)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", config.TokenAPISetting, err)
		}
		line, err := lineTo(wayTo{"vts.token_api", vts.BaseURL, requestID, clientCertificate(source, keys.VTSTLS, clients.Clock)}, vts.Line, clients)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", config.TokenAPISetting, err)
		}
		all[walletport.Visa] = tokens.Scheme{Manager: messages, Line: line, Keys: vtsAccess}
	}
	return all, nil
}

// requestID is the header that has the id of a request to a scheme, by which its people
// find it.
const requestID = "X-Request-Id"

// wayTo says where an interface is and how it is called.
type wayTo struct {
	name        string // of the target, in metrics
	url         string
	requestID   string                           // the header of a request's id
	certificate func() (*tls.Certificate, error) // of each new connection; nil is none
}

// lineTo returns the way to one interface.
func lineTo(to wayTo, c config.Line, clients outbound.Clients) (scheme.Line, error) {
	client, err := clients.To(outbound.Target{Name: to.name, URL: to.url, Limits: c.Limits, Caps: c.Caps, Breaker: c.Breaker, Certificate: to.certificate})
	if err != nil {
		return nil, err
	}
	return exchange.New(exchange.Config{
		Client: client, Clock: clients.Clock, Rand: rand.Reader, RequestIDHeader: to.requestID, Retries: c.Retries,
	})
}
