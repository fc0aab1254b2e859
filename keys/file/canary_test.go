package file_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/keys/keystest"
)

// shows reports whether text holds the secret in a form that a print would give it:
// as it is, hex, a list of numbers, one large number, or base64 of something that
// holds it.
func shows(text string, secret []byte) bool {
	forms := []string{
		string(secret), strings.Trim(fmt.Sprintf("%d", secret), "[]"), new(big.Int).SetBytes(secret).String(),
		hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret)),
	}
	for shift := range 3 {
		part := secret[shift : shift+(len(secret)-shift)/3*3]
		forms = append(forms, base64.StdEncoding.EncodeToString(part), base64.URLEncoding.EncodeToString(part))
	}
	text = strings.ReplaceAll(text, "\n", "")
	return slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) })
}

func TestShowsFindsEveryForm(t *testing.T) {
	secret := []byte("CANARY-wsd-bytes")
	for name, text := range map[string]string{
		"as it is":         "x" + string(secret) + "x",
		"in hex":           fmt.Sprintf("%x %X", "-", secret),
		"as numbers":       fmt.Sprintf("%v", struct{ b []byte }{secret}),
		"as a number":      new(big.Int).SetBytes(secret).String(),
		"in base64":        base64.StdEncoding.EncodeToString(secret),
		"deeper in base64": base64.StdEncoding.EncodeToString(append([]byte("ab"), secret...)),
	} {
		if !shows(text, secret) {
			t.Errorf("%s: not found in %s", name, text)
		}
	}
	if shows("CANARY-wsd", secret) {
		t.Errorf("it is found where it is not")
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	shared := []byte("CANARY-shared-secret-0123456789abcdefghi")
	wsd := []byte("CANARY-wsd-bytes")
	signing := privateOf(t, keystest.OPCSigningKey(t))
	private, ok := keystest.OPCSigningKey(t).PrivateKey.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		t.Fatal("the OpenPGP key is not RSA")
	}
	exponent := private.D.Bytes()
	if !bytes.Contains(signing, exponent) {
		t.Fatal("the private exponent is not where the test looks")
	}
	for _, c := range []struct {
		name   string
		spec   file.Spec
		data   []byte
		canary []byte
	}{
		{"a shared secret", file.Spec{Purpose: keys.VTSPush, Alias: keystest.VTSKeyID}, shared, shared},
		{"a WSD key", file.Spec{Purpose: keys.WSD, Alias: keystest.WSDKeySet}, []byte(hex.EncodeToString(wsd)), wsd},
		{"an opc-signing key", file.Spec{Purpose: keys.OPCSigning}, signing, exponent},
		{"a shared secret with a line break within", file.Spec{Purpose: keys.VTSPush, Alias: keystest.VTSKeyID}, append(bytes.Clone(shared), '\n', 'x'), shared},
		{"a WSD key in the wrong form", file.Spec{Purpose: keys.WSD, Alias: keystest.WSDKeySet}, wsd, wsd},
		{"an opc-signing key that is cut", file.Spec{Purpose: keys.OPCSigning}, signing[:len(signing)-50], exponent},
		{"an opc-signing key as shared secret", file.Spec{Purpose: keys.VTSPush, Alias: keystest.VTSKeyID}, signing, exponent},
		{"a shared secret as opc-signing key", file.Spec{Purpose: keys.OPCSigning}, shared, shared},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := newConfig(t)
			var log bytes.Buffer
			config.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			s, err := file.Create(config)
			must(t, err)
			meta, err := s.Import(c.spec, c.data, nil)
			for cause := err; cause != nil; cause = errors.Unwrap(cause) {
				log.WriteString(cause.Error())
			}
			s.Refresh()
			if sealed, err := os.ReadFile(config.Path); err == nil {
				log.Write(sealed)
			}
			k, _ := s.Current().ByID(meta.ID)
			for _, printed := range []any{meta, k, s, s.Current(), err} {
				fmt.Fprintf(&log, "%v %+v %#v\n", printed, printed, printed)
				encoded, _ := json.Marshal(printed)
				log.Write(encoded)
			}
			if err == nil {
				exported, _ := s.ExportPublic(meta.ID)
				log.Write(exported)
			}
			if shows(log.String(), c.canary) {
				t.Errorf("the secret is in what was printed")
			}
		})
	}
}
