package customerservice_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
	"github.com/walletport/walletport/scheme/mdes/customerservice"
)

const wantObject = `{"CurrentAccount":{"AccountPan":"` + testPAN + `"}}`

// sealedAccount is EncryptedAccountInformation as a stranger would read it.
type sealedAccount struct {
	EncryptedData        string
	PublicKeyFingerprint string
	EncryptedKey         string
	OaepHashingAlgorithm string
	Iv                   string
	AlgorithmCipherMode  string `json:"algorithmCipherMode"`
	Tag                  string `json:"tag"`
	AAD                  string `json:"aad"`
}

func mustSealedAccount(t *testing.T, change func(*customerservice.Config)) sealedAccount {
	t.Helper()
	var body struct {
		SearchRequest struct{ EncryptedAccountInformation sealedAccount }
	}
	query := must[scheme.Query[scheme.TokenPage]](t)(mustMessages(t, change).CardTokens(cardInput(t)))
	text := mustBody(t, query.Request)
	if strings.Contains(string(text), testPAN) {
		t.Fatal("the request has the card number in clear")
	}
	if err := json.Unmarshal(text, &body); err != nil {
		t.Fatal(err)
	}
	return body.SearchRequest.EncryptedAccountInformation
}

func mustFile(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustHex(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpenSSLOpensWhatWeSearchFor(t *testing.T) {
	openssl := oracle.Need(t, "openssl")
	for _, c := range []struct {
		hash mdes.KeyWrapping
		bits int
		name string
	}{{mdes.SHA256, 128, "aes-128-cbc"}, {mdes.SHA512, 256, "aes-256-cbc"}} {
		sealed := mustSealedAccount(t, func(config *customerservice.Config) { config.Profile.OAEPHash, config.Profile.AESBits = c.hash, c.bits })
		md := strings.ToLower(string(c.hash))
		key := openssl.Run(t, mustHex(t, sealed.EncryptedKey), "pkeyutl", "-decrypt", "-inkey", mustFile(t, mastercard().privatePEM()),
			"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:"+md, "-pkeyopt", "rsa_mgf1_md:"+md)
		got := openssl.Run(t, mustHex(t, sealed.EncryptedData), "enc", "-d", "-"+c.name, "-K", hex.EncodeToString(key), "-iv", sealed.Iv)
		if string(got) != wantObject || sealed.OaepHashingAlgorithm != string(c.hash) || sealed.AlgorithmCipherMode != "" || sealed.Tag != "" {
			t.Errorf("%s: openssl read something else than the card, or %+v says another way", c.name, sealed)
		}
	}
}

// openWithNode decrypts GCM, which the openssl command does not.
const openWithNode = `
const crypto = require("node:crypto"), input = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const hex = (text) => Buffer.from(text, "hex");
const key = crypto.privateDecrypt({ key: input.key, oaepHash: "sha256" }, hex(input.sealed.EncryptedKey));
const open = crypto.createDecipheriv("aes-128-gcm", key, hex(input.sealed.Iv));
open.setAAD(hex(input.sealed.aad));
open.setAuthTag(hex(input.sealed.tag));
process.stdout.write(Buffer.concat([open.update(hex(input.sealed.EncryptedData)), open.final()]));
`

func TestNodeOpensWhatWeSearchForWithGCM(t *testing.T) {
	node := oracle.Need(t, "node")
	sealed := mustSealedAccount(t, func(c *customerservice.Config) { c.Profile.CipherMode = mdes.GCM })
	input, err := json.Marshal(map[string]any{"key": string(mastercard().privatePEM()), "sealed": sealed})
	if err != nil {
		t.Fatal(err)
	}
	if got := node.Run(t, input, "-e", openWithNode); string(got) != wantObject {
		t.Error("node read something else than the card")
	}
	if sealed.AlgorithmCipherMode != "GCM" || len(sealed.Iv) != 24 || len(sealed.Tag) != 32 || len(sealed.AAD) == 0 || len(sealed.AAD) > 36 {
		t.Errorf("members of GCM: %+v", sealed)
	}
}

// TestMastercardsLibraryOpensWhatWeSearchFor: the members have its names in another case.
func TestMastercardsLibraryOpensWhatWeSearchFor(t *testing.T) {
	node := oracle.NeedNode(t, "mastercard-client-encryption")
	sealed := mustSealedAccount(t, nil)
	input, err := json.Marshal(map[string]any{
		"certificate": string(mastercard().certificatePEM()),
		"privateKey":  string(mastercard().privatePEM()),
		"requests": []any{map[string]any{"op": "decrypt", "payload": map[string]string{
			"encryptedData": sealed.EncryptedData, "encryptedKey": sealed.EncryptedKey, "iv": sealed.Iv,
			"oaepHashingAlgorithm": sealed.OaepHashingAlgorithm, "publicKeyFingerprint": sealed.PublicKeyFingerprint,
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var answers []struct {
		Data  json.RawMessage
		Error string
	}
	if err := json.Unmarshal(node.Run(t, input, filepath.Join(oracle.Dir(t), "field-level.js")), &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) != 1 || string(answers[0].Data) != wantObject {
		t.Errorf("the library says %+v", answers)
	}
}

func TestOpenSSLVerifiesOurSignature(t *testing.T) {
	openssl := oracle.Need(t, "openssl")
	request, err := must[scheme.Query[scheme.Token]](t)(mustMessages(t, nil).Token(tokenInput())).Request(testNow, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var parameters []string
	var signature []byte
	for _, m := range regexp.MustCompile(`(oauth_[a-z_]+)="([^"]*)"`).FindAllStringSubmatch(request.Header["Authorization"], -1) {
		if m[1] != "oauth_signature" {
			parameters = append(parameters, m[1]+"="+m[2])
			continue
		}
		text, err := url.PathUnescape(m[2])
		if err != nil {
			t.Fatal(err)
		}
		if signature, err = base64.StdEncoding.DecodeString(text); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(parameters)
	hash := base64.StdEncoding.EncodeToString(openssl.Run(t, request.Body, "dgst", "-sha256", "-binary"))
	if !slices.Contains(parameters, "oauth_body_hash="+hash) {
		t.Errorf("%v does not have the hash %s of the body that is sent", parameters, hash)
	}
	message := "POST&" + url.QueryEscape(request.URL) + "&" + url.QueryEscape(strings.Join(parameters, "&"))
	out := openssl.Run(t, []byte(message), "dgst", "-sha256", "-verify", mustFile(t, issuer().publicPEM()), "-signature", mustFile(t, signature))
	if string(out) != "Verified OK\n" {
		t.Errorf("openssl says %q", out)
	}
}
