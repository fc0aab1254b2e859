package register

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/sim"
)

// line is a version of a consumer on disk. What identifies or describes a person is sealed.
type line struct {
	Consumer string `json:"consumer"`                 // a keyed hash of the name
	TraceID  string `json:"requestTraceId,omitempty"` // of the request that runs
	Deed     Deed   `json:"deed"`
	Sealed   []byte `json:"sealed"` // the Consumer
	// IsOverlap: the consumer is as before, and a write came while a request ran. It has no Deed.
	IsOverlap bool `json:"isOverlap,omitempty"`
}

// Deed is what made a version.
type Deed struct {
	Call string    `json:"call"`
	By   Party     `json:"by"`
	At   time.Time `json:"at"`
}

// Party is who does something to a consumer.
type Party string

// The parties.
const (
	Issuer        Party = "ISSUER"
	Cardholder    Party = "CARDHOLDER"
	AnotherWriter Party = "ANOTHER_WRITER" // for the same consumer
	Visa          Party = "VISA"
)

func (r *Register) reference(n Name) string {
	text := strconv.Quote(n.OwnerBID) + strconv.Quote(n.ExternalConsumerID)
	return r.ledger.PANReference(sim.NewCardNumber("consumer "+text), func(hash []byte) string { return hex.EncodeToString(hash[:16]) })
}

// write makes a version durable.
func (r *Register) write(c Consumer, deed Deed) error { return r.keep(c, line{Deed: deed}) }

// writeOverlap makes durable that a write came while a request of the consumer ran.
func (r *Register) writeOverlap(c Consumer) error { return r.keep(c, line{IsOverlap: true}) }

func (r *Register) keep(c Consumer, l line) error {
	l.Consumer = r.reference(c.Name)
	if c.Running != nil {
		l.TraceID = c.Running.TraceID
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return corrupt()
	}
	if l.Sealed, err = r.seal.seal(plain, l.Consumer); err != nil {
		return err
	}
	if err := r.ledger.Append(l); err != nil {
		return err
	}
	if l.TraceID != "" {
		r.traces[l.TraceID] = l.Consumer
	}
	return nil
}

// open reads a version.
func (r *Register) open(l line) (c Consumer, err error) {
	plain, err := r.seal.open(l.Sealed, l.Consumer)
	if err != nil || json.Unmarshal(plain, &c) != nil || (c.Running == nil) != (l.TraceID == "") {
		return c, corrupt()
	}
	return c, nil
}

func corrupt() error {
	return walletport.Errorf(walletport.CodeInternal, "sim_state_corrupt", "a line of the register cannot be read")
}

// sealer seals by AES-GCM.
type sealer struct {
	gcm  cipher.AEAD
	rand io.Reader
}

// newSealer takes a key of 32 bytes.
func newSealer(key []byte, rand io.Reader) sealer {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // another length of key
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	return sealer{gcm, rand}
}

func (s sealer) seal(plain []byte, of string) ([]byte, error) {
	nonce := make([]byte, s.gcm.NonceSize())
	if _, err := io.ReadFull(s.rand, nonce); err != nil {
		return nil, noRandom(err)
	}
	return s.gcm.Seal(nonce, nonce, plain, []byte(of)), nil
}

func (s sealer) open(sealed []byte, of string) ([]byte, error) {
	if len(sealed) < s.gcm.NonceSize() {
		return nil, corrupt()
	}
	return s.gcm.Open(nil, sealed[:s.gcm.NonceSize()], sealed[s.gcm.NonceSize():], []byte(of))
}

func noRandom(err error) error {
	return walletport.Errorf(walletport.CodeInternal, "random", "no random bytes").WithCause(err)
}

// drawTraceID draws a name of 36 characters: half of them are UUIDs, and half are hex
// digits without a hyphen, as one processor's sample has it.
func (r *Register) drawTraceID() (string, error) {
	return sim.DrawReference(r.c.Rand, func(random []byte) string {
		id := hex.EncodeToString(random)[:36]
		if random[31]&1 == 0 {
			return id
		}
		return fmt.Sprintf("%s-%s-4%s-a%s-%s", id[:8], id[8:12], id[13:16], id[17:20], id[20:32])
	})
}

// The form of what Visa names a card and its token by.
const (
	prefixPAN   = "V-"
	panDigits   = 22
	prefixToken = "DNITHE"
	tokenDigits = 18
	// requestor is Click to Pay as a token requestor.
	requestor = "40010051602"
	alphabet  = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// Describe returns what Visa itself knows of a card: the masked number, the references, and
// a token that is drawn anew. Its error is CodeInternal, reason random.
func (r *Register) Describe(number sim.CardNumber) (Card, error) {
	token, err := sim.DrawReference(r.c.Rand, digits(prefixToken, tokenDigits))
	return Card{
		AccountNumber:  number.String(),
		PANReferenceID: r.ledger.PANReference(number, digits(prefixPAN, panDigits)),
		PaymentAccountReference: r.ledger.PANReference(sim.NewCardNumber("account "+number.Clear()), func(hash []byte) string {
			text := []byte("V0010") // 29 characters in all, as EMV's PAR has
			for _, b := range hash[:24] {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
			return string(text)
		}),
		TokenDetails: &Token{token, requestor},
	}, err
}

// digits writes a reference of digits.
func digits(prefix string, n int) func([]byte) string {
	return func(raw []byte) string {
		text := []byte(prefix)
		for _, b := range raw[:n] {
			text = append(text, '0'+b%10)
		}
		return string(text)
	}
}
