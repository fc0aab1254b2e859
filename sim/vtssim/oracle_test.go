package vtssim_test

import (
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/walletport/walletport/oracle"
	"github.com/walletport/walletport/sim/vtssim"
)

func TestPushMadeByJose(t *testing.T) {
	node := oracle.NeedNode(t, "jose")
	for name, header := range map[string]members{
		"all members": {"alg": "A256GCMKW", "enc": "A256GCM", "typ": "JOSE", "kid": testKid, "channelSecurityContext": "SHARED_SECRET", "iat": testNow.Unix()},
		"as few members as Visa's own samples have": {"kid": testKid, "enc": "A256GCM", "alg": "A256GCMKW"},
	} {
		t.Run(name, func(t *testing.T) {
			request := must(json.Marshal(members{"header": header, "secret": testSecret, "plaintext": string(must(json.Marshal(newPush().card())))}))
			jwe := node.Run(t, request, filepath.Join(oracle.Dir(t), "push.mjs"))
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
	return strings.ToUpper(hex.EncodeToString(oracle.Need(t, "openssl").Run(t, []byte(block), args...)))
}

func TestStringsMadeByOpenSSL(t *testing.T) {
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
