package main

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

// sandboxFile is DIR/sandbox.json: everything a test against the sandbox needs.
// It is the only place where a PAN or a private key stands in clear, and only
// the sandbox's own. The member names are a contract.
type sandboxFile struct {
	PID             int                     `json:"pid"`
	BaseURL         string                  `json:"baseURL"`
	SandboxURL      string                  `json:"sandboxURL"`
	Credentials     sandboxCredentials      `json:"credentials"`
	Cards           []sandboxCard           `json:"cards"`
	WalletProviders []sandboxWalletProvider `json:"walletProviders"`
	MDES            sandboxMDES             `json:"mdes"`
	VTS             vtsSecrets              `json:"vts"`
	Apple           applesim.Bundle         `json:"apple"`
	Google          sandboxGoogle           `json:"google"`
}

type sandboxCredentials struct {
	Basic       basicCredentials `json:"basic"`
	Bearer      string           `json:"bearer"`
	ReadOnly    basicCredentials `json:"readOnly"`
	OtherIssuer basicCredentials `json:"otherIssuer"`
}

type basicCredentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type sandboxCard struct {
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

type sandboxWalletProvider struct {
	ID               string `json:"id"`
	TokenRequestorID string `json:"tokenRequestorId"`
	Scheme           string `json:"scheme"`
	DisplayName      string `json:"displayName"`
}

type sandboxMDES struct {
	EncryptionPrivateKey  string `json:"encryptionPrivateKey"`
	EncryptionCertificate string `json:"encryptionCertificate"`
	TAVPublicKey          string `json:"tavPublicKey"`
}

// describeOtherSide fills in the keys of the schemes and wallets.
func (b *sandbox) describeOtherSide() (err error) {
	own := b.other.keys
	f := &b.file
	f.MDES.EncryptionPrivateKey, f.MDES.EncryptionCertificate = string(own.mdes.privatePEM), string(own.mdes.certificatePEM)
	if f.MDES.TAVPublicKey, err = activePublicKey(b.keys, keys.TAVSigning); err != nil {
		return err
	}
	f.VTS = own.vts
	if f.Apple, err = own.apple.PEM(); err != nil {
		return err
	}
	if f.Google.OPCPrivateKey, err = own.google.Private(); err != nil {
		return err
	}
	f.Google.IssuerPublicKey, err = activePublicKey(b.keys, keys.OPCSigning)
	return err
}

func sandboxFilePath(dir string) string { return filepath.Join(dir, "sandbox.json") }

// maxSandboxFileBytes bounds sandbox.json, which has some 50 kB.
const maxSandboxFileBytes = 16 << 20

// readSandboxFile returns the file at path; ok is false when there is none.
func readSandboxFile(path string) (file sandboxFile, ok bool, err error) {
	text, err := disk.ReadArgument(path, maxSandboxFileBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return sandboxFile{}, false, nil
	}
	if err != nil {
		return sandboxFile{}, false, fmt.Errorf("sandbox file: %w", err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return sandboxFile{}, false, fmt.Errorf("sandbox file %s is not what a sandbox writes: %w", path, err)
	}
	return file, true, nil
}

// writeSandboxFile replaces the file at path in one step, readable by its owner only.
func writeSandboxFile(path string, file sandboxFile) error {
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
