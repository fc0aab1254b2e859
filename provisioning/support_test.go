package provisioning_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/sim/mdessim"
	"github.com/walletport/walletport/wallet/issuerwallet"
)

// Published test numbers.
const (
	testPAN   = "5204247750001471"
	secondPAN = "5555555555554444"
	visaPAN   = "4761120010000492"
)

const (
	acmeWallet walletport.WalletProviderID = "acme-wallet"
	acmeCard   walletport.CardID           = 1001
)

// now has a fraction of a millisecond, which the trail drops.
var now = time.Date(2026, 11, 24, 10, 0, 0, 123_456_789, time.UTC)

// rig is the flow on real parts: SQLite, vault, MDES sealer, wallet encoder and
// audit trail.
type rig struct {
	*provisioning.Flow
	*acttest.House
}

// newRig returns a rig with one provider, acme-wallet, and one card, 1001.
func newRig(t testing.TB, change ...func(*provisioning.Flow)) *rig {
	t.Helper()
	r := &rig{House: acttest.Open(t, now, newRing(t, allKeys()...))}
	flow := provisioning.Flow{
		Parts:  r.House.Parts(t),
		Offers: []*provisioning.Offer{newIssuerWallet(t, acmeWallet)},
	}
	for _, c := range change {
		c(&flow)
	}
	var err error
	r.Flow, err = provisioning.New(flow)
	must(t, err)
	r.Put(t, acttest.NewCard(t, acmeCard, testPAN))
	return r
}

func newIssuerWallet(t testing.TB, id walletport.WalletProviderID) *provisioning.Offer {
	t.Helper()
	sealer, err := mdes.NewSealer(mdes.DefaultProfile())
	must(t, err)
	encoder, err := issuerwallet.New(issuerwallet.Config{})
	must(t, err)
	return &provisioning.Offer{
		Wallet: walletport.IssuerWallet, Provider: id, Scheme: walletport.Mastercard,
		TokenRequestorID: "50199900001", EncryptionKey: keys.MDESEncryption, SigningKey: keys.TAVSigning, Sealer: sealer, Encoder: encoder,
	}
}

func allKeys() []keys.Meta {
	var metas []keys.Meta
	for _, p := range keys.Purposes() {
		if !isOPC(p) {
			metas = append(metas, keys.Meta{Purpose: p})
		}
	}
	return metas
}

// newRing is keystest.Ring with the certificate that Mastercard's key comes in.
func newRing(t testing.TB, metas ...keys.Meta) *keys.Ring {
	t.Helper()
	ring := keystest.Ring(t, metas...)
	for _, k := range ring.All() {
		if k.Purpose == keys.MDESEncryption {
			k.Certificate = mdesCertificate(t)
		}
	}
	return ring
}

var certificateOnce sync.Once
var certificateDER []byte

// mdesCertificate wraps keystest.MDESKey, the same for the whole test process.
func mdesCertificate(t testing.TB) *x509.Certificate {
	t.Helper()
	key := keystest.MDESKey(t)
	certificateOnce.Do(func() {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "simulated MDES"}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		must(t, err)
		certificateDER = der
	})
	certificate, err := x509.ParseCertificate(certificateDER)
	must(t, err)
	return certificate
}

func request(change ...func(*provisioning.PushRequest)) provisioning.PushRequest {
	req := provisioning.PushRequest{CardID: acmeCard, Wallet: walletport.IssuerWallet, Provider: acmeWallet, AuditUser: "ada@bank.example"}
	for _, c := range change {
		c(&req)
	}
	return req
}

// open lets the simulated MDES, which shares no code with the sealer, read a payload.
func open(t testing.TB, payload string) mdessim.Report {
	t.Helper()
	return mdessim.OpenDigitizationData(payload, mdessim.Keys{
		Encryption: []mdessim.EncryptionKey{{Decrypter: keystest.MDESKey(t), Certificate: mdesCertificate(t)}},
		TAV:        []mdessim.TAVKey{{Public: &keystest.RSAKey(t).PublicKey}},
		Now:        acttest.Fixed(now),
	})
}

// sealerFunc is a CardSealer of one function.
type sealerFunc func(scheme.SealInput) ([]byte, error)

func (sealerFunc) Scheme() walletport.SchemeID                    { return walletport.Mastercard }
func (sealerFunc) Shape() string                                  { return "cardInfo" }
func (sealerFunc) CheckClient(scheme.Client) error                { return nil }
func (f sealerFunc) SealCard(in scheme.SealInput) ([]byte, error) { return f(in) }

var errSealer = errors.New("the sealer is broken")

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
