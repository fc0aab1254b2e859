package walletport

// WalletProviderID names a wallet provider as the API's path does: letters,
// digits, ".", "_" and "-", 1 to 64 of them.
type WalletProviderID string

const maxWalletProviderBytes = 64

// ParseWalletProviderID checks text. Its error is CodeNotFound with the reason
// wallet_provider_not_found, for no provider can have such a name; it does not
// repeat the text.
func ParseWalletProviderID(text string) (WalletProviderID, error) {
	if !IsName(text, maxWalletProviderBytes) || ContainsPAN(text) {
		return "", ErrWalletProviderNotFound()
	}
	return WalletProviderID(text), nil
}

// ErrWalletProviderNotFound returns the answer for an unknown wallet provider.
func ErrWalletProviderNotFound() *Error {
	return Errorf(CodeNotFound, "wallet_provider_not_found", "no wallet provider of that name is configured")
}

// Wallet names a device wallet, as the API's path does; or stands for all the wallets
// of issuers.
type Wallet string

// The device wallets.
const (
	ApplePay   Wallet = "applepay"
	GooglePay  Wallet = "googlepay"
	SamsungPay Wallet = "samsungpay"
)

// IssuerWallet stands for the wallets of wallet providers: an issuer's own, or another
// token requestor's. A WalletProviderID says which.
const IssuerWallet Wallet = "issuerwallet"

// Wallets returns the device wallets.
func Wallets() []Wallet { return []Wallet{ApplePay, GooglePay, SamsungPay} }
