package main

import (
	"crypto/rand"
	"net/http"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/issuerwalletsim"
	"github.com/walletport/walletport/sim/mdessim"
)

// simulatedMDES is the other side of the sandbox: it holds Mastercard's private
// key and the public halves of the issuer's TAV keys.
type simulatedMDES struct {
	scheme *mdessim.Scheme
}

func openSimulatedMDES(dir string, own *schemeKey, issuer *file.Store) (*simulatedMDES, error) {
	s, err := mdessim.New(mdessim.Config{
		Dir:  dir,
		Rand: rand.Reader,
		Now:  now,
		Keys: func() mdessim.Keys {
			known := mdessim.Keys{Encryption: []mdessim.EncryptionKey{{Decrypter: own.private, Certificate: own.certificate}}, Now: now}
			for _, k := range tavKeysAt(issuer.Current()) {
				known.TAV = append(known.TAV, mdessim.TAVKey{Public: k.Public, Alias: k.Alias})
			}
			return known
		},
	})
	if err != nil {
		return nil, err
	}
	return &simulatedMDES{scheme: s}, nil
}

// frontDoor is the issuer wallet's back end, which takes what the app hands on, and
// the scheme's list of tokens.
func (s *simulatedMDES) frontDoor(providers []walletProviderConfig) (http.Handler, error) {
	requestors := make(map[walletport.WalletProviderID]string, len(providers))
	for _, p := range providers {
		requestors[walletport.WalletProviderID(p.ID)] = p.TokenRequestorID
	}
	wallet, err := issuerwalletsim.New(issuerwalletsim.Config{Scheme: s.scheme, TokenRequestors: requestors})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/wallets/issuerwallet/", wallet)
	mux.HandleFunc("/mdes/tokens", sim.ServeTokens(s.scheme))
	mux.HandleFunc("/", sim.NotFound)
	return mux, nil
}
