package applepay_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/wallet"
	"github.com/walletport/walletport/wallet/applepay"
)

const (
	mastercardPAN = "5204247750001471" // Apple's sandbox cards
	visaPAN       = "4761120010000492"
	wantVisaFPAN  = `{"primaryAccountNumber":"4761120010000492","expiration":"11/29","name":"Test Cardholder","nonce":"75ebe155","nonceSignature":"40ea0aca07dabe17"}`
)

// mustApplePass makes a pass with changes of configuration and input.
func mustApplePass(t testing.TB, in wallet.PassInput, change func(*applepay.Config)) wallet.Pass {
	t.Helper()
	pass, err := mustEncoderOf(t, change).EncodePass(in)
	if err != nil {
		t.Fatalf("EncodePass: %v", err)
	}
	return pass
}

func mustEncoderOf(t testing.TB, change func(*applepay.Config)) *applepay.Encoder {
	t.Helper()
	config := applepay.DefaultConfig()
	if change != nil {
		change(&config)
	}
	e, err := applepay.New(config, nil)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return e
}

// V5 of the reference, made with Go and Python: a Mastercard card, both parts in
// base64, given card, nonce and ephemeral key.
func TestRoundTripVector(t *testing.T) {
	scalar, err := hex.DecodeString("7eee47dee108a08edd2bcd2bb762a543ca23ea96c9af09ad54beb9fa3ce1a026")
	if err != nil {
		t.Fatal(err)
	}
	ephemeral, err := ecdh.P256().NewPrivateKey(scalar)
	if err != nil {
		t.Fatal(err)
	}
	e := mustEncoderOf(t, func(c *applepay.Config) { c.Mastercard.Encoding = applepay.Base64 })
	got, err := e.EncodeWith(ephemeral, testInput(t, mastercardPAN))
	if err != nil {
		t.Fatal(err)
	}
	want := wallet.Pass{
		ActivationData:     base64.StdEncoding.EncodeToString([]byte(`{"version":"3"}`)),
		EncryptedPassData:  "kLuU7Ea0NLSGnEjlWeZ9Ly9XJmB5i+JIiGt62gpGwBnf6Fw2BAGXuFSMoJVYCzpVrjm2S8TYwXvH3BwhAI/5jEjuzVxVzWM9pfTM2i4++tPuIag578m6O7Np9+UGAin94VGrckGkUe1A2EjpFitv6UB12MBDaEWJEtZWLIsCz7RbaHZUmPufLOVLam06xSdSmQ0Vnd1LLYBEIB1OsfTRkA==",
		EphemeralPublicKey: "BJmm9C6D6k8VCnh4D/tWLJzbm3UHvF0oy/v4zD7wr2izbmDLENtpEngw9/iZSSAXCJ47c8g/zw698sBrYTw/iLc=",
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestPassData has node's cryptography open each kind of pass.
func TestPassData(t *testing.T) {
	sealed := []byte("MBPAD-1-FK-401200.1--TDEA-00112233445566778899AABBCCDDEEFF")
	encrypted := func(c *applepay.Config) { c.Visa.Form = applepay.EncryptedFPAN }
	named := func(name string) func(*wallet.PassInput) {
		return func(in *wallet.PassInput) { in.Card.CardholderName = walletport.NewPrivate(name) }
	}
	withNumber := func(in *wallet.PassInput) { in.SealedNumber = sealed }
	rows := []struct {
		name, pan, encoding, want string
		config                    func(*applepay.Config)
		input                     func(*wallet.PassInput)
	}{
		{"Mastercard", mastercardPAN, "hex", strings.Replace(wantVisaFPAN, visaPAN, mastercardPAN, 1), nil, nil},
		{"Mastercard in base64", mastercardPAN, "base64", strings.Replace(wantVisaFPAN, visaPAN, mastercardPAN, 1),
			func(c *applepay.Config) { c.Mastercard.Encoding = applepay.Base64 }, nil},
		{"Mastercard with product type", mastercardPAN, "hex",
			strings.TrimSuffix(strings.Replace(wantVisaFPAN, visaPAN, mastercardPAN, 1), "}") + `,"version":"1","productType":"DEFAULT_MASTERCARD"}`,
			func(c *applepay.Config) {
				c.Mastercard.ProductType, c.Mastercard.Version = "DEFAULT_MASTERCARD", "1"
			}, nil},
		{"Visa", visaPAN, "base64", wantVisaFPAN, nil, nil},
		{"Visa in hex", visaPAN, "hex", wantVisaFPAN, func(c *applepay.Config) { c.Visa.Encoding = applepay.Hex }, nil},
		{"Visa, number encrypted", visaPAN, "base64",
			`{"encryptedPrimaryAccountNumber":"TUJQQUQtMS1GSy00MDEyMDAuMS0tVERFQS0wMDExMjIzMzQ0NTU2Njc3ODg5OUFBQkJDQ0RERUVGRg==","networkName":"Visa","primaryAccountNumberPrefix":"476112","name":"Test Cardholder","nonce":"75ebe155","nonceSignature":"40ea0aca07dabe17"}`,
			encrypted, withNumber},
		{"Visa, number encrypted, eight digits in clear", visaPAN, "base64",
			`{"encryptedPrimaryAccountNumber":"TUJQQUQtMS1GSy00MDEyMDAuMS0tVERFQS0wMDExMjIzMzQ0NTU2Njc3ODg5OUFBQkJDQ0RERUVGRg==","networkName":"Visa","primaryAccountNumberPrefix":"47611200","name":"Test Cardholder","nonce":"75ebe155","nonceSignature":"40ea0aca07dabe17"}`,
			func(c *applepay.Config) { encrypted(c); c.Visa.PrefixDigits = 8 }, withNumber},
		{"a name with quotation marks", visaPAN, "base64", strings.Replace(wantVisaFPAN, "Test Cardholder", `\"Ada\" \\ O'Brien & Ödön <李>`, 1), nil, named(`"Ada" \ O'Brien & Ödön <李>`)},
		{"a name with spaces around", visaPAN, "base64", wantVisaFPAN, nil, named("  Test Cardholder\t")},
		{"no name, where none is required", visaPAN, "base64", strings.Replace(wantVisaFPAN, `"name":"Test Cardholder",`, "", 1),
			func(c *applepay.Config) { c.NameRequired = false }, named("")},
		{"the longest of everything", visaPAN, "base64",
			`{"primaryAccountNumber":"4761120010000492","expiration":"11/29","name":"` + strings.Repeat(`\"`, 200) + `","nonce":"` + strings.Repeat("ab", 64) + `","nonceSignature":"` + strings.Repeat("cd", 512) + `"}`,
			nil, func(in *wallet.PassInput) {
				named(strings.Repeat(`"`, 200))(in)
				in.Nonce, in.NonceSignature = bytes.Repeat([]byte{0xab}, 64), bytes.Repeat([]byte{0xcd}, 512)
			}},
	}
	var passes []encodedPass
	for _, row := range rows {
		in := testInput(t, row.pan)
		if row.input != nil {
			row.input(&in)
		}
		pass := mustApplePass(t, in, row.config)
		if activation, err := base64.StdEncoding.DecodeString(pass.ActivationData); err != nil || string(activation) != `{"version":"3"}` {
			t.Errorf("%s: activation data %q, error %v", row.name, activation, err)
		}
		passes = append(passes, encodedPass{row.encoding, pass.EncryptedPassData, pass.EphemeralPublicKey})
	}
	opened := nodeOpens(t, passes)
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, opened[i]); diff != "" {
				t.Errorf("what node read (-want +got):\n%s", diff)
			}
		})
	}
}

// A buffer that grew would leave a card number behind that nobody wipes.
func TestBufferOfPassDataNeverGrows(t *testing.T) {
	in := testInput(t, visaPAN)
	in.Card.CardholderName = walletport.NewPrivate(strings.Repeat(`"`, 300))
	in.Nonce, in.NonceSignature = make([]byte, 64), make([]byte, 512)
	extras := func(c *applepay.Config) {
		c.Visa.ProductType, c.Visa.Version = strings.Repeat(`"`, 64), strings.Repeat(`"`, 64)
	}
	for name, row := range map[string]struct {
		config func(*applepay.Config)
		sealed []byte
	}{
		"in clear":  {extras, nil},
		"encrypted": {func(c *applepay.Config) { extras(c); c.Visa.Form, c.Visa.PrefixDigits = applepay.EncryptedFPAN, 8 }, make([]byte, 200)},
	} {
		t.Run(name, func(t *testing.T) {
			in := in
			in.SealedNumber = row.sealed
			data, size, err := mustEncoderOf(t, row.config).PassData(in)
			if err != nil {
				t.Fatal(err)
			}
			if cap(data) != size {
				t.Errorf("the buffer was made for %d bytes and grew to %d", size, cap(data))
			}
		})
	}
}

func TestEachPassHasItsOwnKey(t *testing.T) {
	in := testInput(t, mastercardPAN)
	first, second := mustApplePass(t, in, nil), mustApplePass(t, in, nil)
	if first.EphemeralPublicKey == second.EphemeralPublicKey || first.EncryptedPassData == second.EncryptedPassData {
		t.Error("two passes under one key: with a fixed IV that gives the plaintext away")
	}
}

func TestNeedsSealedNumber(t *testing.T) {
	plain := mustEncoderOf(t, nil)
	encrypted := mustEncoderOf(t, func(c *applepay.Config) { c.Visa.Form = applepay.EncryptedFPAN })
	for _, row := range []struct {
		name    string
		encoder *applepay.Encoder
		scheme  walletport.SchemeID
		want    bool
	}{
		{"Visa in clear", plain, walletport.Visa, false},
		{"Visa encrypted", encrypted, walletport.Visa, true},
		{"Mastercard beside it", encrypted, walletport.Mastercard, false},
		{"a scheme nobody knows", encrypted, "DISCOVER", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.encoder.NeedsSealedNumber(row.scheme); got != row.want {
				t.Errorf("NeedsSealedNumber %v, want %v", got, row.want)
			}
		})
	}
}

func TestEncodePassRefusesCards(t *testing.T) {
	for name, change := range map[string]func(*walletport.Card){
		"no PAN":                      func(c *walletport.Card) { c.PAN = walletport.PAN{} },
		"no expiry":                   func(c *walletport.Card) { c.Expiry = walletport.Expiry{} },
		"month 13":                    func(c *walletport.Card) { c.Expiry.Month = 13 },
		"a year of another century":   func(c *walletport.Card) { c.Expiry = walletport.Expiry{Year: 2129, Month: time.May} },
		"no name":                     func(c *walletport.Card) { c.CardholderName = walletport.Private{} },
		"a name of blanks":            func(c *walletport.Card) { c.CardholderName = walletport.NewPrivate(" \t ") },
		"a name with a line break":    func(c *walletport.Card) { c.CardholderName = walletport.NewPrivate("Ada\nKing") },
		"a name with an override":     func(c *walletport.Card) { c.CardholderName = walletport.NewPrivate("Ada\u202eKing") },
		"a name that is not UTF-8":    func(c *walletport.Card) { c.CardholderName = walletport.NewPrivate("Ada\xffKing") },
		"a name with a NUL character": func(c *walletport.Card) { c.CardholderName = walletport.NewPrivate("Ada\x00") },
	} {
		t.Run(name, func(t *testing.T) {
			in := testInput(t, visaPAN)
			change(in.Card)
			pass, err := mustEncoderOf(t, nil).EncodePass(in)
			if walletport.CodeOf(err) != walletport.CodeForbidden || walletport.ReasonOf(err) != "card_data_unusable" || pass != (wallet.Pass{}) {
				t.Errorf("error %v", err)
			}
			if err != nil && (walletport.ContainsPAN(err.Error()) || strings.Contains(err.Error(), "Ada")) {
				t.Error("the error holds card data")
			}
		})
	}
}

func TestEncodePassRefusesInputs(t *testing.T) {
	p384, err := ecdh.P384().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encrypted := func(c *applepay.Config) { c.Visa.Form = applepay.EncryptedFPAN }
	for name, row := range map[string]struct {
		config func(*applepay.Config)
		change func(*wallet.PassInput)
	}{
		"no card":                            {nil, func(in *wallet.PassInput) { in.Card = nil }},
		"no recipient":                       {nil, func(in *wallet.PassInput) { in.Recipient = wallet.PassRecipient{} }},
		"a recipient on P-384":               {nil, func(in *wallet.PassInput) { in.Recipient.Public = p384.PublicKey() }},
		"no nonce":                           {nil, func(in *wallet.PassInput) { in.Nonce = nil }},
		"no signature":                       {nil, func(in *wallet.PassInput) { in.NonceSignature = nil }},
		"no activation data":                 {nil, func(in *wallet.PassInput) { in.ActivationData = nil }},
		"no randomness":                      {nil, func(in *wallet.PassInput) { in.Rand = nil }},
		"a scheme nobody knows":              {nil, func(in *wallet.PassInput) { in.Card.Scheme = "DISCOVER" }},
		"a sealed number that is not wanted": {nil, func(in *wallet.PassInput) { in.SealedNumber = []byte("MBPAD") }},
		"a sealed number that is missing":    {encrypted, func(*wallet.PassInput) {}},
	} {
		t.Run(name, func(t *testing.T) {
			in := testInput(t, visaPAN)
			row.change(&in)
			pass, err := mustEncoderOf(t, row.config).EncodePass(in)
			if walletport.CodeOf(err) != walletport.CodeInternal || pass != (wallet.Pass{}) {
				t.Errorf("error %v", err)
			}
		})
	}
}
