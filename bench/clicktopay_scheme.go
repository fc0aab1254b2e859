package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/server"
	"github.com/walletport/walletport/sim/clicktopaysim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
	"github.com/walletport/walletport/sim/faults"
)

// stepDelay is how long Visa's stand-in takes for each answer, and then for what it was asked.
const stepDelay = 50 * time.Millisecond

// The names by which both sides know each other's keys, and the issuer's id at Visa.
const (
	visaAPIKey    = "BENCHCLICKTOPAY"
	visaReading   = "BENCH-VISA-MLE"
	issuerReading = "BENCH-ISSUER-MLE"
	benchBID      = "BENCH"
)

// visaSide is what the stand-in of Click to Pay is made of.
type visaSide struct {
	Dir    string  `json:"dir"`    // of its consumers
	Secret string  `json:"secret"` // that requests are signed with
	Visa   keyPair `json:"visa"`   // opens requests
	Issuer keyPair `json:"issuer"` // opens answers
}

func newVisaSide(dir string) (v visaSide, err error) {
	v = visaSide{Dir: dir, Secret: randomHex(20)}
	if v.Visa, err = newKeyPair("Visa"); err != nil {
		return v, err
	}
	v.Issuer, err = newKeyPair("bench")
	return v, err
}

// answerForClickToPay is the child that plays Visa: the simulator, slowed down.
func answerForClickToPay(in io.Reader, out io.Writer) error {
	var given visaSide
	if err := json.NewDecoder(in).Decode(&given); err != nil {
		return err
	}
	answers, err := given.answers()
	if err != nil {
		return err
	}
	return serveUntilEnd(answers, in, out)
}

// opener opens requests by the fastest RSA that there is: Visa's part takes no more of this
// machine than it must.
func (v visaSide) opener() (crypto.Decrypter, error) {
	visa, _, err := v.Visa.read()
	if err != nil {
		return nil, err
	}
	engine, _, err := server.RSAEngine(config.RSAAuto)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(visa)
	if err != nil {
		return nil, err
	}
	return engine.Private(der)
}

// answers is the API, and where others do something to a consumer (see clicktopaysim.Acts).
func (v visaSide) answers() (http.Handler, error) {
	opener, err := v.opener()
	if err != nil {
		return nil, err
	}
	issuer, _, err := v.Issuer.read()
	if err != nil {
		return nil, err
	}
	public, isRSA := issuer.Public().(*rsa.PublicKey)
	if !isRSA {
		return nil, errors.New("a key of message level encryption is not RSA")
	}
	consumers, err := register.Open(register.Config{
		Dir: v.Dir, Rand: rand.Reader, Now: time.Now, Delay: func(register.Call) time.Duration { return stepDelay },
	})
	if err != nil {
		return nil, err
	}
	client := clicktopaysim.Client{
		APIKey: visaAPIKey, Secret: []byte(v.Secret), BIDs: []string{benchBID},
		Recipient: clicktopaysim.PublicKey{KeyID: issuerReading, Key: public},
	}
	service, err := clicktopaysim.New(clicktopaysim.Config{
		Register: consumers,
		Clients:  func() []clicktopaysim.Client { return []clicktopaysim.Client{client} },
		Keys: func() []clicktopaysim.Decrypter {
			return []clicktopaysim.Decrypter{{KeyID: visaReading, Key: opener}}
		},
		Faults: faults.New(map[string][]string{clicktopaysim.SchemeName: clicktopaysim.Calls()}),
		Rand:   rand.Reader, Now: time.Now, Latency: stepDelay,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", service.Handler())
	mux.Handle("/consumers/{bid}/{id}", clicktopaysim.Acts(consumers))
	return mux, nil
}
