package sandbox

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net/http"
	"path/filepath"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/applesim"
	"github.com/walletport/walletport/sim/clicktopaysim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
	"github.com/walletport/walletport/sim/faults"
	"github.com/walletport/walletport/sim/googlesim"
	"github.com/walletport/walletport/sim/issuerwalletsim"
	"github.com/walletport/walletport/sim/manualsim"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/sim/mdessim/customerservice"
	"github.com/walletport/walletport/sim/samsungsim"
	"github.com/walletport/walletport/sim/vtssim"
	"github.com/walletport/walletport/sim/vtssim/tokenapi"
	"github.com/walletport/walletport/sim/witnesssim"
)

// otherSide is what a sandbox simulates: the schemes, each with a folder for its
// tokens, and the keys that they and the wallets hold.
type otherSide struct {
	mdes       *mdessim.Scheme
	vts        *vtssim.Scheme
	clickToPay *register.Register
	witness    *witnesssim.Witness
	keys       otherKeys

	clickToPayAPI *clicktopaysim.Service // nil until there is a front door
	faults        *faults.Library        // on the way to the schemes
	clock         func() time.Time
}

// otherKeys are the private halves of what the issuer's key store has, and the
// secrets that it shares.
type otherKeys struct {
	mdes            *schemeKey
	customerService customerServiceKeys
	vts             vtsSecrets
	tokenAPI        tokenAPIKeys
	clickToPay      clickToPayKeys
	apple           *applesim.Authority
	google          *googlesim.Key
	witness         ed25519.PrivateKey
}

// openOtherKeys reads the keys in dir, or makes them.
func openOtherKeys(dir string, clock func() time.Time) (k otherKeys, err error) {
	if k.mdes, err = openSchemeKey(filepath.Join(dir, "mdes-key.pem"), clock); err != nil {
		return k, err
	}
	if k.customerService, err = openCustomerServiceKeys(dir, clock); err != nil {
		return k, err
	}
	if k.vts, err = openVTSSecrets(filepath.Join(dir, "vts-secrets.json")); err != nil {
		return k, err
	}
	if k.tokenAPI, err = openTokenAPIKeys(dir, clock); err != nil {
		return k, err
	}
	if k.clickToPay, err = openClickToPayKeys(dir, clock); err != nil {
		return k, err
	}
	if k.apple, err = openAppleAuthority(dir, clock); err != nil {
		return k, err
	}
	if k.google, err = openGoogleKey(filepath.Join(dir, "google-opc.asc"), clock); err != nil {
		return k, err
	}
	k.witness, err = openWitnessKey(filepath.Join(dir, "witness-key.pem"))
	return k, err
}

// openOtherSide opens the simulated schemes. They know the public halves of the
// issuer's keys as they are at the moment of each call, so that a rotation needs no
// restart.
func openOtherSide(dir string, own otherKeys, witness *witnesssim.Witness, issuer keys.Source, clock func() time.Time) (_ *otherSide, err error) {
	o := &otherSide{witness: witness, keys: own, clock: clock, faults: faults.New(map[string][]string{
		customerservice.SchemeName: customerservice.Calls(),
		tokenapi.SchemeName:        tokenapi.Calls(),
		clicktopaysim.SchemeName:   clicktopaysim.Calls(),
	})}
	shared, err := own.vts.keys()
	if err != nil {
		return nil, err
	}
	o.mdes, err = mdessim.New(mdessim.Config{Dir: filepath.Join(dir, "mdes"), Rand: rand.Reader, Now: clock, Keys: func() mdessim.Keys {
		known := mdessim.Keys{Encryption: []mdessim.EncryptionKey{{Decrypter: own.mdes.private, Certificate: own.mdes.certificate}}, Now: clock}
		for _, k := range publishedKeys(issuer.Current(), keys.TAVSigning) {
			known.TAV = append(known.TAV, mdessim.TAVKey{Public: k.Public, Alias: k.Alias})
		}
		return known
	}})
	if err != nil {
		return nil, err
	}
	o.vts, err = vtssim.New(vtssim.Config{Dir: filepath.Join(dir, "vts"), Rand: rand.Reader, Now: clock, Keys: func() vtssim.Keys { return shared }})
	if err != nil {
		return nil, errors.Join(err, o.mdes.Close())
	}
	if o.clickToPay, err = openClickToPay(dir, clock); err != nil {
		return nil, errors.Join(err, o.mdes.Close(), o.vts.Close())
	}
	return o, nil
}

// publishedKeys lists the keys of a purpose whose public halves the other side got.
func publishedKeys(ring *keys.Ring, purpose keys.Purpose) []*keys.Key {
	var published []*keys.Key
	for _, k := range ring.All() {
		if k.Purpose == purpose && k.State != keys.Pending {
			published = append(published, k)
		}
	}
	return published
}

func (o *otherSide) close() error {
	return errors.Join(o.mdes.Close(), o.vts.Close(), o.clickToPay.Close())
}

// networks are the schemes as a device wallet is signed up at them.
func (o *otherSide) networks(w walletport.Wallet, settings config.Config) sim.Networks {
	requestor := settings.TokenRequestors[string(w)]
	return sim.Networks{
		walletport.Mastercard: {Scheme: o.mdes, TokenRequestorID: requestor.Mastercard},
		walletport.Visa:       {Scheme: o.vts, TokenRequestorID: requestor.Visa},
	}
}

// frontDoor is where apps hand on what they got from the issuer, one wallet each, where
// the issuer calls the schemes but for Click to Pay, and where a test sees their tokens and
// asks for faults.
func (o *otherSide) frontDoor(settings config.Config, issuer keys.Source) (http.Handler, error) {
	requestors := make(map[walletport.WalletProviderID]string, len(settings.WalletProviders))
	for _, p := range settings.WalletProviders {
		requestors[walletport.WalletProviderID(p.ID)] = settings.TokenRequestorOf(p)
	}
	issuerWallet, err := issuerwalletsim.New(issuerwalletsim.Config{Scheme: o.mdes, TokenRequestors: requestors})
	if err != nil {
		return nil, err
	}
	apple, err := applesim.New(applesim.Config{Authority: o.keys.apple, Networks: o.networks(walletport.ApplePay, settings), Rand: rand.Reader, Now: o.clock})
	if err != nil {
		return nil, err
	}
	google, err := o.googlePay(settings, issuer)
	if err != nil {
		return nil, err
	}
	samsung, err := samsungsim.New(samsungsim.Config{Networks: o.networks(walletport.SamsungPay, settings), Rand: rand.Reader, Now: o.clock})
	if err != nil {
		return nil, err
	}
	manual, err := manualsim.New(o.networks(walletport.ApplePay, settings)) // Apple's is the wallet that takes activation data
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/wallets/issuerwallet/", issuerWallet)
	mux.Handle("/wallets/applepay/", apple)
	mux.Handle("/wallets/googlepay/", google)
	mux.Handle("/wallets/samsungpay/", samsung)
	mux.Handle("/wallets/manual/", manual)
	asksForCertificates := settings.HTTP.TLS.ClientCAFile != ""
	if err := errors.Join(o.mountMDES(mux, issuer), o.mountVTS(mux, issuer), o.mountClickToPay(mux, issuer, asksForCertificates)); err != nil {
		return nil, err
	}
	mux.Handle(witnessPath+"/", o.witness)
	mux.Handle("/faults", o.faults)
	mux.HandleFunc("/mdes/tokens", sim.ServeTokens(o.mdes))
	mux.HandleFunc("/vts/tokens", sim.ServeTokens(o.vts))
	mux.HandleFunc("/", sim.NotFound)
	return mux, nil
}
