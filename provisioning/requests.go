package provisioning

import "github.com/walletport/walletport"

// PushRequest asks for the payload of one card for a wallet of the table of offers.
type PushRequest struct {
	CardID    walletport.CardID
	AuditUser walletport.AuditUser
	Wallet    walletport.Wallet
	// Provider names the wallet provider where Wallet is walletport.IssuerWallet.
	Provider walletport.WalletProviderID
	Client   Client
	// OpaquePaymentCardRequested and ServerSessionID, a UUID, are Google Pay's. The
	// session is ignored unless an opaque payment card is requested.
	OpaquePaymentCardRequested bool
	ServerSessionID            string
}

// PushResult is what the wallet gets.
type PushResult struct {
	DigitizationData        string // base64 of the scheme's JSON, or the scheme's JWE
	GoogleOpaquePaymentCard string // standard base64; Google Pay only, when it was asked for
}

// Client is what a device wallet told the app about itself. Visa needs it;
// Mastercard does not.
type Client struct {
	AppID           string // at most 36 characters
	DeviceID        string
	WalletAccountID string
}

// ApplePayRequest asks for what PKAddPaymentPassRequest takes.
type ApplePayRequest struct {
	CardID         walletport.CardID
	AuditUser      walletport.AuditUser
	Certificates   []string // base64 of DER or PEM, in any order
	Nonce          string   // lower-case hex
	NonceSignature string   // lower-case hex
}

// ApplePayResult is what the app sets on PKAddPaymentPassRequest, encoded.
type ApplePayResult struct {
	ActivationData     string
	EncryptedPassData  string
	EphemeralPublicKey string
	CertificateForm    string // how the certificates came, for the log
}
