package vts_test

import (
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/vts"
)

// TestCheckClientRefusesWithoutTheCard: a bad id is refused before a card is opened for it. That
// an id holds the card's number is SealCard's to see, who has it.
func TestCheckClientRefusesWithoutTheCard(t *testing.T) {
	onFile := profileWith(func(p *vts.Profile) { p.Intent = vts.PushOnFile })
	for _, c := range []struct {
		name    string
		profile vts.Profile
		change  func(*scheme.Client)
		reason  string // empty: it is taken
	}{
		{"good ids", vts.DefaultProfile(), func(*scheme.Client) {}, ""},
		{"no account", vts.DefaultProfile(), func(c *scheme.Client) { c.WalletAccountID = "" }, "client_wallet_account_id_missing"},
		{"no device", vts.DefaultProfile(), func(c *scheme.Client) { c.DeviceID = "" }, "client_device_id_missing"},
		{"no device for a card on file", onFile, func(c *scheme.Client) { c.DeviceID = "" }, ""},
		{"an app with a slash", vts.DefaultProfile(), func(c *scheme.Client) { c.AppID = "com.example/bank" }, "client_app_id_malformed"},
		{"a card number as the device", vts.DefaultProfile(), func(c *scheme.Client) { c.DeviceID = testPAN }, "client_device_id_contains_pan"},
		{"the number of some card in the app", vts.DefaultProfile(), func(c *scheme.Client) { c.AppID = "a" + testPAN + "f" }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sealer, err := vts.NewSealer(c.profile)
			if err != nil {
				t.Fatal(err)
			}
			client := testInput(t).Client
			c.change(&client)
			if err = sealer.CheckClient(client); c.reason != "" {
				mustRefuse(t, err, walletport.CodeInvalid, c.reason)
			} else if err != nil {
				t.Errorf("it is refused: %v", err)
			}
		})
	}
}
