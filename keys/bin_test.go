package keys_test

import (
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/keys"
)

func TestParseBINRange(t *testing.T) {
	for _, c := range []struct {
		name, in  string
		low, high string // "" when refused
	}{
		{"one BIN is a range of one", "520424", "520424", "520424"},
		{"six digits", "520424-520499", "520424", "520499"},
		{"eight digits", "52042400-52042499", "52042400", "52042499"},
		{"bounds of different length are refused", "520424-52042499", "", ""},
		{"bounds in the wrong order are refused", "520499-520424", "", ""},
		{"five digits are refused", "52042", "", ""},
		{"nine digits are refused", "520424001", "", ""},
		{"a letter is refused", "52042x", "", ""},
		{"digits of another script are refused", "５２０４２４", "", ""},
		{"an open end is refused", "520424-", "", ""},
		{"two hyphens are refused", "520424-520425-520426", "", ""},
		{"nothing is refused", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := keys.ParseBINRange(c.in)
			if got != (keys.BINRange{Low: c.low, High: c.high}) || (err == nil) != (c.low != "") {
				t.Fatalf("ParseBINRange = %v, %v", got, err)
			}
			if err != nil && walletport.ReasonOf(err) != "bin_range" {
				t.Errorf("reason %q", walletport.ReasonOf(err))
			}
			if err == nil && got.String() != c.in {
				t.Errorf("String = %q, want %q", got.String(), c.in)
			}
		})
	}
}

func TestBINRangeContains(t *testing.T) {
	six := keys.BINRange{Low: "520424", High: "520426"}
	eight := keys.BINRange{Low: "52042477", High: "52042478"}
	for _, c := range []struct {
		name string
		in   keys.BINRange
		bin  string
		want bool
	}{
		{"the lower bound is inside", six, "520424", true},
		{"the upper bound is inside", six, "520426", true},
		{"below is outside", six, "520423", false},
		{"above is outside", six, "520427", false},
		{"eight digits are cut to the range's six", six, "52042699", true},
		{"eight digits above the range's six", six, "52042700", false},
		{"eight in eight", eight, "52042478", true},
		{"eight above eight", eight, "52042479", false},
		{"six digits are outside a range of eight", eight, "520424", false},
		{"no BIN is outside", six, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.in.Contains(c.bin); got != c.want {
				t.Errorf("%v contains %s: %v, want %v", c.in, c.bin, got, c.want)
			}
		})
	}
}
