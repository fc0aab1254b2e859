package keys

import (
	"strings"

	"github.com/walletport/walletport"
)

// ParseBINRange reads "52042400-52042499", or "520424" for a range of one. The
// error is CodeInvalid, reason bin_range.
func ParseBINRange(text string) (BINRange, error) {
	low, high, isRange := strings.Cut(text, "-")
	if !isRange {
		high = low
	}
	r := BINRange{Low: low, High: high}
	if !isBIN(low) || !isBIN(high) || len(low) != len(high) || low > high {
		return BINRange{}, walletport.Errorf(walletport.CodeInvalid, "bin_range",
			"a BIN range is LOW-HIGH or one BIN, 6 to 8 digits, as many in LOW as in HIGH, LOW not above HIGH")
	}
	return r, nil
}

func isBIN(text string) bool {
	return len(text) >= 6 && len(text) <= 8 && walletport.IsDigits(text)
}

// String returns the form that ParseBINRange reads.
func (r BINRange) String() string {
	if r.Low == r.High {
		return r.Low
	}
	return r.Low + "-" + r.High
}
