package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// The sample cards of a sandbox and its wallet providers, by what they are for.
const (
	goodCard = 1001
	wallet   = "acme-wallet"
)

type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// sandboxFile is the part of sandbox.json that the tests read.
type sandboxFile struct {
	PID         int    `json:"pid"`
	BaseURL     string `json:"baseURL"`
	SandboxURL  string `json:"sandboxURL"`
	Credentials struct {
		Basic       credentials `json:"basic"`
		Bearer      string      `json:"bearer"`
		ReadOnly    credentials `json:"readOnly"`
		OtherIssuer credentials `json:"otherIssuer"`
	} `json:"credentials"`
	Cards []sampleCard `json:"cards"`
	MDES  struct {
		EncryptionPrivateKey  string `json:"encryptionPrivateKey"`
		EncryptionCertificate string `json:"encryptionCertificate"`
		TAVPublicKey          string `json:"tavPublicKey"`

		CustomerService customerServiceSecrets `json:"customerService"`
	} `json:"mdes"`
	VTS struct {
		PushKeyID        string `json:"pushKeyId"`
		PushSharedSecret string `json:"pushSharedSecret"`
		WSDKeySet        string `json:"wsdKeySet"`
		WSDKey           string `json:"wsdKey"`

		TokenAPI tokenAPISecrets `json:"tokenAPI"`
	} `json:"vts"`
	ClickToPay clickToPaySecrets `json:"clickToPay"`
	Apple      struct {
		RootCertificate  string `json:"rootCertificate"`
		SubCACertificate string `json:"subCACertificate"`
		LeafCertificate  string `json:"leafCertificate"`
		LeafPrivateKey   string `json:"leafPrivateKey"`
	} `json:"apple"`
	Google struct {
		OPCPrivateKey   string `json:"opcPrivateKey"`
		IssuerPublicKey string `json:"issuerPublicKey"`
	} `json:"google"`

	settleAfter string // how long the schemes of a tokenHouse are thought to take; "" is 10s
}

type sampleCard struct {
	CardID         int64  `json:"cardId"`
	Scheme         string `json:"scheme"`
	PAN            string `json:"pan"`
	ExpiryMonth    string `json:"expiryMonth"` // MM
	ExpiryYear     string `json:"expiryYear"`  // YYYY
	CardholderName string `json:"cardholderName"`
}

// mustCard returns a sample card.
func (f sandboxFile) mustCard(t *testing.T, id int64) sampleCard {
	t.Helper()
	for _, c := range f.Cards {
		if c.CardID == id {
			return c
		}
	}
	t.Fatalf("the sandbox has no card %d", id)
	return sampleCard{}
}

// sandbox is a running sandbox.
type sandbox struct {
	*process
	dir  string
	file sandboxFile
}

// noLimits lets a load through that the default rate limit would stop.
var noLimits = []string{"WALLETPORT_API__LIMITS__REQUESTS_PER_SECOND=-1", "WALLETPORT_API__LIMITS__REQUESTS_PER_MINUTE=-1"}

// mustSandbox starts a sandbox in dir and waits until it is ready. databaseURL ""
// is SQLite in dir.
func mustSandbox(t *testing.T, dir, databaseURL string) *sandbox {
	t.Helper()
	return mustSandboxAt(t, plainHTTP, dir, databaseURL)
}

// mustSandboxAt starts a sandbox at an address, with further environment variables.
func mustSandboxAt(t *testing.T, address, dir, databaseURL string, env ...string) *sandbox {
	t.Helper()
	args := []string{"sandbox", "--dir", dir, "--listen", address}
	if databaseURL != "" {
		args = append(args, "--database", databaseURL)
	}
	makesKeys := mustTakeKeys(t, dir)
	s := &sandbox{process: mustStart(t, append(env, noLimits...), args...), dir: dir}
	eventually(t, "the sandbox writes its sandbox.json", func() bool {
		if s.hasExited() {
			t.Fatalf("the sandbox ended with code %d", s.cmd.ProcessState.ExitCode())
		}
		text, err := os.ReadFile(s.path())
		return err == nil && json.Unmarshal(text, &s.file) == nil && s.file.PID == s.cmd.Process.Pid
	})
	if makesKeys {
		mustKeepKeys(t, dir)
	}
	return s
}

func (s *sandbox) path() string { return filepath.Join(s.dir, "sandbox.json") }

// at is where the operator's commands find the sandbox's data.
func (s *sandbox) at() location { return location{"--dir", s.dir} }

func (s *sandbox) caller() caller {
	return newCaller(s.file.BaseURL, s.file.Credentials.Basic)
}
