package vtssim_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/sim/vtssim"
)

// needProgram skips a test whose independent maker is missing, or fails it where
// all of them are demanded.
func needProgram(t *testing.T, name string, files ...string) {
	t.Helper()
	_, err := exec.LookPath(name)
	for _, file := range files {
		if _, missing := os.Stat(file); missing != nil {
			err = missing
		}
	}
	switch {
	case err == nil:
	case os.Getenv("WALLETPORT_REQUIRE_ORACLES") == "1":
		t.Fatalf("required and missing: %v", err)
	default:
		t.Skipf("missing: %v", err)
	}
}

func TestPushMadeByJose(t *testing.T) {
	oracles := filepath.Join("..", "..", "oracle")
	needProgram(t, "node", filepath.Join(oracles, "node_modules", "jose"))
	script := must(os.ReadFile(filepath.Join("testdata", "seal.mjs")))
	for name, header := range map[string]members{
		"all members": {"alg": "A256GCMKW", "enc": "A256GCM", "typ": "JOSE", "kid": testKid, "channelSecurityContext": "SHARED_SECRET", "iat": testNow.Unix()},
		"as few members as Visa's own samples have": {"kid": testKid, "enc": "A256GCM", "alg": "A256GCMKW"},
	} {
		t.Run(name, func(t *testing.T) {
			request := must(json.Marshal(members{"header": header, "secret": testSecret, "plaintext": string(must(json.Marshal(newPush().card())))}))
			cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-", string(request))
			cmd.Dir, cmd.Stdin = oracles, bytes.NewReader(script)
			jwe, err := cmd.Output()
			if err != nil {
				t.Fatalf("node: %v", err)
			}
			report := vtssim.OpenPush(string(jwe), simKeys())
			if !report.Accepted || report.FirstFault != nil && report.FirstFault.Code != "iat_missing" {
				t.Errorf("refused: %+v", report.FirstFault)
			}
			mustNotShow(t, report, testPAN)
		})
	}
}

// openSSL encrypts a block, by a cipher of its legacy provider.
func openSSL(t *testing.T, name string, key []byte, block string) string {
	t.Helper()
	args := []string{"enc", "-" + name, "-provider", "legacy", "-provider", "default", "-nopad", "-K", hex.EncodeToString(key)}
	if !strings.HasSuffix(name, "ede") && !strings.HasSuffix(name, "ecb") {
		args = append(args, "-iv", "0000000000000000")
	}
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Stdin = strings.NewReader(block)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v", name, err)
	}
	return strings.ToUpper(hex.EncodeToString(out))
}

func TestStringsMadeByOpenSSL(t *testing.T) {
	needProgram(t, "openssl")
	v := mustVector[wsdVector](t, "wsd.json")
	for _, row := range v.Strings {
		t.Run(row.Name, func(t *testing.T) {
			block := row.Block
			head, _, _ := strings.Cut(row.Text, "-TDEA-")
			made := head + "-TDEA-" + openSSL(t, "des-ede-cbc", hexBytes(v.Key), block)
			if made != row.Text {
				t.Error("openssl makes another string of the vector's block")
			}
			checkWSDRow(t, v.keys(row.Nonce), made)
		})
	}
}

func TestCiphersOfOpenSSLAreTold(t *testing.T) {
	needProgram(t, "openssl")
	const block = "  abcd30nonce=91ab95b8;authcode=A1B2C3!!"
	for name, code := range map[string]string{"des-cbc": "wsd_single_des", "des-ecb": "wsd_single_des", "des-ede": "wsd_ecb"} {
		t.Run(name, func(t *testing.T) {
			key := testWSD
			if !strings.Contains(name, "ede") {
				key = key[:8]
			}
			checkNamed(t, vtssim.OpenMBPAC("MBPAC-1-FK-401200.1--TDEA-"+openSSL(t, name, key, block), simKeys()), code)
		})
	}
}
