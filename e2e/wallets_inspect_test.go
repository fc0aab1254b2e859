package e2e_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wantInspected inspects a good answer with the keys of the other side.
func wantInspected(t *testing.T, s *sandbox, payload string, card sampleCard) {
	t.Helper()
	r := run(t, payload, "inspect", "-", "--keys", s.path(), "--json")
	if code, fault := r.code, faultOf(t, r); code != 0 || fault != "" {
		t.Errorf("inspect: exit code %d, fault %q", code, fault)
	}
	if strings.Contains(r.out, card.PAN) {
		t.Error("inspect prints a whole PAN")
	}
}

// faultOf returns the first fault that inspect named.
func faultOf(t *testing.T, r result) string {
	t.Helper()
	var found report
	if err := json.Unmarshal([]byte(r.out), &found); err != nil {
		t.Fatalf("inspect printed no JSON: %v, %s", err, r.errOut)
	}
	if found.FirstFault == nil {
		return ""
	}
	return found.FirstFault.Code
}

// mustSealPass makes pass data as an issuer does; change spoils what the key is
// derived from, ivBytes is 12 if it is right.
func (f sandboxFile) mustSealPass(t *testing.T, pass members, ivBytes int, change func(info []byte) []byte) (sealed, ephemeral []byte) {
	t.Helper()
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ephemeral = own.PublicKey().Bytes()
	secret, err := own.ECDH(f.mustAppleLeaf(t).PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256(change(passInfo(secret, ephemeral)))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, ivBytes)
	if err != nil {
		t.Fatal(err)
	}
	return gcm.Seal(nil, make([]byte, ivBytes), mustText(t, pass), nil), ephemeral
}

// mustSealPush makes the JWE for Visa under a key that was derived from the secret,
// rightly or not.
func mustSealPush(t *testing.T, kek [32]byte, header, card members) string {
	t.Helper()
	key, iv := make([]byte, 32), make([]byte, 12)
	_, _ = rand.Read(key) // never fails
	_, _ = rand.Read(iv)
	wrapped := mustGCM(t, kek[:]).Seal(nil, iv, key, nil)
	url := base64.RawURLEncoding.EncodeToString
	protected := url(mustText(t, header.with(members{"iv": url(iv), "tag": url(wrapped[32:])})))
	_, _ = rand.Read(iv)
	sealed := mustGCM(t, key).Seal(nil, iv, mustText(t, card), []byte(protected))
	text, tag := sealed[:len(sealed)-16], sealed[len(sealed)-16:]
	return strings.Join([]string{protected, url(wrapped[:32]), url(iv), url(text), url(tag)}, ".")
}

func mustText(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// spoiled is an answer with one fault, and what inspect must call it.
type spoiled struct {
	name, code string
	payload    string
}

// tolerated are no faults, or those that a wallet is known or said to put up with:
// inspect names them, and finds nothing wrong. The first is what is spoiled nowhere, so
// that the other rows have their faults from what they change alone.
var tolerated = []string{"", "nonce_upper_case", "hex_for_visa", "base64_for_mastercard"}

// wantFaultsNamed spoils good answers, or makes them anew with the keys of the other
// side and one fault.
func (s *sandbox) wantFaultsNamed(t *testing.T) {
	for _, c := range slices.Concat(s.spoiledPasses(t), s.spoiledPushes(t), s.spoiledOpaqueCards(t)) {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, c.payload, "inspect", "-", "--keys", s.path(), "--json")
			want := 1
			if slices.Contains(tolerated, c.code) {
				want = 0
			}
			if fault := faultOf(t, r); r.code != want || fault != c.code {
				t.Errorf("exit code %d, fault %q, want %d and %q", r.code, fault, want, c.code)
			}
		})
	}
}

func (s *sandbox) mustAnswer(t *testing.T, card int64, walletName string, request members) members {
	t.Helper()
	a := s.caller().post(provisionPath(card, walletName), request, "spoil-"+walletName)
	var got members
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.code() != "ok" {
		t.Fatalf("no answer to spoil: %v", a)
	}
	return got
}

func (s *sandbox) spoiledPasses(t *testing.T) []spoiled {
	card, request := s.file.mustCard(t, mastercardCard), appleRequest(s.file.chain())
	mastercard := s.mustAnswer(t, mastercardCard, "applepay", request)
	visa := s.mustAnswer(t, visaCard, "applepay", appleRequest(s.file.chain()))
	sealed, ephemeral := mastercard.text("encryptedPassData"), mastercard.text("ephemeralPublicKey")
	recoded := func(of members, decode func(string) ([]byte, error), encode func([]byte) string) members {
		changed := members{}
		for _, name := range []string{"encryptedPassData", "ephemeralPublicKey"} {
			data, err := decode(of.text(name))
			if err != nil {
				t.Fatal(err)
			}
			changed[name] = encode(data)
		}
		return of.with(changed)
	}
	twice := base64.StdEncoding.EncodeToString([]byte(mastercard.text("activationData")))
	mbpac := string(mustBase64(t, base64.StdEncoding, visa.text("activationData")))
	pass := members{
		"primaryAccountNumber": card.PAN, "expiration": card.ExpiryMonth + "/" + card.ExpiryYear[2:], "name": card.CardholderName,
		"nonce": request["nonce"], "nonceSignature": request["nonceSignature"],
	}
	resealed := func(changes members, ivBytes int, change func([]byte) []byte) members {
		sealed, ephemeral := s.file.mustSealPass(t, pass.with(changes), ivBytes, change)
		return mastercard.with(members{"encryptedPassData": hex.EncodeToString(sealed), "ephemeralPublicKey": hex.EncodeToString(ephemeral)})
	}
	right := func(info []byte) []byte { return info }
	all := map[string]members{
		"hex_for_visa":                 recoded(visa, base64.StdEncoding.DecodeString, hex.EncodeToString),
		"base64_for_mastercard":        recoded(mastercard, hex.DecodeString, base64.StdEncoding.EncodeToString),
		"ephemeral_key_without_prefix": mastercard.with(members{"ephemeralPublicKey": ephemeral[2:]}),
		"pass_data_tag_mismatch":       mastercard.with(members{"encryptedPassData": sealed[:len(sealed)-2] + otherDigits(sealed[len(sealed)-2:])}),
		"activation_data_base64_twice": mastercard.with(members{"activationData": twice}),
		"activation_data_other_scheme": mastercard.with(members{"activationData": visa["activationData"]}),
		"wsd_hex_lower_case": visa.with(members{"activationData": base64.StdEncoding.EncodeToString(
			[]byte(mbpac[:len(mbpac)-16] + strings.ToLower(mbpac[len(mbpac)-16:])))}),
		"":                            resealed(nil, 12, right),
		"pass_data_iv_16_bytes":       resealed(nil, 16, right),
		"pass_data_party_v_missing":   resealed(nil, 12, func(info []byte) []byte { return info[:len(info)-65] }),
		"nonce_upper_case":            resealed(members{"nonce": "75EBE155"}, 12, right),
		"pan_member_name":             resealed(members{"primaryAccountNumber": nil, "accountNumber": card.PAN}, 12, right),
		"expiration_year_four_digits": resealed(members{"expiration": "12/2031"}, 12, right),
	}
	var list []spoiled
	for code, payload := range all {
		list = append(list, spoiled{"pass: " + code, code, string(mustText(t, payload))})
	}
	return list
}

// otherDigits turns hex digits into others.
func otherDigits(text string) string {
	if text == "00" {
		return "ff"
	}
	return "00"
}

func (s *sandbox) spoiledPushes(t *testing.T) []spoiled {
	device := s.mustAsk(t, "samsungpay").with(members{"clientAppID": clientAppID})
	header, card := s.file.mustOpenPush(t, s.mustAnswer(t, visaCard, "samsungpay", device).text("digitizationData"))
	secret := s.file.VTS.PushSharedSecret
	kek := sha256.Sum256([]byte(secret))
	decoded := sha256.Sum256(mustBase64(t, base64.RawURLEncoding, secret))
	milliseconds := strconv.FormatInt(time.Now().UnixMilli(), 10)
	return []spoiled{
		{"push: nothing", "", mustSealPush(t, kek, header, card)},
		{"push: KEK", "kek_from_base64_secret", mustSealPush(t, decoded, header, card)},
		{"push: iat", "iat_milliseconds", mustSealPush(t, kek, header.with(members{"iat": milliseconds}), card)},
		{"push: iat of last hour", "iat_stale", mustSealPush(t, kek, header.with(members{"iat": strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)}), card)},
		{"push: iat of next hour", "iat_future", mustSealPush(t, kek, header.with(members{"iat": strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)}), card)},
		{"push: card in clear", "clear_card_data", mustSealPush(t, kek, header.with(members{"accountNumber": card["accountNumber"]}), card)},
		{"push: kid", "kid_unknown", mustSealPush(t, kek, header.with(members{"kid": strings.Repeat("X", 49)}), card)},
		{"push: name of the PAN", "pan_member_name", mustSealPush(t, kek, header, card.with(members{"accountNumber": nil, "primaryAccountNumber": card["accountNumber"]}))},
		{"push: year", "expiry_year_two_digits", mustSealPush(t, kek, header, card.with(members{"expirationDate": members{"month": "11", "year": "30"}}))},
		{"push: five parts", "segments_count", strings.Join(strings.Split(mustSealPush(t, kek, header, card), ".")[:4], ".")},
	}
}

func (s *sandbox) spoiledOpaqueCards(t *testing.T) []spoiled {
	request := s.mustAsk(t, "googlepay").with(members{"googleOpaquePaymentCardRequested": true})
	good := s.mustAnswer(t, mastercardCard, "googlepay", request)
	opc := good.text("googleOpaquePaymentCard")
	with := func(opc string) string {
		return string(mustText(t, good.with(members{"googleOpaquePaymentCard": opc})))
	}
	return []spoiled{
		{"opaque card: encoding", "opc_base64_twice", with(base64.StdEncoding.EncodeToString([]byte(opc)))},
		{"opaque card: card in clear", "clear_card_data", string(mustText(t, good.with(members{"comment": s.file.mustCard(t, mastercardCard).PAN})))},
		{"opaque card: no signature", "unsigned", with(s.file.mustUnsigned(t, mustOpenOpaque(t, s.file, opc)))},
	}
}
