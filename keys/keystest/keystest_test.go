package keystest_test

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/walletport/walletport/keys/keystest"
)

func TestRingKeepsTheContract(t *testing.T) {
	keystest.Run(t, keystest.NewSource(keystest.Ring(t)), time.Now())
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
		if !keystest.Shows(text, secret) {
			t.Errorf("%s: not found in %s", name, text)
		}
	}
	if keystest.Shows("CANARY-wsd", secret) {
		t.Errorf("it is found where it is not")
	}
}
