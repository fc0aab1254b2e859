package mdes_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

// TestCheckClientTakesAnyClient: MDES is sent no id of a client, so none can be wrong, and the
// card is sealed for each.
func TestCheckClientTakesAnyClient(t *testing.T) {
	for _, c := range []struct {
		name   string
		client scheme.Client
	}{
		{"none", scheme.Client{}},
		{"ids as Visa wants them", scheme.Client{TokenRequestorID: "40010075338", AppID: "issuerapp", DeviceID: "deviceHardwareId00000001", WalletAccountID: "walletAccount00000000001"}},
		{"ids that Visa refuses", scheme.Client{TokenRequestorID: "/", AppID: "a/b", DeviceID: "a\x00", WalletAccountID: strings.Repeat("a", 1000)}},
		{"a card number", scheme.Client{DeviceID: testPAN}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := testInput(t)
			in.Client = c.client
			if err := mustSealer(t, mdes.DefaultProfile()).CheckClient(c.client); err != nil {
				t.Errorf("it is refused: %v", err)
			}
			if iidd := mustSealCard(t, mdes.DefaultProfile(), in); strings.Contains(mustPlaintext(t, iidd), "issuerapp") {
				t.Error("an id of the client is sealed")
			}
		})
	}
}
