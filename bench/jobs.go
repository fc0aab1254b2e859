package main

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/scheme/vts"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/applepay"
	"github.com/walletport/walletport/wallet/googlepay"
	"github.com/walletport/walletport/wallet/issuerwallet"
)

// jobs is what a child can measure: walletport's encoders, and peers written in Go.
func jobs() map[string]func(material) (func() error, error) {
	return map[string]func(material) (func() error, error){
		"mastercard-push":     by(config.RSAAuto, mastercardPush),
		"mastercard-push-go":  by(config.RSAGo, mastercardPush),
		"visa-push":           visaPush,
		"apple-mastercard":    by(config.RSAAuto, appleMastercard),
		"apple-mastercard-go": by(config.RSAGo, appleMastercard),
		"apple-visa":          appleVisa,
		"opaque-card":         by(config.RSAAuto, opaqueCard),
		"opaque-card-go":      by(config.RSAGo, opaqueCard),
		"go-jose":             goJose,
		"go-crypto":           goCrypto,
		"gpg":                 gnuPG,
	}
}

// by has an engine of RSA do a job.
func by(engine config.RSAChoice, job func(config.RSAChoice, material) (func() error, error)) func(material) (func() error, error) {
	return func(m material) (func() error, error) { return job(engine, m) }
}

func benchCard(number string, id walletport.SchemeID) (*walletport.Card, error) {
	pan, err := walletport.ParsePAN(number)
	if err != nil {
		return nil, err
	}
	return &walletport.Card{
		CardSummary:    walletport.CardSummary{ID: 1, Issuer: "bench", Scheme: id, Expiry: walletport.Expiry{Year: 2031, Month: time.December}},
		PAN:            pan,
		CardholderName: walletport.NewPrivate("TEST CARDHOLDER"),
	}, nil
}

func mastercardPush(engine config.RSAChoice, m material) (func() error, error) {
	sealer, err := mdes.NewSealer(mdes.DefaultProfile())
	if err != nil {
		return nil, err
	}
	encoder, err := issuerwallet.New(issuerwallet.Config{})
	if err != nil {
		return nil, err
	}
	card, err := benchCard(mastercardNumber, walletport.Mastercard)
	if err != nil {
		return nil, err
	}
	pair, certificate, err := m.MDES.read()
	if err != nil {
		return nil, err
	}
	signer, oaep, err := byEngine(engine, pair)
	return pushJob(sealer, encoder, scheme.SealInput{
		Card: card, Recipient: scheme.Recipient{Public: pair.Public(), OAEP: oaep, Certificate: certificate},
		Signer: scheme.Signer{Key: signer}, Rand: rand.Reader,
	}), err
}

func visaPush(m material) (func() error, error) {
	sealer, err := vts.NewSealer(vts.DefaultProfile())
	if err != nil {
		return nil, err
	}
	encoder, err := googlepay.New(googlepay.DefaultConfig())
	if err != nil {
		return nil, err
	}
	card, err := benchCard(visaNumber, walletport.Visa)
	if err != nil {
		return nil, err
	}
	secret, err := keys.NewSharedSecretKEK([]byte(m.PushSecret))
	return pushJob(sealer, encoder, scheme.SealInput{
		Card: card, Recipient: scheme.Recipient{Wrapper: secret, KeyID: m.PushKeyID}, Client: walletClient, Rand: rand.Reader,
	}), err
}

func pushJob(sealer scheme.CardSealer, encoder wallet.Encoder, in scheme.SealInput) func() error {
	return func() error {
		in.Now = time.Now()
		sealed, err := sealer.SealCard(in)
		if err != nil {
			return err
		}
		_, err = encoder.Encode(wallet.Input{Sealed: sealed, Scheme: in.Card.Scheme, Shape: sealer.Shape()})
		return err
	}
}

func appleMastercard(engine config.RSAChoice, m material) (func() error, error) {
	activator, err := mdes.NewActivator(mdes.DefaultProfile())
	if err != nil {
		return nil, err
	}
	card, err := benchCard(mastercardNumber, walletport.Mastercard)
	if err != nil {
		return nil, err
	}
	pair, _, err := m.MDES.read()
	if err != nil {
		return nil, err
	}
	signer, _, err := byEngine(engine, pair)
	if err != nil {
		return nil, err
	}
	return passJob(m, activator, scheme.ActivationInput{Card: card, Signer: scheme.Signer{Key: signer}, Rand: rand.Reader})
}

func appleVisa(m material) (func() error, error) {
	activator, err := vts.NewActivator(vts.DefaultProfile())
	if err != nil {
		return nil, err
	}
	card, err := benchCard(visaNumber, walletport.Visa)
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(m.WSDKey)
	if err != nil {
		return nil, err
	}
	wsd, err := keys.NewTDEA(secret)
	if err != nil {
		return nil, err
	}
	return passJob(m, activator, scheme.ActivationInput{Card: card, Cipher: scheme.Cipher{Key: wsd, KeyID: m.WSDKeySet}, Rand: rand.Reader})
}

// passJob is all that a call does between its body and its answer, with a nonce of
// its own each time.
func passJob(m material, activator scheme.Activator, in scheme.ActivationInput) (func() error, error) {
	block, _ := pem.Decode([]byte(m.AppleRoot))
	if block == nil {
		return nil, errors.New("the root is not PEM")
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	encoder, err := applepay.New(applepay.DefaultConfig(), []*x509.Certificate{root})
	if err != nil {
		return nil, err
	}
	return func() error {
		nonce, signature, err := encoder.ParseNonce(randomHex(nonceBytes), m.NonceSignature)
		if err != nil {
			return err
		}
		in.Nonce, in.Now = nonce, time.Now()
		recipient, err := encoder.CheckChain(m.AppleCertificates, in.Now)
		if err != nil {
			return err
		}
		data, err := activator.ActivationData(in)
		if err != nil {
			return err
		}
		_, err = encoder.EncodePass(wallet.PassInput{
			Card: in.Card, Recipient: recipient, Nonce: nonce, NonceSignature: signature, ActivationData: data, Rand: in.Rand,
		})
		return err
	}, nil
}

// nonceBytes is long enough that random nonces never meet.
const nonceBytes = 8

func opaqueCard(engine config.RSAChoice, m material) (func() error, error) {
	encoder, err := googlepay.New(googlepay.DefaultConfig())
	if err != nil {
		return nil, err
	}
	card, err := benchCard(mastercardNumber, walletport.Mastercard)
	if err != nil {
		return nil, err
	}
	google, err := readOpenPGPKey(m.Google)
	if err != nil {
		return nil, err
	}
	issuer, err := readOpenPGPKey(m.Issuer)
	if err != nil {
		return nil, err
	}
	in := wallet.OpaqueCardInput{Card: card, ServerSessionID: sessionID, Rand: rand.Reader}
	if in.Recipient, err = openPGPCertificate(google); err != nil {
		return nil, err
	}
	if in.Signer.Certificate, err = openPGPCertificate(issuer); err != nil {
		return nil, err
	}
	private, err := openPGPSigner(issuer)
	if err != nil {
		return nil, err
	}
	if in.Signer.Key, _, err = byEngine(engine, private); err != nil {
		return nil, err
	}
	return func() error {
		in.Now = time.Now()
		_, err := encoder.EncodeOpaqueCard(in)
		return err
	}, nil
}
