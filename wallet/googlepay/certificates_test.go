package googlepay

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/walletport/walletport/seal"
)

// In the package, for what is remembered does not show from outside.
func TestCertificatesAreReadOnce(t *testing.T) {
	config := &packet.Config{Rand: rand.Reader, Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048, Time: func() time.Time { return time.Unix(1_767_225_600, 0) }}
	entity, err := openpgp.NewEntity("Google", "test only", "", config)
	if err != nil {
		t.Fatal(err)
	}
	var binary bytes.Buffer
	if err := entity.Serialize(&binary); err != nil {
		t.Fatal(err)
	}
	var c certificates
	first, err := c.parse(binary.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.parse(bytes.Clone(binary.Bytes())); err != nil || again != first {
		t.Errorf("the same bytes were read again, error %v", err)
	}
	if _, err := c.parse([]byte("none")); err == nil || len(*c.known.Load()) != 1 {
		t.Errorf("error %v, %d remembered", err, len(*c.known.Load()))
	}
}

func TestCertificatesDoNotPileUp(t *testing.T) {
	var c certificates
	for i := range 3 * maxCertificates {
		c.remember(fmt.Sprint(i), &seal.OpenPGPCertificate{})
		if n := len(*c.known.Load()); n > maxCertificates {
			t.Fatalf("%d are remembered", n)
		}
	}
}
