package provisioning

import "github.com/walletport/walletport"

// IssuerWalletRequest asks for the payload of one card for an issuer's own wallet.
type IssuerWalletRequest struct {
	CardID    walletport.CardID
	Provider  walletport.WalletProviderID
	AuditUser walletport.AuditUser
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

// GooglePayRequest asks for what the Google Wallet SDK takes.
type GooglePayRequest struct {
	CardID                     walletport.CardID
	AuditUser                  walletport.AuditUser
	Client                     Client
	OpaquePaymentCardRequested bool
	ServerSessionID            string // UUID; ignored unless OpaquePaymentCardRequested
}

// SamsungPayRequest asks for what the Samsung Pay SDK takes.
type SamsungPayRequest struct {
	CardID    walletport.CardID
	AuditUser walletport.AuditUser
	Client    Client
}

// Result is what the wallet gets.
type Result struct {
	DigitizationData        string // base64 of the scheme's JSON, or the scheme's JWE
	GoogleOpaquePaymentCard string // standard base64; Google Pay only, when it was asked for
}
