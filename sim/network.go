package sim

import "github.com/walletport/walletport"

// Network is a scheme as a device wallet is signed up at it.
type Network struct {
	Scheme           Scheme
	TokenRequestorID string // the wallet's at this scheme, 11 digits
}

// Networks are the schemes that a device wallet takes cards of.
type Networks map[walletport.SchemeID]Network

// Check refuses networks that a wallet cannot work with. Errors are CodeInternal,
// reasons config_incomplete and config_invalid.
func (n Networks) Check() error {
	for _, id := range []walletport.SchemeID{walletport.Mastercard, walletport.Visa} {
		network, ok := n[id]
		switch {
		case !ok || network.Scheme == nil:
			return walletport.Errorf(walletport.CodeInternal, "config_incomplete", "the simulated wallet needs the scheme %s", id)
		case !IsTokenRequestorID(network.TokenRequestorID):
			return walletport.Errorf(walletport.CodeInternal, "config_invalid", "a token requestor id has 11 digits")
		}
	}
	return nil
}

// NetworkOf returns the scheme of a PAN or of its first digits, by ISO/IEC 7812 as
// coarsely as a wallet looks: 4 is Visa, 5 and 2 are Mastercard. ok is false for
// any other.
func NetworkOf(digits string) (id walletport.SchemeID, ok bool) {
	if digits == "" {
		return "", false
	}
	switch digits[0] {
	case '4':
		return walletport.Visa, true
	case '5', '2':
		return walletport.Mastercard, true
	}
	return "", false
}
