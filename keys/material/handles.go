package material

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"errors"
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

// Handles returns the key with handles that work in this process (see keys/software.go), for
// custodians that keep the secret half there. engine encrypts to the RSA keys that content
// keys are sealed to; a private RSA key works by the engine that Private is of. Of a destroyed
// key it gives the public half alone. It fails when parts are missing or are not of one key.
func (k *Key) Handles(engine keys.RSAEngine) (*keys.Key, error) {
	made := &keys.Key{Meta: k.Meta}
	var err error
	switch k.Purpose {
	case keys.MDESEncryption, keys.MDESCSEncryption, keys.VTSVerification, keys.VTSEncryption, keys.ClickToPayEncryption:
		err = k.addPublic(made)
	case keys.TAVSigning, keys.MDESOAuth, keys.VTSSigning, keys.AuditCheckpoint:
		err = cmp.Or(k.addPublic(made), k.addSigner(made))
	case keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS:
		err = cmp.Or(k.addPublic(made), k.addSigner(made))
		if made.Chain = k.Chain; err == nil && k.Certificate == nil {
			err = errors.New("it has no certificate")
		}
	case keys.MDESCSDecryption, keys.VTSDecryption, keys.ClickToPayDecryption:
		err = cmp.Or(k.addPublic(made), k.addDecrypter(made))
	case keys.OPCEncryption:
		err = cmp.Or(k.addPublic(made), k.addOpenPGP(made))
	case keys.OPCSigning:
		err = cmp.Or(k.addPublic(made), k.addSigner(made), k.addOpenPGP(made))
	case keys.VTSPush, keys.WSD, keys.VTSAPI, keys.ClickToPayAPI, keys.ClickToPayLogin, keys.VaultKEK, keys.VaultIndex:
		err = k.addSecret(made)
	default:
		err = errors.New("its purpose is unknown to this version of walletport")
	}
	if err = cmp.Or(err, k.addOAEP(made, engine)); err != nil {
		return nil, err
	}
	return made, nil
}

func (k *Key) addPublic(made *keys.Key) error {
	if k.Public == nil {
		return errors.New("it has no public half")
	}
	made.Public, made.Certificate = k.Public, k.Certificate
	return nil
}

func (k *Key) addOAEP(made *keys.Key, engine keys.RSAEngine) (err error) {
	if public, ok := k.Public.(*rsa.PublicKey); ok && k.Purpose.IsSealedTo() {
		made.OAEP, err = engine.OAEP(public)
	}
	return err
}

func (k *Key) addSigner(made *keys.Key) (err error) {
	if k.State == keys.Destroyed {
		return nil
	}
	if err := k.checkPair(); err != nil {
		return err
	}
	made.Signer, err = keys.NewSigner(k.Private)
	return err
}

func (k *Key) addDecrypter(made *keys.Key) (err error) {
	if k.State == keys.Destroyed {
		return nil
	}
	if err := k.checkPair(); err != nil {
		return err
	}
	made.Decrypter, err = keys.NewDecrypter(k.Private)
	return err
}

func (k *Key) checkPair() error {
	if k.Private == nil {
		return errors.New("it has no private half")
	}
	if !samePublic(k.Private.Public(), k.Public) {
		return errors.New("its private key is not that of its public key")
	}
	return nil
}

func (k *Key) addSecret(made *keys.Key) (err error) {
	switch {
	case k.State == keys.Destroyed:
	case k.Purpose == keys.VTSPush:
		made.KEK, err = keys.NewSharedSecretKEK(k.Secret)
	case k.Purpose == keys.VTSAPI, k.Purpose == keys.ClickToPayAPI:
		made.MAC, err = keys.NewSharedSecretMAC(k.Secret)
	case k.Purpose == keys.ClickToPayLogin:
		login := slices.Concat([]byte(k.Alias+":"), k.Secret)
		made.Login = walletport.NewPrivate(login)
		clear(login)
	case k.Purpose == keys.WSD:
		made.TDEA, err = keys.NewTDEA(k.Secret)
	case k.Purpose == keys.VaultKEK:
		made.KEK, err = keys.NewKEK(k.Secret)
	case k.Purpose == keys.VaultIndex:
		made.MAC, err = keys.NewMAC(k.Secret)
	}
	return err
}

// addOpenPGP gives made its certificate, and finds the public half in it.
func (k *Key) addOpenPGP(made *keys.Key) error {
	entity, err := readEntity(k.OpenPGP)
	if err != nil {
		return errors.New("its OpenPGP certificate does not parse")
	}
	candidates := []*packet.PublicKey{entity.PrimaryKey}
	for _, sub := range entity.Subkeys {
		candidates = append(candidates, sub.PublicKey)
	}
	for _, c := range candidates {
		if samePublic(k.Public, c.PublicKey) {
			made.OpenPGP = &keys.OpenPGP{Certificate: k.OpenPGP, Created: c.CreationTime.UTC()}
			return nil
		}
	}
	return errors.New("its public key is not in its OpenPGP certificate")
}

// samePublic compares public keys of any kinds.
func samePublic(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}
