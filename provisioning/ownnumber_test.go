package provisioning_test

import (
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act/acttest"
	"github.com/walletport/walletport/provisioning"
)

func TestIdentifiersAreSearchedForTheCardsOwnNumber(t *testing.T) {
	d := newDeviceRig(t)
	for reason, put := range map[string]func(*provisioning.Client, string){
		"client_app_id_contains_pan":            func(c *provisioning.Client, id string) { c.AppID = id },
		"client_device_id_contains_pan":         func(c *provisioning.Client, id string) { c.DeviceID = id },
		"client_wallet_account_id_contains_pan": func(c *provisioning.Client, id string) { c.WalletAccountID = id },
	} {
		for card, digits := range map[walletport.CardID]string{acmeCard: testPAN, visaCard: visaPAN} {
			for _, id := range acttest.HiddenNumbers(digits) {
				if len(id) > 36 {
					continue
				}
				client := provisioning.Client{}
				put(&client, id)
				google, err := d.googlePay(acttest.AsBank(t.Context()), card, func(r *provisioning.PushRequest) { r.Client = client })
				mustRefusal(t, google, err, walletport.CodeInvalid, reason)
				samsung, err := d.samsungPay(acttest.AsBank(t.Context()), card, func(r *provisioning.PushRequest) { r.Client = client })
				mustRefusal(t, samsung, err, walletport.CodeInvalid, reason)
			}
			client := provisioning.Client{}
			put(&client, "user"+secondPAN) // of another card, or a chance
			if _, err := d.samsungPay(acttest.AsBank(t.Context()), card, func(r *provisioning.PushRequest) { r.Client = client }); err != nil {
				t.Errorf("another number in an identifier: %v", err)
			}
		}
	}
	if d.seen.borrows != 2*3 { // for the calls that were answered
		t.Errorf("%d cards were opened", d.seen.borrows)
	}
}
