package file_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/keys/file"
	"github.com/walletport/walletport/keys/keystest"
	"github.com/walletport/walletport/keys/material"
)

func TestNoSecretIsPrinted(t *testing.T) {
	shared := []byte("CANARY-shared-secret-0123456789abcdefghi")
	wsd := []byte("CANARY-wsd-bytes")
	signing := keystest.OpenPGPPrivate(t, keystest.OPCSigningKey(t))
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
		spec   keys.Spec
		data   []byte
		canary []byte
	}{
		{"a shared secret", keys.Spec{Purpose: keys.VTSPush, Alias: keystest.VTSKeyID}, shared, shared},
		{"a WSD key", keys.Spec{Purpose: keys.WSD, Alias: keystest.WSDKeySet}, []byte(hex.EncodeToString(wsd)), wsd},
		{"an opc-signing key", keys.Spec{Purpose: keys.OPCSigning}, signing, exponent},
		{"a shared secret with a line break within", keys.Spec{Purpose: keys.VTSPush, Alias: keystest.VTSKeyID}, append(bytes.Clone(shared), '\n', 'x'), shared},
		{"a WSD key in the wrong form", keys.Spec{Purpose: keys.WSD, Alias: keystest.WSDKeySet}, wsd, wsd},
		{"an opc-signing key that is cut", keys.Spec{Purpose: keys.OPCSigning}, signing[:len(signing)-50], exponent},
		{"an opc-signing key as shared secret", keys.Spec{Purpose: keys.VTSPush, Alias: keystest.VTSKeyID}, signing, exponent},
		{"a shared secret as opc-signing key", keys.Spec{Purpose: keys.OPCSigning}, shared, shared},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := newConfig(t)
			var log bytes.Buffer
			config.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			s, err := file.Create(config)
			must(t, err)
			meta, err := s.Import(t.Context(), c.spec, c.data, nil)
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
				exported, _ := material.ExportPublic(k)
				log.Write(exported)
			}
			if keystest.Shows(log.String(), c.canary) {
				t.Errorf("the secret is in what was printed")
			}
		})
	}
}
