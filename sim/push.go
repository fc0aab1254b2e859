package sim

import (
	"context"

	"github.com/walletport/walletport"
)

// Report is a simulator's answer on one payload. Its JSON is what the simulated
// wallets answer: accepted, checks, firstFault and, where one was made, token.
type Report struct {
	Kind string `json:"kind"` // what the payload turned out to be
	Verdict
	Facts any `json:"facts,omitempty"` // what could be read; nothing in it is secret, a PAN is masked
	Token any `json:"token,omitempty"` // in the scheme's own words
}

// Client is what a wallet knows of the app, device and account that a card is
// added from. The wallet hands it to Visa together with the payload, and Visa compares
// what the payload says with it, character for character; Mastercard needs none of it.
type Client struct {
	AppID           string `json:"clientAppID"`
	DeviceID        string `json:"clientDeviceID"`
	WalletAccountID string `json:"clientWalletAccountID"`
}

// Push is an opaque payload that a wallet hands to the scheme as it is.
type Push struct {
	TokenRequestorID string // 11 digits, the wallet's at this scheme
	Wallet           string // applepay, googlepay, samsungpay, or an issuer's wallet provider
	Payload          string
	Client           Client
}

// Card is a card in clear, as a wallet that opens it itself reads it (Apple,
// Google's opaque payment card).
type Card struct {
	Number     CardNumber
	ExpiryMMYY string
}

// Enrolment is a card that the wallet opened, with the issuer's activation data,
// which only the scheme can judge.
type Enrolment struct {
	TokenRequestorID string
	Wallet           string
	Card             Card
	// EncryptedNumber stands instead of Card where only the scheme opens the number
	// (Visa's MBPAD); ASCII as the issuer made it. NumberPrefix is then the part that the
	// pass data have in clear, the first 6 to 8 digits; "" without.
	EncryptedNumber string
	NumberPrefix    string
	// ActivationData are the bytes that the app set: the JSON of a TAV, the ASCII of an
	// MBPAC. Base64 around them is a fault that the scheme names.
	ActivationData []byte
	Nonce          string // lower-case hex, as the wallet handed it out; "" without one
	// Answer is the whole answer that the wallet was handed, set with EncryptedNumber:
	// only the scheme can tell whether the answer holds that number in clear too.
	Answer []byte
}

// Scheme is a simulated scheme as the simulated wallets see it. A refused payload
// is a Report, not an error; an error says that the simulator itself is down
// (CodeUnavailable), or that a token requestor id has not 11 digits (CodeInvalid,
// reason token_requestor_id). Implementations are safe for concurrent use.
type Scheme interface {
	// Push opens and checks a payload, and makes a token if it is accepted.
	Push(ctx context.Context, p Push) (Report, error)
	// Enrol checks the activation data of a card, and makes a token if it holds.
	Enrol(ctx context.Context, e Enrolment) (Report, error)
	// CardOf opens a payload far enough to tell its card, for a wallet that must know
	// whether two payloads are of one card; ok is false if it does not open.
	CardOf(payload string) (card Card, ok bool)
}

// TokenLister shows the tokens that a scheme made.
type TokenLister interface {
	// TokensJSON returns every token as a JSON array, oldest first.
	TokensJSON() ([]byte, error)
}

// IsTokenRequestorID reports whether id has the form of a token requestor id, 11
// digits.
func IsTokenRequestorID(id string) bool { return len(id) == 11 && IsDigits(id) }

// CheckRequest is what every scheme asks of a call before it looks at the payload:
// CodeInvalid, reason token_requestor_id; CodeUnavailable, reason canceled.
func CheckRequest(ctx context.Context, tokenRequestorID string) error {
	if !IsTokenRequestorID(tokenRequestorID) {
		return walletport.Errorf(walletport.CodeInvalid, "token_requestor_id", "a token requestor id has 11 digits")
	}
	if err := ctx.Err(); err != nil {
		return walletport.Errorf(walletport.CodeUnavailable, "canceled", "the request was given up").WithCause(err)
	}
	return nil
}
