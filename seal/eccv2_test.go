package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/walletport/walletport/seal"
)

// appleTestLeaf is the public point of Apple's test leaf certificate, which the
// public vectors V1 and V2 are made to.
const appleTestLeaf = "042e3e5ccf6b9ab04be7a22f3faccfde73c87e87155394a34815408a896ca18a374dac669af3bf6220fc863767f4af47507c5bc221fc4a19874daf39b4074e3eb8"

// countingLeaf is a leaf whose private scalar is the bytes 01 02 ... 20 (V3 to V6).
func countingLeaf() *ecdh.PrivateKey {
	scalar := make([]byte, 32)
	for i := range scalar {
		scalar[i] = byte(i + 1)
	}
	return mustP256(scalar)
}

func mustP256(scalar []byte) *ecdh.PrivateKey {
	key, err := ecdh.P256().NewPrivateKey(scalar)
	if err != nil {
		panic(err)
	}
	return key
}

// smallKey is the private key of that number.
func smallKey(n int64) *ecdh.PrivateKey { return mustP256(big.NewInt(n).FillBytes(make([]byte, 32))) }

func mustUnhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustSealECCV2(t testing.TB, ephemeral *ecdh.PrivateKey, leaf *ecdh.PublicKey, plaintext []byte) []byte {
	t.Helper()
	sealed, err := seal.SealECCV2(ephemeral, leaf, plaintext)
	if err != nil {
		t.Fatalf("SealECCV2: %v", err)
	}
	return sealed
}

// openGCM opens with a key that the test was given, and 12 zero bytes.
func openGCM(t testing.TB, key, sealed []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	plaintext, err := gcm.Open(nil, make([]byte, 12), sealed, nil)
	if err != nil {
		t.Fatalf("the vector's key does not open it: %v", err)
	}
	return plaintext
}

// V1 is public whole: key pair, shared secret, key, plaintext, ciphertext.
func TestECCV2PublishedVector(t *testing.T) {
	leaf, err := ecdh.P256().NewPublicKey(mustUnhex(t, appleTestLeaf))
	if err != nil {
		t.Fatal(err)
	}
	ephemeral := mustP256(mustUnhex(t, "7eee47dee108a08edd2bcd2bb762a543ca23ea96c9af09ad54beb9fa3ce1a026"))
	got := mustSealECCV2(t, ephemeral, leaf, []byte(`{"Parameter1":"Value1","Parameter2":"Value2","Parameter3":"Value3"}`))
	const want = "e3ef6ba2ffa05b6985fe129e3cb6845c4ea1e94ae98d31a538a4e24906fb720d764d640894cd9de7cec00114396651a1ccaedcf480c57a959e925c04492b9cf85fc711fab3cbed10dc2ba99a2bb063ceff8de1"
	if hex.EncodeToString(got) != want {
		t.Errorf("sealed %x\nwant   %s", got, want)
	}
}

// V5 was made with Go and Python.
func TestECCV2RoundTripVector(t *testing.T) {
	ephemeral := mustP256(mustUnhex(t, "7eee47dee108a08edd2bcd2bb762a543ca23ea96c9af09ad54beb9fa3ce1a026"))
	plaintext := `{"primaryAccountNumber":"5204247750001471","expiration":"11/29","name":"Test Cardholder","nonce":"75ebe155","nonceSignature":"40ea0aca07dabe17"}`
	got := mustSealECCV2(t, ephemeral, countingLeaf().PublicKey(), []byte(plaintext))
	const want = "kLuU7Ea0NLSGnEjlWeZ9Ly9XJmB5i+JIiGt62gpGwBnf6Fw2BAGXuFSMoJVYCzpVrjm2S8TYwXvH3BwhAI/5jEjuzVxVzWM9pfTM2i4++tPuIag578m6O7Np9+UGAin94VGrckGkUe1A2EjpFitv6UB12MBDaEWJEtZWLIsCz7RbaHZUmPufLOVLam06xSdSmQ0Vnd1LLYBEIB1OsfTRkA=="
	if base64.StdEncoding.EncodeToString(got) != want {
		t.Error("the ciphertext is not the vector's")
	}
	if point := base64.StdEncoding.EncodeToString(ephemeral.PublicKey().Bytes()); point != "BJmm9C6D6k8VCnh4D/tWLJzbm3UHvF0oy/v4zD7wr2izbmDLENtpEngw9/iZSSAXCJ47c8g/zw698sBrYTw/iLc=" {
		t.Errorf("the ephemeral point is %s", point)
	}
}

// The vectors that give a key: V2 is public, the others were computed for numbers
// whose leading zero byte must not get lost.
func TestECCV2KeyVectors(t *testing.T) {
	leafOfV2, err := ecdh.P256().NewPublicKey(mustUnhex(t, appleTestLeaf))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		ephemeral  *ecdh.PrivateKey
		leaf       *ecdh.PublicKey
		point, key string
	}{
		{"V2", mustP256(mustUnhex(t, "42f083488ff1481b052c94e462fcdf1259c336dcb65090466c9dd27bbd829fb4")), leafOfV2,
			"04e0e5905b80045623dee88ccf1a35e70afaf0ca92f039d64a8af20979c331157273fb782f02e6967e0d9b7383dcd613f01c312cd2ebbbf577d91d272d5ebf94f6",
			"cbea13e6d369b34ba955958ec33d1d0a93465311c5ec0684f5a998bc5704d066"},
		{"V3, X starts with zero", smallKey(379), countingLeaf().PublicKey(),
			"04005543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00abb4c85a3d8ea29efaafa24406912dd84d5b14dc32bf656ef6c6bd58a5d943f92",
			"4581081b43d1b564a1ca81030483a829e0184140a2b25569e4cc3af52bb9e863"},
		{"V4, Y starts with zero", smallKey(43), countingLeaf().PublicKey(),
			"04986ae2506f1ff104d04230861d8f4b498f4bc4c6d009b30f7544dc129b82d28d003cccc0a6460e0ae328a4d97d3c7b61d86fc6289c189f2525110c441bb07e97",
			"43e10f2200732bc18a46ab5e9e6fc46ba7076fd6261a547fa23cf252a8c3869f"},
		{"V6, Z starts with zero", smallKey(242), countingLeaf().PublicKey(),
			"046cfa64a00d28e6149551b04f09a22ffc7cc74fd427067f14113851fdff684a9ca6e1d5871f75287a28f539ce0e5cbdbaec25cd15e14eb602db7611f18514011d",
			"f889c53c4ebecccfbd5408a6cb758276d80e14a2bd4bcccf6b00fe6a9d6a3d19"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if point := hex.EncodeToString(c.ephemeral.PublicKey().Bytes()); point != c.point {
				t.Errorf("ephemeral point %s, want %s", point, c.point)
			}
			sealed := mustSealECCV2(t, c.ephemeral, c.leaf, []byte(c.name))
			if got := openGCM(t, mustUnhex(t, c.key), sealed); string(got) != c.name {
				t.Errorf("the vector's key opens %q", got)
			}
		})
	}
}

// OpenSSL derives shared secret and key from the leaf's private key. Its command
// has no GCM, so that Go's opens the rest.
func TestOpenSSLDerivesTheKeyOfECCV2(t *testing.T) {
	leaf, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, ephemeral := range map[string]*ecdh.PrivateKey{
		"any key":  mustP256(mustUnhex(t, "7eee47dee108a08edd2bcd2bb762a543ca23ea96c9af09ad54beb9fa3ce1a026")),
		"X padded": smallKey(379), "Y padded": smallKey(43),
	} {
		t.Run(name, func(t *testing.T) {
			point := ephemeral.PublicKey().Bytes()
			shared := mustOpenSSL(t, nil, "pkeyutl", "-derive", "-inkey", mustWriteECKey(t, leaf), "-peerkey", mustWriteECPoint(t, ephemeral.PublicKey()))
			otherInfo := append([]byte("\x0did-aes256-GCMApple"), point...)
			out := mustOpenSSL(t, nil, "kdf", "-keylen", "32", "-kdfopt", "digest:SHA2-256",
				"-kdfopt", "hexkey:"+hex.EncodeToString(shared), "-kdfopt", "hexinfo:"+hex.EncodeToString(otherInfo), "SSKDF")
			key := mustUnhex(t, strings.ReplaceAll(strings.TrimSpace(string(out)), ":", ""))
			sealed := mustSealECCV2(t, ephemeral, leaf.PublicKey(), []byte("read with a key of openssl"))
			if got := openGCM(t, key, sealed); string(got) != "read with a key of openssl" {
				t.Errorf("opened %q", got)
			}
		})
	}
}

func mustWriteECKey(t *testing.T, key *ecdh.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return mustWritePEM(t, "PRIVATE KEY", der)
}

func mustWriteECPoint(t *testing.T, key *ecdh.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return mustWritePEM(t, "PUBLIC KEY", der)
}

func mustWritePEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestECCV2IsPure(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		plaintext := rapid.SliceOf(rapid.Byte()).Draw(r, "plaintext")
		before := bytes.Clone(plaintext)
		ephemeral := smallKey(rapid.Int64Range(1, 1<<40).Draw(r, "ephemeral"))
		first := mustSealECCV2(t, ephemeral, countingLeaf().PublicKey(), plaintext)
		if !bytes.Equal(first, mustSealECCV2(t, ephemeral, countingLeaf().PublicKey(), plaintext)) {
			r.Error("two calls differ")
		}
		if !bytes.Equal(plaintext, before) {
			r.Error("the plaintext was changed")
		}
		if len(first) != len(plaintext)+16 {
			r.Errorf("%d bytes became %d", len(plaintext), len(first))
		}
	})
}

func TestECCV2RefusesOtherKeys(t *testing.T) {
	p384, err := ecdh.P384().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		ephemeral *ecdh.PrivateKey
		leaf      *ecdh.PublicKey
	}{
		{"no ephemeral key", nil, countingLeaf().PublicKey()},
		{"no leaf", smallKey(43), nil},
		{"an ephemeral key on P-384", p384, countingLeaf().PublicKey()},
		{"a leaf on P-384", smallKey(43), p384.PublicKey()},
		{"both on P-384", p384, p384.PublicKey()},
	} {
		t.Run(c.name, func(t *testing.T) {
			if sealed, err := seal.SealECCV2(c.ephemeral, c.leaf, []byte("x")); err == nil {
				t.Errorf("SealECCV2 gave %x", sealed)
			}
		})
	}
}
