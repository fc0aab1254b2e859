package keystest

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/material"
)

// addingChecks are about keys that are made or brought.
var addingChecks = []custodyCheck{
	{"a new custodian has no keys and nothing to complain of", checkEmpty},
	{"keys of ours are generated, pending, and work", checkGenerates},
	{"what a spec wishes stands in the entry", checkWishes},
	{"a key of each purpose is imported, and works as the key that was brought", checkImports},
	{"a password opens what is under one", checkPassword},
	{"what makes no good key is refused, and changes nothing", checkRefusals},
	{"a key comes in once", checkOnce},
	{"a client certificate keeps those above it", checkChain},
	{"check says what import would, and stores nothing", checkCheck},
	{"what the caller brought may be wiped afterwards", checkWiped},
	{"no secret and no card number is shown", checkSecrets},
	{"an act whose context has ended changes nothing", checkContext},
}

func checkEmpty(c *custodian) {
	if n := len(c.Current().All()); n != 0 {
		c.Errorf("a new custodian has %d keys", n)
	}
	if _, err := c.Current().Select(keys.VaultKEK, "", "", c.now()); walletport.ReasonOf(err) != "key_unavailable" {
		c.Errorf("Select of a new custodian: %v", err)
	}
	if since, because := c.Stale(); because != nil || !since.IsZero() {
		c.Errorf("a new custodian is stale since %v: %v", since, because)
	}
}

// ours are the specs of what is generated. Sizes are the smallest, to save time.
var ours = []keys.Spec{
	{Purpose: keys.TAVSigning, Alias: "KEY-1"}, {Purpose: keys.OPCSigning, Algorithm: "RSA-2048"}, {Purpose: keys.AuditCheckpoint},
	{Purpose: keys.MDESOAuth, Alias: ConsumerKey}, {Purpose: keys.MDESCSDecryption},
	{Purpose: keys.VTSPush, Alias: VTSKeyID}, {Purpose: keys.VTSAPI, Alias: VTSAPIKey}, {Purpose: keys.VTSSigning, Alias: "kid-1"}, {Purpose: keys.VTSDecryption, Alias: "kid-2"},
	{Purpose: keys.ClickToPayAPI, Alias: VTSAPIKey}, {Purpose: keys.ClickToPayDecryption, Alias: "kid-3"},
	{Purpose: keys.WSD, Alias: WSDKeySet}, {Purpose: keys.VaultKEK}, {Purpose: keys.VaultIndex},
}

func checkGenerates(c *custodian) {
	algorithm := map[keys.Purpose]string{
		keys.TAVSigning: "RSA-2048", keys.OPCSigning: "RSA-2048", keys.AuditCheckpoint: "Ed25519", keys.VTSPush: "AES-256",
		keys.MDESOAuth: "RSA-2048", keys.MDESCSDecryption: "RSA-2048",
		keys.VTSAPI: "HMAC-SHA-256", keys.VTSSigning: "RSA-2048", keys.VTSDecryption: "RSA-2048",
		keys.ClickToPayAPI: "HMAC-SHA-256", keys.ClickToPayDecryption: "RSA-2048",
		keys.WSD: "2TDEA", keys.VaultKEK: "AES-256", keys.VaultIndex: "HMAC-SHA-256",
	}
	for _, spec := range ours {
		m := c.generate(spec)
		if m.ID != keys.NewID(spec.Purpose, "", 1) || m.Version != 1 || m.State != keys.Pending || !m.ValidFrom.Equal(start) || m.Algorithm != algorithm[spec.Purpose] {
			c.Errorf("Generate of %s makes %s: want version 1 of %s, pending, from now", spec.Purpose, text(m), algorithm[spec.Purpose])
		}
		checkKey(c, c.key(c, m.ID))
	}
	checkIDs(c, c.Current())
	two := []keys.Meta{c.generate(keys.Spec{Purpose: keys.VaultKEK}), c.generate(keys.Spec{Purpose: keys.VaultKEK})}
	if two[0].CheckValue == two[1].CheckValue {
		c.Errorf("two generated keys are one: check value %s", two[0].CheckValue)
	}
}

func checkWishes(c *custodian) {
	spec := keys.Spec{
		Purpose: keys.VaultKEK, Issuer: "acme", BINs: []keys.BINRange{{Low: "520424", High: "520499"}, {Low: "52042477", High: "52042477"}},
		ValidFrom: start.Add(time.Hour), ValidUntil: start.Add(48 * time.Hour), Alias: "KUR-1", SchemeFingerprint: "abc", Sandbox: true, Activate: true,
	}
	m := c.generate(spec)
	want := keys.Meta{
		ID: "acme-vault-kek-v1", Purpose: spec.Purpose, Issuer: spec.Issuer, BINs: spec.BINs, ValidFrom: spec.ValidFrom, ValidUntil: spec.ValidUntil,
		Version: 1, State: keys.Active, Algorithm: "AES-256", CheckValue: m.CheckValue, Alias: spec.Alias, SchemeFingerprint: spec.SchemeFingerprint, Sandbox: true,
	}
	if text(m) != text(want) {
		c.Errorf("the entry is %s, want %s", text(m), text(want))
	}
}

func checkImports(c *custodian) {
	for _, s := range Samples(c) {
		m := c.bring(s)
		if m.State != keys.Pending || m.Version != 1 {
			c.Errorf("Import of a %s key makes %s: want version 1, pending", s.Spec.Purpose, text(m))
		}
		k := c.key(c, m.ID)
		checkKey(c, k)
		c.checkSame(k, s)
	}
	checkIDs(c, c.Current())
	order := ""
	for _, k := range c.Current().All() {
		order += string(k.ID) + " "
	}
	for i, p := range keys.Purposes() {
		if c.Current().All()[i].Purpose != p {
			c.Fatalf("the catalogue is not in the order in which the keys came: %s", order)
		}
	}
}

// checkSame proves that a handle is of the key that was brought.
func (c *custodian) checkSame(k *keys.Key, s Sample) {
	c.Helper()
	same := true
	switch k.Purpose {
	case keys.VaultIndex:
		own, err := keys.NewMAC(s.Secret)
		must(c, err)
		same = bytes.Equal(own.Sum([]byte("data")), k.MAC.Sum([]byte("data")))
	case keys.WSD:
		own, err := keys.NewTDEA(s.Secret)
		must(c, err)
		want, err := own.EncryptBlocks(make([]byte, 24))
		must(c, err)
		got, err := k.TDEA.EncryptBlocks(make([]byte, 24))
		same = err == nil && bytes.Equal(got, want)
	case keys.VTSPush: // Visa opens it, so that the form is fixed
		own, err := keys.NewSharedSecretKEK(s.Secret)
		must(c, err)
		wrapped, err := k.KEK.Wrap(make([]byte, 32), nil)
		must(c, err)
		opened, err := own.Unwrap(wrapped, nil)
		same = err == nil && bytes.Equal(opened, make([]byte, 32))
	case keys.ClickToPayLogin:
		same = reflect.DeepEqual(k.Login, walletport.NewPrivate(k.Alias+":"+string(s.Secret)))
	case keys.VTSAPI, keys.ClickToPayAPI:
		own, err := keys.NewSharedSecretMAC(s.Secret)
		must(c, err)
		same = bytes.Equal(own.Sum([]byte("data")), k.MAC.Sum([]byte("data")))
	case keys.MDESOAuth, keys.MDESCSEncryption, keys.MDESCSDecryption, keys.VTSSigning, keys.VTSVerification, keys.VTSEncryption, keys.VTSDecryption, keys.ClickToPayEncryption, keys.ClickToPayDecryption, keys.MDESTLS, keys.VTSTLS, keys.ClickToPayTLS:
		same = SchemeKey(c, k.Purpose).PublicKey.Equal(k.Public)
	case keys.TAVSigning:
		same = RSAKey(c).PublicKey.Equal(k.Public)
	case keys.MDESEncryption:
		same = MDESKey(c).PublicKey.Equal(k.Public)
	case keys.OPCEncryption:
		same = GoogleKey(c).Subkeys[0].PublicKey.PublicKey.(*rsa.PublicKey).Equal(k.Public)
	case keys.OPCSigning:
		same = OPCSigningKey(c).PrimaryKey.PublicKey.(*rsa.PublicKey).Equal(k.Public)
	case keys.VaultKEK, keys.AuditCheckpoint: // what they make is for this custodian alone
	}
	if want, err := keys.CheckValueOf(k.Purpose, s.Secret); !k.Purpose.HasPublicHalf() && (err != nil || k.CheckValue != want) {
		c.Errorf("the check value of the %s key is %s, want %s", k.Purpose, k.CheckValue, want)
	}
	if !same {
		c.Errorf("the %s key is another than the one that was brought", k.Purpose)
	}
}

func checkPassword(c *custodian) {
	pair := pkcs12Of(c, RSAKey(c), "correct horse")
	spec := keys.Spec{Purpose: keys.TAVSigning}
	for name, password := range map[string][]byte{"without its password": nil, "with another password": []byte("wrong horse")} {
		_, err := c.Import(c.Context(), spec, pair, password)
		c.refused("Import of PKCS#12 "+name, err, "key_encrypted")
	}
	m := c.done("Import of PKCS#12")(c.Import(c.Context(), spec, pair, []byte("correct horse")))
	if k := c.key(c, m.ID); k.Certificate == nil || !k.ValidUntil.Equal(Year(2040).Add(time.Second)) {
		c.Errorf("the certificate of a PKCS#12 pair is lost, or its end: %s", text(k.Meta))
	}
}

// refusal is one key that must not come in.
type refusal struct {
	name   string
	spec   keys.Spec
	data   []byte // nil is generated
	reason string
}

func refusals(c *custodian) []refusal {
	expired := Certificate(c, MDESKey(c), Year(2020), Year(2021))
	pair := SampleOf(c, keys.TAVSigning)
	hex32 := SampleOf(c, keys.VaultKEK).Data
	return []refusal{
		{"an unknown purpose", keys.Spec{Purpose: "tap-to-pay"}, nil, "key_purpose"},
		{"an unknown purpose, imported,", keys.Spec{Purpose: "tap-to-pay"}, hex32, "key_purpose"},
		{"a malformed issuer", keys.Spec{Purpose: keys.VaultKEK, Issuer: "a/b"}, nil, "issuer_malformed"},
		{"a malformed BIN range", keys.Spec{Purpose: keys.VaultKEK, BINs: []keys.BINRange{{Low: "5"}}}, nil, "bin_range"},
		{"a blank in an alias", keys.Spec{Purpose: keys.VaultKEK, Alias: "a b"}, hex32, "key_alias"},
		{"a card number as alias", keys.Spec{Purpose: keys.VaultKEK, Alias: cardNumber}, nil, "key_alias"},
		{"a shared secret without Visa's id", keys.Spec{Purpose: keys.VTSPush}, []byte(VTSSecret), "key_alias"},
		{"a WSD key without its key set", keys.Spec{Purpose: keys.WSD}, []byte(WSDSecret), "key_alias"},
		{"Mastercard's key, generated,", keys.Spec{Purpose: keys.MDESEncryption}, nil, "key_unfit"},
		{"Mastercard's other key, generated,", keys.Spec{Purpose: keys.MDESCSEncryption}, nil, "key_unfit"},
		{"a request key without its consumer key", keys.Spec{Purpose: keys.MDESOAuth}, nil, "key_alias"},
		{"Visa's key, generated,", keys.Spec{Purpose: keys.VTSEncryption, Alias: "kid-1"}, nil, "key_unfit"},
		{"an API secret without its API key", keys.Spec{Purpose: keys.VTSAPI}, []byte(VTSSecret), "key_alias"},
		{"a decryption key without its kid", keys.Spec{Purpose: keys.VTSDecryption}, nil, "key_alias"},
		{"a login, generated,", keys.Spec{Purpose: keys.ClickToPayLogin, Alias: ClickToPayUser}, nil, "key_unfit"},
		{"a login without its user", keys.Spec{Purpose: keys.ClickToPayLogin}, []byte(VTSSecret), "key_alias"},
		{"Visa's private half", keys.Spec{Purpose: keys.VTSVerification, Alias: "kid-1"}, PKCS8(c, MDESKey(c)), "key_unfit"},
		{"Google's key, generated,", keys.Spec{Purpose: keys.OPCEncryption}, nil, "key_unfit"},
		{"another algorithm", keys.Spec{Purpose: keys.VaultKEK, Algorithm: "AES-128"}, nil, "key_unfit"},
		{"a short RSA key", keys.Spec{Purpose: keys.TAVSigning, Algorithm: "RSA-1024"}, nil, "key_unfit"},
		{"an end that is over", keys.Spec{Purpose: keys.VaultKEK, ValidUntil: start}, nil, "key_expired"},
		{"an end before the beginning", keys.Spec{Purpose: keys.VaultKEK, ValidFrom: start.Add(2 * time.Hour), ValidUntil: start.Add(time.Hour)}, hex32, "key_expired"},
		{"a certificate that is over", keys.Spec{Purpose: keys.MDESEncryption}, expired, "key_expired"},
		{"garbage", keys.Spec{Purpose: keys.TAVSigning}, []byte("garbage of canary-0123456789"), "key_malformed"},
		{"nothing", keys.Spec{Purpose: keys.MDESEncryption}, []byte{}, "key_malformed"},
		{"a cut private key", keys.Spec{Purpose: keys.TAVSigning}, pair.Data[:len(pair.Data)/2], "key_malformed"},
		{"a key under a passphrase", keys.Spec{Purpose: keys.TAVSigning}, PEM("ENCRYPTED PRIVATE KEY", []byte("x")), "key_encrypted"},
		{"Mastercard's private half", keys.Spec{Purpose: keys.MDESEncryption}, PKCS8(c, MDESKey(c)), "key_unfit"},
		{"Google's private half", keys.Spec{Purpose: keys.OPCEncryption}, OpenPGPPrivate(c, GoogleKey(c)), "key_unfit"},
		{"a public half where a pair belongs", keys.Spec{Purpose: keys.TAVSigning}, SPKI(c, &RSAKey(c).PublicKey), "key_unfit"},
		{"a pair with another's certificate", keys.Spec{Purpose: keys.TAVSigning}, append(bytes.Clone(pair.Data), PEM("CERTIFICATE", Certificate(c, MDESKey(c), Year(2020), Year(2040)))...), "key_unfit"},
		{"an RSA key for checkpoints", keys.Spec{Purpose: keys.AuditCheckpoint}, pair.Data, "key_unfit"},
		{"a WSD key whose halves are one", keys.Spec{Purpose: keys.WSD, Alias: WSDKeySet}, []byte(WSDSecret[:16] + WSDSecret[:16]), "key_unfit"},
		{"a WSD key with a mistyped digit", keys.Spec{Purpose: keys.WSD, Alias: WSDKeySet}, []byte(WSDSecret[:31] + "1"), "key_unfit"},
	}
}

// cardNumber is a published test number.
const cardNumber = "5204-2477-5000-1471"

func checkRefusals(c *custodian) {
	first := c.generate(keys.Spec{Purpose: keys.VaultKEK})
	for _, r := range refusals(c) {
		before := c.Current()
		var err error
		if r.data == nil {
			_, err = c.Generate(c.Context(), r.spec)
		} else {
			_, err = c.Import(c.Context(), r.spec, r.data, nil)
		}
		c.refused(r.name, err, r.reason)
		if len(c.Current().All()) != len(before.All()) {
			c.Errorf("%s is refused, and stored", r.name)
		}
	}
	if next := c.generate(keys.Spec{Purpose: keys.VaultKEK}); next.Version != first.Version+1 {
		c.Errorf("refused keys used versions up: the next is %d", next.Version)
	}
	insisted := keys.Spec{Purpose: keys.WSD, Alias: WSDKeySet, AsIs: true}
	c.done("Import that insists")(c.Import(c.Context(), insisted, []byte(WSDSecret[:31]+"1"), nil))
}

func checkOnce(c *custodian) {
	mdes, google := MDESKey(c), OpenPGPPublic(c, GoogleKey(c))
	certificate := Certificate(c, mdes, Year(2020), Year(2040))
	client := func(until time.Time) []byte {
		k := SchemeKey(c, keys.MDESTLS)
		return append(PEM("PRIVATE KEY", PKCS8(c, k)), PEM("CERTIFICATE", Certificate(c, k, Year(2020), until))...)
	}
	named := client(Year(2040))
	tav, opc, kek := SampleOf(c, keys.TAVSigning), SampleOf(c, keys.OPCSigning), SampleOf(c, keys.VaultKEK)
	for _, r := range []struct {
		name    string
		purpose keys.Purpose
		issuer  walletport.IssuerID
		data    []byte
		exists  bool
	}{
		{"a signing key", keys.TAVSigning, "", tav.Data, false},
		{"the same again", keys.TAVSigning, "", tav.Data, true},
		{"the same for an issuer", keys.TAVSigning, "acme", tav.Data, true},
		{"our own public key as Mastercard's", keys.MDESEncryption, "", SPKI(c, &RSAKey(c).PublicKey), true},
		{"Mastercard's certificate", keys.MDESEncryption, "", certificate, false},
		{"the same again", keys.MDESEncryption, "", certificate, true},
		{"Mastercard's certificate for an issuer", keys.MDESEncryption, "acme", certificate, false},
		{"Mastercard's certificate, renewed for the same key,", keys.MDESEncryption, "", Certificate(c, mdes, Year(2021), Year(2041)), false},
		{"Google's certificate", keys.OPCEncryption, "", google, false},
		{"the same in armor", keys.OPCEncryption, "", Armored(c, openpgp.PublicKeyType, google), true},
		{"Google's certificate for an issuer", keys.OPCEncryption, "acme", google, false},
		{"Google's certificate, renewed for the same key,", keys.OPCEncryption, "", renewedGoogle(c), false},
		{"an OpenPGP signing key", keys.OPCSigning, "", opc.Data, false},
		{"the same for an issuer", keys.OPCSigning, "acme", opc.Data, true},
		{"a client certificate", keys.MDESTLS, "", named, false},
		{"the same again", keys.MDESTLS, "", named, true},
		{"the same, renewed for the same key,", keys.MDESTLS, "", client(Year(2041)), false},
		{"the same key for Visa", keys.VTSTLS, "", named, true},
		{"a KEK", keys.VaultKEK, "", kek.Data, false},
		{"the same again", keys.VaultKEK, "", kek.Data, true},
		{"the KEK as index key", keys.VaultIndex, "", kek.Data, true},
	} {
		spec := keys.Spec{Purpose: r.purpose, Issuer: r.issuer}
		m, err := c.Import(c.Context(), spec, r.data, nil)
		if r.exists {
			c.refused(r.name, err, "key_exists")
			continue
		}
		c.done("Import of "+r.name)(m, err)
	}
}

// renewedGoogle returns the certificate of GoogleKey with another end of its subkey.
func renewedGoogle(c *custodian) []byte {
	c.Helper()
	e, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(OpenPGPPrivate(c, GoogleKey(c)))))
	must(c, err)
	seconds := uint32(20 * 365 * 24 * 60 * 60)
	sub := &e.Subkeys[0]
	sub.Sig.KeyLifetimeSecs = &seconds
	must(c, sub.Sig.SignKey(sub.PublicKey, e.PrivateKey, nil))
	return OpenPGPPublic(c, e)
}

func checkCheck(c *custodian) {
	for _, p := range []keys.Purpose{keys.VaultKEK, keys.MDESEncryption, keys.WSD} {
		s := SampleOf(c, p)
		before := c.Current()
		would, err := c.Check(c.Context(), s.Spec, s.Data, nil)
		if err != nil {
			c.Fatalf("Check of a %s key: %v", p, err)
		}
		if len(c.Current().All()) != len(before.All()) || len(c.open().Current().All()) != len(before.All()) {
			c.Errorf("Check stores the %s key", p)
		}
		if m := c.bring(s); text(m) != text(would) {
			c.Errorf("Check says %s, and Import makes %s", text(would), text(m))
		}
		_, err = c.Check(c.Context(), s.Spec, s.Data, nil)
		c.refused("Check of a key that is there", err, "key_exists")
	}
	_, err := c.Check(c.Context(), keys.Spec{Purpose: keys.VaultKEK}, []byte("garbage"), nil)
	c.refused("Check of garbage", err, "key_malformed")
}

func checkWiped(c *custodian) {
	der := Certificate(c, MDESKey(c), Year(2020), Year(2040))
	for _, s := range []Sample{{Spec: keys.Spec{Purpose: keys.MDESEncryption}, Data: der}, SampleOf(c, keys.OPCEncryption), SampleOf(c, keys.VTSPush)} {
		brought := bytes.Clone(s.Data)
		m := c.done("Import")(c.Import(c.Context(), s.Spec, brought, nil))
		clear(brought)
		k := c.key(c, m.ID)
		if k.Certificate != nil && !bytes.Equal(k.Certificate.Raw, der) || k.OpenPGP != nil && !bytes.Equal(k.OpenPGP.Certificate, s.Data) {
			c.Errorf("the certificate of the %s key is wiped with what was brought", s.Spec.Purpose)
		}
		c.checkSame(k, s)
	}
}

// checkSecrets looks for secrets in whatever prints.
func checkSecrets(c *custodian) {
	var shown strings.Builder
	note := func(what any) {
		fmt.Fprintf(&shown, "%v %+v %#v\n", what, what, what)
		if err, isError := what.(error); isError {
			for ; err != nil; err = errors.Unwrap(err) {
				fmt.Fprintln(&shown, err.Error())
			}
		}
	}
	var secrets [][]byte
	for _, s := range Samples(c) {
		m := c.bring(s)
		k := c.key(c, m.ID)
		note(m)
		note(k)
		if exported, err := material.ExportPublic(k); err == nil {
			shown.Write(exported)
		}
		// Brought under another purpose a key is refused, and the error is read by people.
		for _, p := range keys.Purposes() {
			_, err := c.Check(c.Context(), keys.Spec{Purpose: p, Alias: WSDKeySet}, s.Data, []byte("password of canary"))
			if err != nil {
				note(err)
			}
		}
		if s.Secret != nil {
			secrets = append(secrets, s.Secret)
		}
	}
	_, err := c.Generate(c.Context(), keys.Spec{Purpose: keys.VaultKEK, Alias: cardNumber})
	note(err)
	note(c.Custody)
	note(c.Current())
	for _, secret := range append(secrets, []byte("password of canary"), []byte(cardNumber), []byte(strings.ReplaceAll(cardNumber, "-", ""))) {
		if Shows(shown.String(), secret) {
			c.Errorf("a secret or a card number is shown: it begins with %s", hex.EncodeToString(secret[:2]))
		}
	}
}

func checkContext(c *custodian) {
	m := c.generate(keys.Spec{Purpose: keys.VaultKEK})
	sample := SampleOf(c, keys.VaultIndex)
	ended, stop := context.WithCancel(c.Context())
	stop()
	for name, act := range map[string]func() (keys.Meta, error){
		"Generate": func() (keys.Meta, error) { return c.Generate(ended, keys.Spec{Purpose: keys.VaultKEK}) },
		"Import":   func() (keys.Meta, error) { return c.Import(ended, sample.Spec, sample.Data, nil) },
		"Activate": func() (keys.Meta, error) { return c.Activate(ended, m.ID) },
		"Retire":   func() (keys.Meta, error) { return c.Retire(ended, m.ID, keys.EvenIfNeeded) },
	} {
		if _, err := act(); !errors.Is(err, context.Canceled) {
			c.Errorf("%s under a context that has ended: %v, want its error", name, err)
		}
	}
	if all := c.Current().All(); len(all) != 1 || all[0].State != keys.Pending {
		c.Errorf("an act under a context that has ended changed the keys")
	}
}
