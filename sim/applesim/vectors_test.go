package applesim_test

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/sim/applesim"
)

// vectorV1 is public (apple-host-encryption, CryptoUtilsTest): a message to Apple's
// test leaf. Its plaintext is no pass data.
const (
	testLeafPoint = "042e3e5ccf6b9ab04be7a22f3faccfde73c87e87155394a34815408a896ca18a374dac669af3bf6220fc863767f4af47507c5bc221fc4a19874daf39b4074e3eb8"
	v1Ephemeral   = "7eee47dee108a08edd2bcd2bb762a543ca23ea96c9af09ad54beb9fa3ce1a026"
	v1Point       = "0499a6f42e83ea4f150a78780ffb562c9cdb9b7507bc5d28cbfbf8cc3ef0af68b36e60cb10db69127830f7f899492017089e3b73c83fcf0ebdf2c06b613c3f88b7"
	v1Sealed      = "e3ef6ba2ffa05b6985fe129e3cb6845c4ea1e94ae98d31a538a4e24906fb720d764d640894cd9de7cec00114396651a1ccaedcf480c57a959e925c04492b9cf85fc711fab3cbed10dc2ba99a2bb063ceff8de1"
	v2Ephemeral   = "42f083488ff1481b052c94e462fcdf1259c336dcb65090466c9dd27bbd829fb4"
	v2Point       = "04e0e5905b80045623dee88ccf1a35e70afaf0ca92f039d64a8af20979c331157273fb782f02e6967e0d9b7383dcd613f01c312cd2ebbbf577d91d272d5ebf94f6"
)

func unhex(text string) []byte { return must(hex.DecodeString(text)) }

// otherSide agrees on the secret from the ephemeral side, for a leaf whose private
// key is not public.
type otherSide struct {
	leaf      *ecdh.PublicKey
	ephemeral *ecdh.PrivateKey
}

func (o otherSide) PublicKey() *ecdh.PublicKey           { return o.leaf }
func (o otherSide) Curve() ecdh.Curve                    { return ecdh.P256() }
func (o otherSide) ECDH(*ecdh.PublicKey) ([]byte, error) { return o.ephemeral.ECDH(o.leaf) }
func testLeaf(ephemeral string) ecdh.KeyExchanger {
	return otherSide{must(ecdh.P256().NewPublicKey(unhex(testLeafPoint))), must(ecdh.P256().NewPrivateKey(unhex(ephemeral)))}
}

func outcomes(report applesim.Report) map[string]bool {
	all := map[string]bool{}
	for _, check := range report.Checks {
		all[check.Name] = check.OK
	}
	return all
}

// V1 opens whole. The other vectors give the key only, so a message is sealed under
// it: it opens if the simulator derives that key.
func TestPublishedVectorsOpen(t *testing.T) {
	counting := ecdh.KeyExchanger(countingKey())
	for _, v := range []struct {
		name        string
		leaf        ecdh.KeyExchanger
		point, key  string // the key in hex; "" with sealed
		sealed      string
		passMissing bool
	}{
		{"V1", testLeaf(v1Ephemeral), v1Point, "", v1Sealed, true},
		{"V1 by its key", testLeaf(v1Ephemeral), v1Point, "083080d3d0c521c02cd3ae2134363d09ea50dff914677fab9e22f18f9c28a3b9", "", false},
		{"V2", testLeaf(v2Ephemeral), v2Point, "cbea13e6d369b34ba955958ec33d1d0a93465311c5ec0684f5a998bc5704d066", "", false},
		{"V3, X starts 00", counting, "04005543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00abb4c85a3d8ea29efaafa24406912dd84d5b14dc32bf656ef6c6bd58a5d943f92",
			"4581081b43d1b564a1ca81030483a829e0184140a2b25569e4cc3af52bb9e863", "", false},
		{"V4, Y starts 00", counting, "04986ae2506f1ff104d04230861d8f4b498f4bc4c6d009b30f7544dc129b82d28d003cccc0a6460e0ae328a4d97d3c7b61d86fc6289c189f2525110c441bb07e97",
			"43e10f2200732bc18a46ab5e9e6fc46ba7076fd6261a547fa23cf252a8c3869f", "", false},
		{"V6, Z starts 00", counting, "046cfa64a00d28e6149551b04f09a22ffc7cc74fd427067f14113851fdff684a9ca6e1d5871f75287a28f539ce0e5cbdbaec25cd15e14eb602db7611f18514011d",
			"f889c53c4ebecccfbd5408a6cb758276d80e14a2bd4bcccf6b00fe6a9d6a3d19", "", false},
	} {
		t.Run(v.name, func(t *testing.T) {
			sealed := v.sealed
			if v.key != "" {
				sealed = hex.EncodeToString(rightSeal(unhex(v.key), must(json.Marshal(newRecipe().pass))))
			}
			keys := simKeys()
			keys.Leaf = v.leaf
			report := applesim.Inspect(must(json.Marshal(members{"encryptedPassData": sealed, "ephemeralPublicKey": v.point, "activationData": base64Text([]byte(testTAV))})), keys)
			if got := outcomes(report); !got["pass_data_open"] || !got["pass_data_json"] || got["pass_data_members"] == v.passMissing {
				t.Errorf("fault %+v\n%v", report.FirstFault, report.Checks)
			}
			if report.Accepted == v.passMissing {
				t.Errorf("accepted is %v", report.Accepted)
			}
		})
	}
}

// V5 is a whole answer (computed for the reference with Go and with Python).
func TestWholeVectorOpens(t *testing.T) {
	const sealed = "kLuU7Ea0NLSGnEjlWeZ9Ly9XJmB5i+JIiGt62gpGwBnf6Fw2BAGXuFSMoJVYCzpVrjm2S8TYwXvH3BwhAI/5jEjuzVxVzWM9pfTM2i4++tPuIag578m6O7Np9+UGAin94VGrckGkUe1A2EjpFitv6UB12MBDaEWJEtZWLIsCz7RbaHZUmPufLOVLam06xSdSmQ0Vnd1LLYBEIB1OsfTRkA=="
	keys := simKeys()
	keys.Leaf = countingKey()
	answer := members{"encryptedPassData": hex.EncodeToString(must(base64.StdEncoding.DecodeString(sealed))), "ephemeralPublicKey": v1Point, "activationData": base64Text([]byte(testTAV))}
	report := applesim.Inspect(must(json.Marshal(answer)), keys)
	_, e, _ := report.Enrolment()
	if !report.Accepted || report.FirstFault != nil || e.Card.Number.Clear() != testPAN || e.Card.ExpiryMMYY != "1129" || e.Nonce != testNonce {
		t.Errorf("fault %+v, enrolment %+v", report.FirstFault, e)
	}
}

// Node's crypto makes an answer; it shares nothing with Go.
func TestNodeMakesAnAnswerThatOpens(t *testing.T) {
	node := oracle.NeedNode(t)
	input := must(json.Marshal(members{"leaf": hex.EncodeToString(leafKey().PublicKey().Bytes()), "pass": newRecipe().pass, "activation": testTAV}))
	answer := node.Run(t, input, filepath.Join("testdata", "seal.mjs"))
	if report := applesim.Inspect(answer, simKeys()); !report.Accepted || report.FirstFault != nil {
		t.Errorf("fault %+v\n%v", report.FirstFault, report.Checks)
	}
}
