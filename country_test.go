package walletport

import (
	"slices"
	"strings"
	"testing"
)

func TestIsCountry(t *testing.T) {
	for text, want := range map[string]bool{
		"USA": true, "FIN": true, "ABW": true, "ZWE": true, "US": false, "usa": false, "XKX": false, "": false, "USAS": false, "A A": false, " FI": false,
	} {
		if IsCountry(text) != want {
			t.Errorf("IsCountry(%q) = %t", text, !want)
		}
	}
	all := strings.Fields(countries)
	if len(all) != 249 || !slices.IsSorted(all) || len(slices.Compact(all)) != 249 {
		t.Errorf("there are %d codes, sorted: %t; ISO 3166-1 has 249", len(all), slices.IsSorted(all))
	}
}
