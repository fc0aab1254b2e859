package clicktopaysim_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/walletport/walletport/sim"
	"github.com/walletport/walletport/sim/clicktopaysim"
	"github.com/walletport/walletport/sim/clicktopaysim/register"
	"github.com/walletport/walletport/sim/faults"
)

const (
	testPAN     = "4111111145551142"
	otherPAN    = "4111111111111111"
	declinedPAN = "4761120010000492"
	testAPIKey  = "YBVCBAT5JM9UAXJUV2LF21I5bGFLuTmT"
	testSecret  = "GtYm0zV#@L8Yz{f2u1fHwPqwRN0Bd$C8jqXPPo3d"
	testBID     = "123456"
	delay       = time.Minute // of a request, by the simulator's clock
)

type members = map[string]any

// pairs are Visa's encryption key, the issuer's, and a stranger's. A process that is killed
// has those of the test.
var pairs = sync.OnceValue(func() (three [3]*rsa.PrivateKey) {
	folder := os.Getenv(killFolder)
	given, err := os.ReadFile(filepath.Join(folder, keysFile))
	for i := range three {
		if err == nil && folder != "" {
			block, rest := pem.Decode(given)
			read, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				panic(err)
			}
			three[i], given = read.(*rsa.PrivateKey), rest
			continue
		}
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		three[i] = key
	}
	return three
})

func visaKey() *rsa.PrivateKey   { return pairs()[0] }
func issuerKey() *rsa.PrivateKey { return pairs()[1] }
func stranger() *rsa.PrivateKey  { return pairs()[2] }

func privatePEM(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// clock is one that a test sets.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time      { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) add(d time.Duration) { c.ahead.Add(int64(d)) }

// settings are what a test may change.
type settings struct {
	register register.Config
	api      clicktopaysim.Config
}

func client() clicktopaysim.Client {
	return clicktopaysim.Client{
		APIKey: testAPIKey, Secret: []byte(testSecret), BIDs: []string{testBID, "654321"}, Recipient: clicktopaysim.PublicKey{KeyID: "issuer-key", Key: &issuerKey().PublicKey},
	}
}

func newSettings(dir string, now func() time.Time) settings {
	return settings{
		register.Config{Dir: dir, Rand: rand.Reader, Now: now, Delay: func(register.Call) time.Duration { return delay }},
		clicktopaysim.Config{
			Clients: func() []clicktopaysim.Client { return []clicktopaysim.Client{client()} },
			Keys: func() []clicktopaysim.Decrypter {
				return []clicktopaysim.Decrypter{{KeyID: "visa-key", Key: visaKey()}}
			},
			Faults:   faults.New(map[string][]string{clicktopaysim.SchemeName: clicktopaysim.Calls()}),
			Declines: func(n sim.CardNumber) bool { return n.Clear() == declinedPAN },
			Rand:     rand.Reader, Now: now,
		},
	}
}

// mount is where a sandbox would have the API, Acts, the reports and the faults.
func mount(t testing.TB, s settings) (http.Handler, *register.Register) {
	t.Helper()
	r, err := register.Open(s.register)
	if err != nil {
		t.Fatal(err)
	}
	s.api.Register = r
	service, err := clicktopaysim.New(s.api)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/sandbox/c2p/api/", service.Handler())
	mux.Handle("/sandbox/c2p/consumers", clicktopaysim.Acts(r))
	mux.Handle("/sandbox/c2p/consumers/{bid}/{id}", clicktopaysim.Acts(r))
	mux.Handle("/sandbox/c2p/requests", service.Reports())
	mux.Handle("/sandbox/faults", s.api.Faults)
	return mux, r
}

// world is a running simulator.
type world struct {
	URL   string
	dir   string
	clock *clock
}

func newWorld(t *testing.T, change func(*settings)) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), clock: &clock{}}
	s := newSettings(w.dir, w.clock.now)
	if change != nil {
		change(&s)
	}
	handler, r := mount(t, s)
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.Close()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	w.URL = server.URL
	return w
}
