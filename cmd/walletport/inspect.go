package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"

	"github.com/walletport/walletport/sim/mdessim"
)

type inspectCommand struct {
	File string `arg:"" help:"Payload: digitizationData, an API answer, a TAV; - reads standard input."`
	Keys string `help:"sandbox.json with the keys of the other side; without it, only what needs no key is checked." placeholder:"FILE"`
	JSON bool   `help:"Print JSON."`
}

func (inspectCommand) Help() string {
	return `Examples:
  walletport inspect answer.json --keys sandbox/sandbox.json
  curl -s … | walletport inspect -
Exit status 0: nothing wrong was found; 1: a fault was, and it is named.`
}

// maxPayloadBytes is far above any payload of the formats that are known.
const maxPayloadBytes = 1 << 20

func (c inspectCommand) Run(con console) error {
	payload, err := readInput(con.In, c.File, maxPayloadBytes)
	if err != nil {
		return err
	}
	var otherSide mdessim.Keys
	if c.Keys != "" {
		if otherSide, err = readInspectKeys(c.Keys); err != nil {
			return err
		}
	}
	report := mdessim.Inspect(payload, otherSide)
	if c.JSON {
		encoder := json.NewEncoder(con.Out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		err = mdessim.WriteText(con.Out, report)
	}
	if err == nil && report.FirstFault != nil && !report.Accepted {
		return errFault
	}
	return err
}

// readInspectKeys takes the keys of the simulated schemes out of a sandbox file.
func readInspectKeys(path string) (mdessim.Keys, error) {
	file, ok, err := readSandboxFile(path)
	if err != nil {
		return mdessim.Keys{}, err
	}
	if !ok {
		return mdessim.Keys{}, fmt.Errorf("there is no file %s", path)
	}
	pair, err := parseSchemeKey([]byte(file.MDES.EncryptionPrivateKey + file.MDES.EncryptionCertificate))
	if err != nil {
		return mdessim.Keys{}, fmt.Errorf("%s: mdes keys: %w", path, err)
	}
	block, _ := pem.Decode([]byte(file.MDES.TAVPublicKey))
	if block == nil {
		return mdessim.Keys{}, fmt.Errorf("%s: mdes.tavPublicKey is not PEM", path)
	}
	tav, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return mdessim.Keys{}, fmt.Errorf("%s: mdes.tavPublicKey: %w", path, err)
	}
	if _, ok := tav.(*rsa.PublicKey); !ok {
		return mdessim.Keys{}, fmt.Errorf("%s: mdes.tavPublicKey is not RSA", path)
	}
	return mdessim.Keys{
		Encryption: []mdessim.EncryptionKey{{Decrypter: pair.private, Certificate: pair.certificate}},
		TAV:        []mdessim.TAVKey{{Public: tav}},
	}, nil
}
