package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/walletport/walletport/disk"
	"github.com/walletport/walletport/keys"
	"github.com/walletport/walletport/sim/applesim"
)

// File is DIR/sandbox.json: everything a test against the sandbox needs.
// It is the only place where a PAN or a private key stands in clear, and only
// the sandbox's own. The member names are a contract.
type File struct {
	PID             int               `json:"pid"`
	BaseURL         string            `json:"baseURL"`
	SandboxURL      string            `json:"sandboxURL"`
	Credentials     Credentials       `json:"credentials"`
	Cards           []fileCard        `json:"cards"`
	WalletProviders []fileProvider    `json:"walletProviders"`
	MDES            mdesSecrets       `json:"mdes"`
	VTS             visaSecrets       `json:"vts"`
	ClickToPay      clickToPaySecrets `json:"clickToPay"`
	Apple           applesim.Bundle   `json:"apple"`
	Google          googleSecrets     `json:"google"`
	Witness         witnessSecrets    `json:"witness"`
}

// Credentials are those of API clients, as their names say.
type Credentials struct {
	Basic       basic  `json:"basic"`
	Bearer      string `json:"bearer"`
	ReadOnly    basic  `json:"readOnly"`
	OtherIssuer basic  `json:"otherIssuer"`
}

type basic struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type fileCard struct {
	CardID         int64  `json:"cardId"`
	CustomerID     string `json:"customerId"`
	Scheme         string `json:"scheme"`
	PAN            string `json:"pan"`
	ExpiryMonth    string `json:"expiryMonth"`
	ExpiryYear     string `json:"expiryYear"`
	CardholderName string `json:"cardholderName"`
	Status         string `json:"status"`
	Issuer         string `json:"issuer"`
}

type fileProvider struct {
	ID               string `json:"id"`
	TokenRequestorID string `json:"tokenRequestorId"`
	Scheme           string `json:"scheme"`
	DisplayName      string `json:"displayName"`
}

type mdesSecrets struct {
	EncryptionPrivateKey  string `json:"encryptionPrivateKey"`
	EncryptionCertificate string `json:"encryptionCertificate"`
	TAVPublicKey          string `json:"tavPublicKey"`

	CustomerService customerServiceSecrets `json:"customerService"`
}

type visaSecrets struct {
	vtsSecrets

	TokenAPI tokenAPISecrets `json:"tokenAPI"`
}

// describeOtherSide fills in the keys of the schemes and wallets.
func (b *Sandbox) describeOtherSide(clickToPayURL string) (err error) {
	own := b.other.keys
	f := &b.File
	f.MDES.EncryptionPrivateKey, f.MDES.EncryptionCertificate = string(own.mdes.privatePEM), string(own.mdes.certificatePEM)
	if f.MDES.TAVPublicKey, err = activePublicKey(b.Keys, keys.TAVSigning, b.o.Clock()); err != nil {
		return err
	}
	f.MDES.CustomerService = own.customerService.secrets(f.SandboxURL)
	f.VTS.vtsSecrets = own.vts
	if f.VTS.TokenAPI, err = own.tokenAPI.secrets(f.SandboxURL); err != nil {
		return err
	}
	if f.ClickToPay, err = own.clickToPay.secrets(clickToPayURL); err != nil {
		return err
	}
	f.Witness = witnessSecrets{URL: f.SandboxURL + witnessPath, Key: b.other.witness.Key()}
	if f.Apple, err = own.apple.PEM(); err != nil {
		return err
	}
	if f.Google.OPCPrivateKey, err = own.google.Private(); err != nil {
		return err
	}
	f.Google.IssuerPublicKey, err = activePublicKey(b.Keys, keys.OPCSigning, b.o.Clock())
	return err
}

// FilePath returns where the sandbox in dir writes its file.
func FilePath(dir string) string { return filepath.Join(dir, "sandbox.json") }

// maxFileBytes bounds sandbox.json, which has some 50 kB.
const maxFileBytes = 16 << 20

// readFile returns the file at path; ok is false when there is none.
func readFile(path string) (file File, ok bool, err error) {
	text, err := disk.ReadArgument(path, maxFileBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, false, nil
	}
	if err != nil {
		return File{}, false, fmt.Errorf("sandbox file: %w", err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return File{}, false, fmt.Errorf("sandbox file %s is not what a sandbox writes: %w", path, err)
	}
	return file, true, nil
}

// writeFile replaces the file at path in one step, readable by its owner only.
func writeFile(path string, file File) error {
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return fmt.Errorf("sandbox file: %w", err)
	}
	return writeFileAtomically(path, append(text, '\n'))
}

// writeFileAtomically makes the content durable before it takes the place of what
// was at path, whose owner, group and mode stay (see disk.Replace).
func writeFileAtomically(path string, content []byte) error {
	if err := disk.Replace(path, content); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}
