package vts_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/scheme/vts"
)

// Vector V1: a push payload that joserfc, go-jose and node jose open alike. Its
// content has a billing address, which we do not send.
const (
	vectorJWE = "eyJhbGciOiJBMjU2R0NNS1ciLCJpdiI6IkVCRVNFeFFWRmhjWUdSb2IiLCJ0YWciOiJiOTJyeGdQNE5EYkRSQjVUVjVLTUVRIiwiZW5jIjoiQTI1NkdDTSIsInR5cCI6IkpPU0UiLCJraWQiOiJURVNUS0VZSUQwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMSIsImNoYW5uZWxTZWN1cml0eUNvbnRleHQiOiJTSEFSRURfU0VDUkVUIiwiaWF0IjoiMTcwMDAwMDAwMCJ9" +
		".5tBVizhEqdJeoAP8e9k8Gq9umksiYFauQEGrLopc9XU.ICEiIyQlJicoKSor." +
		"qRjHEw_3b2BuMjejo32G2-pr2K22sVLfXcddI3i7bzhEv8corEtUt3HfVLASSFGNwm6jy7gQDwS2EhZvLcZjsrZirH_ztd_tqQeGSc81G1v3pgEmm9n_e6494BA4Lq7vMnZTeuom95-l9cpg4pKpYRXi_GCrpY1hOZxiPte9oBkcsBjtT85QxRfqxx4sEz7Fvr5SF-m6ku9ce9RB4brz4fuFU1yokhvPjtOsnpwIK5uag4ymZeGsUh6umtafGOmIpepUa1iktC06a9zaiqGJ9rYHnHCyun3rI4UrDBIHA1JsRiHdwiIwvhoonrPF1PN9oxrc_WRraV_bS1EHZAIRkr_4aRuoMl0kx3IlTovCqvDY7eB6TD3in158UkQizDL04UiUTPGPnQBc6pxa0069FPrnevtx_K-n022pKu4lfIPzizZPoh2xvNvTfOu-afNCSdsUOTaSf7r4tTRWKQwZM1jE-12eChqPuSZEFdtqgglOlQ5BU0goiwsLfmsUhoxF5NIoSGYa67FOjCjCWoYyFYQzGYnpAz4N7QbSew" +
		".jZjhq1KEi1sPsuhEqK4P5A"

	vectorPlaintext = `{"accountNumber":"4111111111111111","name":"JANE DOE","expirationDate":{"month":"12","year":"2030"},` + vectorAddress +
		`"provider":{"intent":"PUSH_PROV_MOBILE","clientWalletProvider":"40010075001","clientWalletAccountID":"walletAccount00000000001","clientDeviceID":"deviceHardwareId00000001","clientAppID":"issuerapp","isIDnV":"true"}}`
	vectorAddress = `"billingAddress":{"line1":"1 Test Street","city":"Helsinki","postalCode":"00100","country":"FI"},`
)

const vectorA1 = "MBPAC-1-FK-401200.1--TDEA-6E9DF2F992064F486DC0DC33EE2785A4535767D96E67712993FA1085B96FFF9F65D951461DB967A7"

// With the vector's content key, nonces and time, all comes out as in the vector
// but for the address: header, wrapped key and IV byte for byte, and the content up
// to there, for the key stream is the same.
func TestSealCardIsThePublishedVector(t *testing.T) {
	in := testInput(t)
	in.Recipient.Wrapper = sharedSecret{text: testSecret, nonce: keyWrap}
	in.Rand = counting()
	got := strings.Split(mustSealCard(t, vts.DefaultProfile(), in), ".")
	want := strings.Split(vectorJWE, ".")
	if diff := cmp.Diff(want[:3], got[:3]); diff != "" {
		t.Errorf("header, key and IV (-want +got):\n%s", diff)
	}
	common := strings.Index(vectorPlaintext, vectorAddress) / 3 * 4
	if got[3][:common] != want[3][:common] {
		t.Errorf("the content begins %s, want %s", got[3][:common], want[3][:common])
	}
	if text := goJoseOpens(t, strings.Join(got, ".")); text != strings.Replace(vectorPlaintext, vectorAddress, "", 1) {
		t.Errorf("the content is not the vector's without the address")
	}
}

func TestOpenPushReadsThePublishedVector(t *testing.T) {
	push, err := vts.OpenPush(sharedSecret{text: testSecret}, []byte(vectorJWE))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(push.PAN.Reveal(), []byte(testPAN)) || push.Expiry.MMYY() != "1230" || string(push.CardholderName.Reveal()) != "JANE DOE" {
		t.Error("the card is another")
	}
	if push.Client != testClient() || push.Intent != vts.PushMobile || !push.IDnV {
		t.Errorf("the wallet said %+v, %s, %v", push.Client, push.Intent, push.IDnV)
	}
}

func TestActivationDataIsThePublishedVector(t *testing.T) {
	for _, c := range []struct{ name, nonce, want string }{
		{"A1, a nonce of four bytes", "91ab95b8", vectorA1},
		{"A2, a nonce of six bytes", "91ab95b8c4d2", "MBPAC-1-FK-401200.1--TDEA-4D68F8B927A3E7CD3787B3C17861E8B680109E33DA7B03CA958DA396DBAE3939CFFF9CF99A1521FFC8D3545FB828579C"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testActivation()
			in.Nonce, in.Rand = mustHex(c.nonce), drawing("A1B2C3", "abcd")
			if got := mustActivate(t, vts.DefaultProfile(), in); got != c.want {
				t.Errorf("ActivationData gave %s, want %s", got, c.want)
			}
		})
	}
}

func TestSealNumberIsThePublishedVector(t *testing.T) {
	in := testNumber(t)
	in.Rand = drawing("", "WXYZ")
	// 03:04:05 in UTC, told by a clock two hours ahead.
	in.Now = time.Date(2025, 1, 2, 5, 4, 5, 0, time.FixedZone("", 2*60*60))
	const want = "MBPAD-1-FK-401200.1--TDEA-4CA9D0269D2D4CAD1135295857BFFFB0271DCCF9E47EBEB735C6629C656463F7279756C5AD60B9BEF6E501384DA33C6CE28C0706F16A536EF982C4063E73C56C"
	if got := mustSealNumber(t, vts.DefaultProfile(), in); got != want {
		t.Errorf("SealNumber gave %s, want %s", got, want)
	}
}

// The handles that custody gives out do the same work as the tests' own keys.
func TestKeysOfCustodyFit(t *testing.T) {
	secret, err := keys.NewSharedSecretKEK([]byte(testSecret))
	if err != nil {
		t.Fatal(err)
	}
	in := testInput(t)
	in.Recipient.Wrapper = secret
	jwe := mustSealCard(t, vts.DefaultProfile(), in)
	if goJoseOpens(t, jwe) != pushForms[0].plaintext {
		t.Error("go-jose read something else than the card")
	}
	if _, err := vts.OpenPush(secret, []byte(jwe)); err != nil {
		t.Errorf("OpenPush: %v", err)
	}
	activation := testActivation()
	if activation.Cipher.Key, err = keys.NewTDEA(mustHex(testWSDKey)); err != nil {
		t.Fatal(err)
	}
	activation.Rand = drawing("A1B2C3", "abcd")
	if got := mustActivate(t, vts.DefaultProfile(), activation); got != vectorA1 {
		t.Errorf("ActivationData gave %s, want %s", got, vectorA1)
	}
}
