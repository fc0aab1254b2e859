package vtssim

import (
	"time"

	"github.com/walletport/walletport/sim"
)

// Keys is what VTS holds to open a payload. The zero Keys check only what needs no
// key. Keys are read, never changed; concurrent use is safe.
type Keys struct {
	// Push maps the id of an encryption API key (kid) to its shared secret: the UTF-8
	// bytes of the text exactly as issued, not what the text may decode to.
	Push map[string][]byte
	// WSD maps a key set, "401200.1", to its two-key TDEA key of 16 bytes.
	WSD map[string][]byte
	// RequestKeys are ids of API keys that sign requests (x-pay-token). None of them
	// encrypts, and one that stands as kid is named.
	RequestKeys []string
	// TokenRequestors are the wallets that VTS knows, 11 digits each; empty leaves open
	// whether a wallet is known.
	TokenRequestors []string
	// Wallet is what the calling wallet says beside a push payload; nil leaves the ids
	// of the payload unchecked.
	Wallet *Wallet
	// Nonce is the one that an MBPAC must answer, lower-case hex; "" leaves it unchecked.
	Nonce string
	// AllowBase64 takes a push payload in base64, as some answers of issuers have it;
	// else it is a fault. Wallets hand on the bare JWE.
	AllowBase64 bool
	// MaxAge bounds how old iat and the datetime of an MBPAD may be; zero leaves their
	// age open, for no window is published. What is ahead of the clock is always refused.
	MaxAge time.Duration
	Now    func() time.Time // nil is time.Now
}

// Wallet is what a calling wallet says of itself.
type Wallet struct {
	TokenRequestorID string // 11 digits
	Client           sim.Client
}

func (k Keys) now() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}

func (k Keys) isStale(age time.Duration) bool { return k.MaxAge > 0 && age > k.MaxAge }
