package server

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/activation"
	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/provisioning"
)

func TestExampleConfigurationCanBeBuilt(t *testing.T) {
	settings, err := config.Load("../config/testdata/walletport.yaml")
	must(t, err)
	if err := (offers{settings}).offerWallets(&provisioning.Flow{}); err != nil {
		t.Errorf("its wallets cannot be built: %v", err)
	}
	if err := (offers{settings}).offerActivation(&activation.Flow{}); err != nil {
		t.Errorf("its activation cannot be built: %v", err)
	}
}

func TestNeededPurposesAreThoseOfWhatIsOffered(t *testing.T) {
	always := []keys.Purpose{keys.VaultKEK, keys.VaultIndex, keys.AuditCheckpoint}
	for _, c := range []struct {
		name   string
		offer  func(*config.Config)
		needed []keys.Purpose
	}{
		{"nothing offered", func(*config.Config) {}, nil},
		{"an issuer wallet", func(c *config.Config) { c.WalletProviders = []config.WalletProvider{{ID: "w"}} }, []keys.Purpose{keys.MDESEncryption, keys.TAVSigning}},
		{"Apple Pay for Mastercard", func(c *config.Config) { c.Wallets.ApplePay.Mastercard.Enabled = true }, []keys.Purpose{keys.TAVSigning}},
		{"Apple Pay for Visa", func(c *config.Config) { c.Wallets.ApplePay.Visa.Enabled = true }, []keys.Purpose{keys.WSD}},
		{"Google Pay for Mastercard", func(c *config.Config) { c.Wallets.GooglePay.Mastercard.Enabled = true }, []keys.Purpose{keys.TAVSigning, keys.MDESEncryption}},
		{"Google Pay and Samsung Pay for Visa", func(c *config.Config) {
			c.Wallets.GooglePay.Visa.Enabled, c.Wallets.SamsungPay.Visa.Enabled = true, true
		}, []keys.Purpose{keys.VTSPush}},
		{"activation", func(c *config.Config) { c.Activation.Mastercard.Enabled, c.Activation.Visa.Enabled = true, true }, []keys.Purpose{keys.TAVSigning, keys.WSD}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var settings config.Config
			c.offer(&settings)
			needed, _ := offers{settings}.neededPurposes()
			if diff := cmp.Diff(append(always[:3:3], c.needed...), needed); diff != "" {
				t.Errorf("needed purposes (-want +got):\n%s", diff)
			}
		})
	}
}
