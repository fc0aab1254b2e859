package provisioning_test

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/provisioning"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/storage"
	"github.com/walletport/walletport/wallet"
)

// What the fakes need no card for. The real encoders have tests of their own; here
// it counts who is asked, with what, and when.
const (
	testNonce     = "75ebe155"
	testSignature = "40ea0aca"
	testSession   = "3f0c9f3e-6f61-4a0e-9c0a-1d2b3c4d5e6f"
)

// seen keeps what a fake was given. It never keeps a card.
type seen struct {
	lock       sync.Mutex
	seals      []scheme.SealInput
	activation []scheme.ActivationInput
	numbers    []scheme.NumberInput
	passes     []wallet.PassInput
	opaque     []wallet.OpaqueCardInput
	borrows    int
}

func note[T any](s *seen, list *[]T, in T) {
	s.lock.Lock()
	defer s.lock.Unlock()
	*list = append(*list, in)
}

// fakeScheme is every capability of a scheme.
type fakeScheme struct {
	id   walletport.SchemeID
	seen *seen
	err  error

	clientErr error // what CheckClient says
}

func (f *fakeScheme) Scheme() walletport.SchemeID { return f.id }

func (f *fakeScheme) Shape() string { return "the shape of " + string(f.id) }

func (f *fakeScheme) CheckClient(scheme.Client) error { return f.clientErr }

func (f *fakeScheme) SealCard(in scheme.SealInput) ([]byte, error) {
	sealed := []byte("sealed " + in.Card.LastFour)
	in.Card = nil
	note(f.seen, &f.seen.seals, in)
	return sealed, f.err
}

func (f *fakeScheme) ActivationData(in scheme.ActivationInput) ([]byte, error) {
	data := []byte("active " + in.Card.LastFour)
	in.Card = nil
	note(f.seen, &f.seen.activation, in)
	return data, f.err
}

func (f *fakeScheme) SealNumber(in scheme.NumberInput) ([]byte, error) {
	sealed := []byte("number " + in.Card.LastFour)
	in.Card = nil
	note(f.seen, &f.seen.numbers, in)
	return sealed, f.err
}

// plain is a wallet encoder that changes nothing.
type plain struct{}

func (plain) Encode(in wallet.Input) (wallet.Payload, error) {
	if in.Shape != "the shape of "+string(in.Scheme) {
		return wallet.Payload{}, errors.New("the sealer's shape is not handed on")
	}
	return wallet.Payload{DigitizationData: string(in.Scheme) + ": " + string(in.Sealed)}, nil
}

// fakePass is Apple's encoder. Visa's pass data hold the number sealed.
type fakePass struct {
	seen   *seen
	err    error
	before func() // runs before a pass is made
}

func (*fakePass) ParseNonce(nonce, signature string) (n, s []byte, err error) {
	n, nonceErr := hex.DecodeString(nonce)
	s, signatureErr := hex.DecodeString(signature)
	if nonceErr != nil || signatureErr != nil {
		return nil, nil, walletport.Errorf(walletport.CodeInvalid, "apple_nonce_malformed", "no hex")
	}
	return n, s, nil
}

func (*fakePass) CheckChain(certificates []string, _ time.Time) (wallet.PassRecipient, error) {
	if len(certificates) != 2 {
		return wallet.PassRecipient{}, walletport.Errorf(walletport.CodeInvalid, "apple_chain_untrusted", "not two")
	}
	return wallet.PassRecipient{Form: "DER, base64"}, nil
}

func (*fakePass) NeedsSealedNumber(id walletport.SchemeID) bool { return id == walletport.Visa }

func (f *fakePass) EncodePass(in wallet.PassInput) (wallet.Pass, error) {
	if f.before != nil {
		f.before()
	}
	pass := wallet.Pass{ActivationData: string(in.ActivationData), EncryptedPassData: "pass " + in.Card.LastFour, EphemeralPublicKey: "key"}
	in.Card = nil
	note(f.seen, &f.seen.passes, in)
	return pass, f.err
}

// fakeOpaque is Google's encoder.
type fakeOpaque struct {
	seen *seen
	err  error
}

func (*fakeOpaque) CheckServerSessionID(text string) error {
	if text == "" {
		return walletport.Errorf(walletport.CodeInvalid, "server_session_id_missing", "none")
	}
	if text != testSession {
		return walletport.Errorf(walletport.CodeInvalid, "server_session_id_malformed", "no UUID")
	}
	return nil
}

func (f *fakeOpaque) EncodeOpaqueCard(in wallet.OpaqueCardInput) (string, error) {
	made := "opaque " + in.Card.LastFour
	in.Card = nil
	note(f.seen, &f.seen.opaque, in)
	return made, f.err
}

// countedVault counts borrows.
type countedVault struct {
	act.Vault
	seen *seen
}

func (v countedVault) Borrow(ctx context.Context, card storage.Card, use func(*walletport.Card) error) error {
	v.seen.lock.Lock()
	v.seen.borrows++
	v.seen.lock.Unlock()
	return v.Vault.Borrow(ctx, card, use)
}

const visaCard walletport.CardID = 1004

// deviceRig is a rig with all device wallets for both schemes, and a Visa card.
type deviceRig struct {
	*rig
	seen       *seen
	mastercard *fakeScheme
	visa       *fakeScheme
	pass       *fakePass
	opaque     *fakeOpaque
}

func newDeviceRig(t testing.TB, change ...func(*provisioning.Flow)) *deviceRig {
	t.Helper()
	s := &seen{}
	d := &deviceRig{
		seen: s, mastercard: &fakeScheme{id: walletport.Mastercard, seen: s}, visa: &fakeScheme{id: walletport.Visa, seen: s},
		pass: &fakePass{seen: s}, opaque: &fakeOpaque{seen: s},
	}
	d.rig = newRig(t, append([]func(*provisioning.Flow){d.setUp}, change...)...)
	d.Gate.Proof = walletport.StepUp{Rule: "eba-sca", Method: "pin+hwk"}
	d.Ring.Replace(keys.NewRing(append(d.Ring.Current().All(), opcKey(t, keys.OPCEncryption), opcKey(t, keys.OPCSigning))))
	d.Put(t, acttest.NewCard(t, visaCard, visaPAN, func(c *walletport.Card) { c.Product = "visa-debit" }))
	return d
}

func (d *deviceRig) setUp(f *provisioning.Flow) {
	f.Vault = countedVault{f.Vault, d.seen}
	f.Offers = append(f.Offers, d.offers(walletport.GooglePay, plain{}, d.opaque)...)
	f.Offers = append(f.Offers, d.offers(walletport.SamsungPay, plain{}, nil)...)
	f.Apple = provisioning.Apple{Encoder: d.pass, Schemes: map[walletport.SchemeID]*provisioning.Pass{
		walletport.Mastercard: {Activator: d.mastercard, SigningKey: keys.TAVSigning},
		walletport.Visa:       {Activator: d.visa, CipherKey: keys.WSD, NumberSealer: d.visa},
	}}
}

// offers are the rows of a wallet for both schemes.
func (d *deviceRig) offers(w walletport.Wallet, encoder wallet.Encoder, opaque wallet.OpaqueCardEncoder) []*provisioning.Offer {
	return []*provisioning.Offer{
		{
			Wallet: w, Scheme: walletport.Mastercard, TokenRequestorID: string(w) + " at Mastercard",
			EncryptionKey: keys.MDESEncryption, SigningKey: keys.TAVSigning, Sealer: d.mastercard, Encoder: encoder, OpaqueCards: opaque,
		},
		{
			Wallet: w, Scheme: walletport.Visa, TokenRequestorID: string(w) + " at Visa",
			EncryptionKey: keys.VTSPush, Sealer: d.visa, Encoder: encoder, OpaqueCards: opaque,
		},
	}
}

// offer is the row of a wallet and scheme.
func offer(f *provisioning.Flow, w walletport.Wallet, id walletport.SchemeID) *provisioning.Offer {
	return f.Offers[slices.IndexFunc(f.Offers, func(o *provisioning.Offer) bool { return o.Wallet == w && o.Scheme == id })]
}

// opcKey is a key of an OpenPGP purpose, whose certificate says its name.
func opcKey(t testing.TB, p keys.Purpose) *keys.Key {
	t.Helper()
	k := &keys.Key{
		Meta:    keys.Meta{ID: keys.NewID(p, "", 1), Purpose: p, State: keys.Active, Version: 1},
		OpenPGP: &keys.OpenPGP{Certificate: []byte(p)},
	}
	if p == keys.OPCSigning {
		k.Signer = keystest.RSAKey(t)
	}
	return k
}

// isOPC tells the keys that newDeviceRig makes itself.
func isOPC(p keys.Purpose) bool {
	return slices.Contains([]keys.Purpose{keys.OPCEncryption, keys.OPCSigning}, p)
}

func (d *deviceRig) applePay(ctx context.Context, id walletport.CardID, change ...func(*provisioning.ApplePayRequest)) (provisioning.ApplePayResult, error) {
	req := provisioning.ApplePayRequest{
		CardID: id, AuditUser: "ada@bank.example", Certificates: []string{"leaf", "sub-CA"}, Nonce: testNonce, NonceSignature: testSignature,
	}
	for _, c := range change {
		c(&req)
	}
	return d.ApplePay(ctx, req)
}

func (d *deviceRig) googlePay(ctx context.Context, id walletport.CardID, change ...func(*provisioning.PushRequest)) (provisioning.PushResult, error) {
	req := provisioning.PushRequest{
		CardID: id, AuditUser: "ada@bank.example", Wallet: walletport.GooglePay, Client: testClient, OpaquePaymentCardRequested: true, ServerSessionID: testSession,
	}
	for _, c := range change {
		c(&req)
	}
	return d.Push(ctx, req)
}

func (d *deviceRig) samsungPay(ctx context.Context, id walletport.CardID, change ...func(*provisioning.PushRequest)) (provisioning.PushResult, error) {
	req := provisioning.PushRequest{CardID: id, AuditUser: "ada@bank.example", Wallet: walletport.SamsungPay, Client: testClient}
	for _, c := range change {
		c(&req)
	}
	return d.Push(ctx, req)
}

var testClient = provisioning.Client{AppID: "app-7", DeviceID: "device-7", WalletAccountID: "account-7"}

// deviceCall is one call as all of them look to the tables.
type deviceCall struct {
	wallet walletport.Wallet
	action walletport.Action
	keys   map[walletport.SchemeID][]keys.Purpose // in the order recorded
	ask    func(context.Context, *deviceRig, walletport.CardID) (result any, err error)
	none   any // the result that hands nothing out
}

var deviceCalls = []deviceCall{
	{
		walletport.ApplePay, walletport.ActionProvision(walletport.ApplePay),
		map[walletport.SchemeID][]keys.Purpose{walletport.Mastercard: {keys.TAVSigning}, walletport.Visa: {keys.WSD}},
		func(ctx context.Context, d *deviceRig, id walletport.CardID) (any, error) { return d.applePay(ctx, id) },
		provisioning.ApplePayResult{},
	},
	{
		walletport.GooglePay, walletport.ActionProvision(walletport.GooglePay),
		map[walletport.SchemeID][]keys.Purpose{
			walletport.Mastercard: {keys.MDESEncryption, keys.TAVSigning, keys.OPCEncryption, keys.OPCSigning},
			walletport.Visa:       {keys.VTSPush, keys.OPCEncryption, keys.OPCSigning},
		},
		func(ctx context.Context, d *deviceRig, id walletport.CardID) (any, error) {
			return d.googlePay(ctx, id)
		},
		provisioning.PushResult{},
	},
	{
		walletport.SamsungPay, walletport.ActionProvision(walletport.SamsungPay),
		map[walletport.SchemeID][]keys.Purpose{walletport.Mastercard: {keys.MDESEncryption, keys.TAVSigning}, walletport.Visa: {keys.VTSPush}},
		func(ctx context.Context, d *deviceRig, id walletport.CardID) (any, error) {
			return d.samsungPay(ctx, id)
		},
		provisioning.PushResult{},
	},
}
