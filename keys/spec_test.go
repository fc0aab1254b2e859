package keys_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport/keys"
)

func TestTheAliasFitsTheTAV(t *testing.T) {
	for alias, reason := range map[string]string{"": "", "U+002D": "", "KEYALIAS10": "", "KEYALIAS-11": "key_alias", "A/B": "key_alias", `A"B`: "key_alias"} {
		err := keys.Spec{Purpose: keys.TAVSigning, Alias: alias}.Validate()
		if reason == "" {
			must(t, err)
			continue
		}
		wantReason(t, err, reason)
		if !strings.Contains(err.Error(), "TAV 4") || !strings.Contains(err.Error(), "10 letters") {
			t.Errorf("the error does not name version and limit: %v", err)
		}
	}
}

func TestSpecIsValidated(t *testing.T) {
	for _, c := range []struct {
		name   string
		spec   keys.Spec
		reason string
	}{
		{"a good one", keys.Spec{Purpose: keys.VaultKEK, Issuer: "acme", BINs: []keys.BINRange{{Low: "520424", High: "520499"}}, Alias: "KUR-1"}, ""},
		{"an unknown purpose", keys.Spec{Purpose: "tap-to-pay"}, "key_purpose"},
		{"a malformed issuer", keys.Spec{Purpose: keys.VaultKEK, Issuer: "a/b"}, "issuer_malformed"},
		{"a malformed BIN range", keys.Spec{Purpose: keys.VaultKEK, BINs: []keys.BINRange{{Low: "5"}}}, "bin_range"},
		{"a client certificate for one issuer", keys.Spec{Purpose: keys.MDESTLS, Issuer: "acme"}, "key_not_of_cards"},
		{"a client certificate for some BINs", keys.Spec{Purpose: keys.VTSTLS, BINs: []keys.BINRange{{Low: "401200", High: "401299"}}}, "key_not_of_cards"},
		{"a client certificate for all", keys.Spec{Purpose: keys.VTSTLS}, ""},
		{"a blank in an alias", keys.Spec{Purpose: keys.VaultKEK, Alias: "a b"}, "key_alias"},
		{"a long scheme fingerprint", keys.Spec{Purpose: keys.VaultKEK, SchemeFingerprint: strings.Repeat("a", 65)}, "key_alias"},
		{"a card number as alias", keys.Spec{Purpose: keys.VaultKEK, Alias: "5204-2477-5000-1471"}, "key_alias"},
		{"a shared secret without its id", keys.Spec{Purpose: keys.VTSPush}, "key_alias"},
		{"a shared secret with an id that JSON would escape", keys.Spec{Purpose: keys.VTSPush, Alias: `k"1`}, "key_alias"},
		{"a key for requests without its consumer key", keys.Spec{Purpose: keys.MDESOAuth}, "key_alias"},
		{"a key for requests with its client id alone", keys.Spec{Purpose: keys.MDESOAuth, Alias: "TESTCONSUMER"}, "key_alias"},
		{"a consumer key that would end a quoted text", keys.Spec{Purpose: keys.MDESOAuth, Alias: `a",b="c!ab`}, "key_alias"},
		{"a client id that is a card number", keys.Spec{Purpose: keys.MDESOAuth, Alias: "5204247750001471!ab"}, "key_alias"},
		{"a consumer key whose second part reads like a card number", keys.Spec{Purpose: keys.MDESOAuth, Alias: "TESTCONSUMER!5204247750001471"}, ""},
		{"a consumer key of 113 characters", keys.Spec{Purpose: keys.MDESOAuth, Alias: "TESTCONSUMER-abcdefghijklmnopqrstuvwxyz_01234567!" + strings.Repeat("4f3a2b1c", 6) + strings.Repeat("0", 16)}, ""},
		{"a fingerprint that is a card number", keys.Spec{Purpose: keys.MDESOAuth, Alias: "TESTCONSUMER!ab", SchemeFingerprint: "5204-2477-5000-1471"}, "key_alias"},
		{"an API secret without its API key", keys.Spec{Purpose: keys.VTSAPI}, "key_alias"},
		{"an API secret with an API key that an address would escape", keys.Spec{Purpose: keys.VTSAPI, Alias: "a&b"}, "key_alias"},
		{"an API secret with its API key", keys.Spec{Purpose: keys.VTSAPI, Alias: "XKVX5IG55CY1Q3AUGBKA11m_U4dvoaQ9UsgyDILjB3TzjBbe8"}, ""},
		{"a Click to Pay secret without its API key", keys.Spec{Purpose: keys.ClickToPayAPI}, "key_alias"},
		{"a Click to Pay secret with an API key that an address would escape", keys.Spec{Purpose: keys.ClickToPayAPI, Alias: "a&b"}, "key_alias"},
		{"a Click to Pay secret with its API key", keys.Spec{Purpose: keys.ClickToPayAPI, Alias: "XKVX5IG55CY1Q3AUGBKA11m_U4dvoaQ9UsgyDILjB3TzjBbe8"}, ""},
		{"a login without its user", keys.Spec{Purpose: keys.ClickToPayLogin}, "key_alias"},
		{"a login with a user that would end early", keys.Spec{Purpose: keys.ClickToPayLogin, Alias: "a:b"}, "key_alias"},
		{"a login with its user", keys.Spec{Purpose: keys.ClickToPayLogin, Alias: "UX2QNGY8U67F1BDQW3BP21"}, ""},
		{"Visa's key of Click to Pay without its kid", keys.Spec{Purpose: keys.ClickToPayEncryption}, "key_alias"},
		{"a pair of Click to Pay without its kid", keys.Spec{Purpose: keys.ClickToPayDecryption}, "key_alias"},
		{"a client certificate of Click to Pay for one issuer", keys.Spec{Purpose: keys.ClickToPayTLS, Issuer: "acme"}, "key_not_of_cards"},
		{"a key to verify by without its kid", keys.Spec{Purpose: keys.VTSVerification}, "key_alias"},
		{"a key to seal to with a kid that JSON would escape", keys.Spec{Purpose: keys.VTSEncryption, Alias: `k\1`}, "key_alias"},
		{"a decryption key with its kid", keys.Spec{Purpose: keys.VTSDecryption, Alias: "715EA257"}, ""},
		{"a WSD key without its key set", keys.Spec{Purpose: keys.WSD, Alias: "4012000.1"}, "key_alias"},
		{"a WSD key with its key set", keys.Spec{Purpose: keys.WSD, Alias: "401200.1"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantReason(t, c.spec.Validate(), c.reason) })
	}
}
