package provisioning

import (
	"errors"
	"fmt"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/wallet"
)

// Offer is a row of the table of push wallets: how the cards of one scheme are pushed
// into one wallet, sealed for the scheme and encoded for the wallet.
type Offer struct {
	act.Terms
	Wallet walletport.Wallet
	// Provider is whose wallet it is where Wallet is walletport.IssuerWallet, else "".
	Provider walletport.WalletProviderID
	Scheme   walletport.SchemeID

	TokenRequestorID string       // the wallet's at the scheme, 11 digits
	EncryptionKey    keys.Purpose // the scheme's public key, or the secret shared with it
	SigningKey       keys.Purpose // the issuer's proof; "" for a scheme that asks for none
	Sealer           scheme.CardSealer
	Encoder          wallet.Encoder
	// OpaqueCards makes an opaque payment card of the same opening of the card, for a
	// call that asks for one. Nil for a wallet that takes none.
	OpaqueCards wallet.OpaqueCardEncoder
}

// name says which row it is: "googlepay for VISA cards", "issuerwallet acme-wallet".
func (o *Offer) name() string {
	if o.Wallet == walletport.IssuerWallet {
		return string(o.Wallet) + " " + string(o.Provider)
	}
	return offerName(o.Wallet, o.Scheme)
}

func offerName(w walletport.Wallet, id walletport.SchemeID) string {
	return string(w) + " for " + string(id) + " cards"
}

// check reports every part that the row lacks.
func (o *Offer) check() error {
	err := errors.Join(
		act.Missing(o.Wallet == "", "the wallet of an offer"),
		act.Missing((o.Provider == "") == (o.Wallet == walletport.IssuerWallet), "the provider of an issuer wallet, or the wallet of a provider,"),
		act.Missing(o.Sealer == nil, "the sealer of "+o.name()), act.Missing(o.Encoder == nil, "the encoder of "+o.name()),
		act.Missing(o.EncryptionKey == "", "the encryption key of "+o.name()))
	if err != nil {
		return err
	}
	return sameScheme(o.Wallet, o.Scheme, o.Sealer.Scheme())
}

func sameScheme(w walletport.Wallet, listed, sealed walletport.SchemeID) error {
	if listed == sealed {
		return nil
	}
	return fmt.Errorf("what %s has for %s cards is for %s", w, listed, sealed)
}

// target is what a card is pushed into.
type target struct {
	wallet   walletport.Wallet
	provider walletport.WalletProviderID
}

// name is what records and proofs of the cardholder call it.
func (t target) name() string {
	if t.provider != "" {
		return string(t.provider)
	}
	return string(t.wallet)
}

// indexOffers returns the rows of the table by their targets, or an error that names
// what is wrong with each.
func indexOffers(table []*Offer) (map[target][]*Offer, error) {
	index := map[target][]*Offer{}
	var errs []error
	for _, o := range table {
		to := target{o.Wallet, o.Provider}
		if _, twice := offerFor(index[to], o.Scheme); twice {
			errs = append(errs, fmt.Errorf("there are two offers of %s", o.name()))
		}
		errs = append(errs, o.check())
		index[to] = append(index[to], o)
	}
	return index, errors.Join(errs...)
}

func offerFor(offers []*Offer, id walletport.SchemeID) (*Offer, bool) {
	for _, o := range offers {
		if o.Scheme == id {
			return o, true
		}
	}
	return nil, false
}

// errNotOffered is the refusal of a card whose scheme is none of the wallet's offers.
func errNotOffered(w walletport.Wallet, id walletport.SchemeID) error {
	return walletport.Errorf(walletport.CodeForbidden, "wallet_not_offered", "%s is not set up for %s cards on this server", w, id)
}

// errSchemeMismatch is that of the wallet of a provider, which is a token requestor of
// certain schemes.
func errSchemeMismatch(offers []*Offer) error {
	var schemes []string
	for _, o := range offers {
		schemes = append(schemes, string(o.Scheme))
	}
	return walletport.Errorf(walletport.CodeForbidden, "scheme_mismatch",
		"this call provisions %s cards; the card belongs to another scheme", strings.Join(schemes, " and "))
}
