package applepay_test

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/walletport/walletport/wallet/applepay"
)

func TestConfigValidate(t *testing.T) {
	for _, row := range []struct {
		name, problem string // problem is empty for a good configuration
		change        func(*applepay.Config)
	}{
		{"the default", "", func(*applepay.Config) {}},
		{"Visa's number encrypted, eight digits in clear", "", func(c *applepay.Config) { c.Visa.Form, c.Visa.PrefixDigits = applepay.EncryptedFPAN, 8 }},
		{"base64 for both", "", func(c *applepay.Config) { c.Mastercard.Encoding = applepay.Base64 }},
		{"a product type", "", func(c *applepay.Config) {
			c.Mastercard.ProductType, c.Mastercard.Version = "DEFAULT_MASTERCARD", "1"
		}},
		{"names without marker", "", func(c *applepay.Config) { c.SubCAMarker = false }},
		{"neither marker nor name", "sub_ca_names", func(c *applepay.Config) { c.SubCAMarker, c.SubCANames = false, nil }},
		{"an empty name", "sub_ca_names", func(c *applepay.Config) { c.SubCANames = []string{""} }},
		{"Mastercard's number encrypted", "mastercard.form", func(c *applepay.Config) { c.Mastercard.Form = applepay.EncryptedFPAN }},
		{"no encoding", "visa.encoding", func(c *applepay.Config) { c.Visa.Encoding = "" }},
		{"an unknown encoding", "mastercard.encoding", func(c *applepay.Config) { c.Mastercard.Encoding = "base64url" }},
		{"an unknown form", "visa.form", func(c *applepay.Config) { c.Visa.Form = "FPAN" }},
		{"five digits in clear", "visa.prefix_digits", func(c *applepay.Config) { c.Visa.PrefixDigits = 5 }},
		{"nine digits in clear", "visa.prefix_digits", func(c *applepay.Config) { c.Visa.PrefixDigits = 9 }},
		{"a product type with a line break", "mastercard.product_type", func(c *applepay.Config) { c.Mastercard.ProductType = "A\nB" }},
		{"a product type of 65 characters", "mastercard.product_type", func(c *applepay.Config) { c.Mastercard.ProductType = strings.Repeat("A", 65) }},
		{"a version beyond ASCII", "visa.version", func(c *applepay.Config) { c.Visa.Version = "é" }},
		{"the zero configuration", "mastercard.encoding", func(c *applepay.Config) { *c = applepay.Config{} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			config := applepay.DefaultConfig()
			row.change(&config)
			err := config.Validate()
			if row.problem == "" {
				if err != nil {
					t.Errorf("Validate: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), row.problem+":") {
				t.Errorf("Validate: %v, want a problem with %s", err, row.problem)
			}
			if _, err := applepay.New(config, nil); err == nil {
				t.Error("New took it")
			}
		})
	}
}

func TestNewRefusesRoots(t *testing.T) {
	leaf := mustChain(t).leaf.certificate
	for name, roots := range map[string][]*x509.Certificate{"a leaf": {leaf}, "nothing": {nil}} {
		t.Run(name, func(t *testing.T) {
			if _, err := applepay.New(applepay.DefaultConfig(), roots); err == nil {
				t.Error("New took it")
			}
		})
	}
}
