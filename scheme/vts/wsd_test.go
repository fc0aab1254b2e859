package vts_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

func activate(t *testing.T, in scheme.ActivationInput) error {
	t.Helper()
	activator, err := vts.NewActivator(vts.DefaultProfile())
	if err != nil {
		t.Fatal(err)
	}
	mbpac, err := activator.ActivationData(in)
	if (mbpac == nil) != (err != nil) {
		t.Errorf("ActivationData gave %q and the error %v", mbpac, err)
	}
	return err
}

func TestActivationDataRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*scheme.ActivationInput)
		code   walletport.Code
		reason string
	}{
		{"no nonce", func(in *scheme.ActivationInput) { in.Nonce = nil }, walletport.CodeUnsupported, "nonce_required"},
		{"a nonce of 39 bytes", func(in *scheme.ActivationInput) { in.Nonce = make([]byte, 39) }, walletport.CodeInvalid, "nonce_too_long"},
		{"no key", func(in *scheme.ActivationInput) { in.Cipher.Key = nil }, walletport.CodeUnavailable, "key_unusable"},
		{"no key set", func(in *scheme.ActivationInput) { in.Cipher.KeyID = "" }, walletport.CodeUnavailable, "key_unusable"},
		{"a key set without an index", func(in *scheme.ActivationInput) { in.Cipher.KeyID = "401200." }, walletport.CodeUnavailable, "key_unusable"},
		{"a key set without a rule", func(in *scheme.ActivationInput) { in.Cipher.KeyID = ".1" }, walletport.CodeUnavailable, "key_unusable"},
		{"a key set with a hyphen", func(in *scheme.ActivationInput) { in.Cipher.KeyID = "APPLE-.1" }, walletport.CodeUnavailable, "key_unusable"},
		{"a key set of three parts", func(in *scheme.ActivationInput) { in.Cipher.KeyID = "401200.1.2" }, walletport.CodeUnavailable, "key_unusable"},
		{"a custodian that does not answer", func(in *scheme.ActivationInput) { in.Cipher.Key = broken{} }, walletport.CodeUnavailable, "sealing_unavailable"},
		{"no randomness", func(in *scheme.ActivationInput) { in.Rand = nil }, walletport.CodeInternal, "internal"},
		{"a random source that is dry before the authcode", func(in *scheme.ActivationInput) { in.Rand = bytes.NewReader(make([]byte, 5)) }, walletport.CodeInternal, "internal"},
		{"a random source that is dry before the header", func(in *scheme.ActivationInput) { in.Rand = bytes.NewReader(make([]byte, 9)) }, walletport.CodeInternal, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testActivation()
			c.change(&in)
			mustRefuse(t, activate(t, in), c.code, c.reason)
		})
	}
}

func TestSealNumberRefuses(t *testing.T) {
	sealer, err := vts.NewNumberSealer(vts.DefaultProfile())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*scheme.NumberInput)
		code   walletport.Code
		reason string
	}{
		{"no card", func(in *scheme.NumberInput) { in.Card = nil }, walletport.CodeForbidden, "card_data_unusable"},
		{"no expiry", func(in *scheme.NumberInput) { in.Card.Expiry = walletport.Expiry{} }, walletport.CodeForbidden, "card_data_unusable"},
		{"no key", func(in *scheme.NumberInput) { in.Cipher.Key = nil }, walletport.CodeUnavailable, "key_unusable"},
		{"a custodian that does not answer", func(in *scheme.NumberInput) { in.Cipher.Key = broken{} }, walletport.CodeUnavailable, "sealing_unavailable"},
		{"no time", func(in *scheme.NumberInput) { in.Now = time.Time{} }, walletport.CodeInternal, "internal"},
		{"no randomness", func(in *scheme.NumberInput) { in.Rand = nil }, walletport.CodeInternal, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testNumber(t)
			c.change(&in)
			mbpad, err := sealer.SealNumber(in)
			mustRefuse(t, err, c.code, c.reason)
			if mbpad != nil {
				t.Errorf("and the string %s", mbpad)
			}
		})
	}
}

func TestTwoStringsOfOneNonceDiffer(t *testing.T) {
	one, other := mustActivate(t, vts.DefaultProfile(), testActivation()), mustActivate(t, vts.DefaultProfile(), testActivation())
	if one == other {
		t.Error("the authcode and the header are not random")
	}
}

// Of all byte values in turn, each character comes out equally often: no more of
// them begin the alphabet than end it.
func TestDrawnCharactersAreUniform(t *testing.T) {
	for _, alphabet := range []string{vts.Base36, vts.Printable} {
		often := 256 / len(alphabet)
		drawn := make([]byte, often*len(alphabet))
		source := &io.LimitedReader{R: counting(), N: 512}
		if err := vts.DrawCharacters(source, drawn, alphabet); err != nil {
			t.Fatal(err)
		}
		for _, character := range alphabet {
			if n := strings.Count(string(drawn), string(character)); n != often {
				t.Errorf("%q comes %d times, want %d", character, n, often)
			}
		}
	}
}

// Bytes above the largest multiple of the alphabet's length are thrown away, and
// others drawn in their place.
func TestBytesThatWouldBiasAreDrawnAgain(t *testing.T) {
	drawn := make([]byte, 3)
	if err := vts.DrawCharacters(bytes.NewReader([]byte{252, 0, 255, 253, 251, 35}), drawn, vts.Base36); err != nil {
		t.Fatal(err)
	}
	if string(drawn) != "0ZZ" {
		t.Errorf("drew %q, want 0ZZ", drawn)
	}
}

func TestTheAlphabets(t *testing.T) {
	if len(vts.Printable) != '~'-'!'+1 || vts.Printable[0] != '!' {
		t.Errorf("the header's alphabet has %d characters, want those from ! to ~", len(vts.Printable))
	}
	for i := 1; i < len(vts.Printable); i++ {
		if vts.Printable[i] != vts.Printable[i-1]+1 {
			t.Errorf("%q stands after %q", vts.Printable[i], vts.Printable[i-1])
		}
	}
}
