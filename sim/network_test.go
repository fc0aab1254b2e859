package sim_test

import (
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

func TestNetworkOf(t *testing.T) {
	for digits, want := range map[string]walletport.SchemeID{
		"4111111111111111": walletport.Visa, "476112": walletport.Visa, "5555555555554444": walletport.Mastercard,
		"2223003122003222": walletport.Mastercard, "378282246310005": "", "": "", "x": "",
	} {
		if got, ok := sim.NetworkOf(digits); got != want || ok != (want != "") {
			t.Errorf("%q is of %q, %v; want %q", digits, got, ok, want)
		}
	}
}

func TestNetworksCheck(t *testing.T) {
	type scheme struct{ sim.Scheme }
	good := sim.Network{Scheme: scheme{}, TokenRequestorID: "40010030273"}
	for _, c := range []struct {
		name, reason string
		networks     sim.Networks
	}{
		{"both schemes", "", sim.Networks{walletport.Visa: good, walletport.Mastercard: good}},
		{"none", "config_incomplete", nil},
		{"one", "config_incomplete", sim.Networks{walletport.Visa: good}},
		{"a network without a scheme", "config_incomplete", sim.Networks{walletport.Visa: good, walletport.Mastercard: {TokenRequestorID: "50110030273"}}},
		{"an id of 10 digits", "config_invalid", sim.Networks{walletport.Visa: {Scheme: scheme{}, TokenRequestorID: "4001003027"}, walletport.Mastercard: good}},
	} {
		err := c.networks.Check()
		if (err == nil) != (c.reason == "") || err != nil && walletport.ReasonOf(err) != c.reason {
			t.Errorf("%s: %v, want %q", c.name, err, c.reason)
		}
	}
}
