package vts

import (
	"errors"
	"io"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// The two kinds of WSD strings, without the profile's prefix.
const (
	activationKind = "PAC" // answers a nonce
	numberKind     = "PAD" // holds a PAN
)

// A WSD block: two spaces, four random characters and the length of the text in two
// digits; then the text; then padding [DRV: one source, whose lengths the samples of
// IAP and FIS-A confirm].
const (
	wsdBlockBytes  = 8
	wsdHeaderBytes = 8
	maxWSDText     = 99 // two digits
	// maxWSDBytes is the room of the longest block: a buffer that grew would leave an
	// unwiped copy behind.
	maxWSDBytes = wsdHeaderBytes + maxWSDText + wsdBlockBytes
)

const (
	printable = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
	base36    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	upperHex  = "0123456789ABCDEF"
)

// newWSDBlock has room for the header; the text is appended to it. Its whole
// capacity is to be wiped.
func newWSDBlock() []byte { return make([]byte, wsdHeaderBytes, maxWSDBytes) }

// sealWSD returns type, version, key scheme, key set, no ephemeral key, algorithm
// and ciphertext, joined by hyphens: "MBPAC-1-FK-401200.1--TDEA-6E9D…" [IAP, FC,
// DRV, FIS-A]. block came from newWSDBlock and holds at most maxWSDText bytes of text.
func (p Profile) sealWSD(random io.Reader, cipher scheme.Cipher, kind string, block []byte) ([]byte, error) {
	if cipher.Key == nil {
		return nil, errKey("a WSD string needs a two-key TDEA key that is shared with Visa")
	}
	if !isKeySet(cipher.KeyID) {
		return nil, errKey("its alias is the key set, a BIN or encryption rule, a dot and the index: 401200.1")
	}
	text := len(block) - wsdHeaderBytes
	copy(block, "  ")
	if err := drawCharacters(random, block[2:6], printable); err != nil {
		return nil, err
	}
	block[6], block[7] = byte('0'+text/10), byte('0'+text%10)
	sealed, err := cipher.Key.EncryptBlocks(p.padWSD(block))
	if err != nil {
		return nil, errCustodian(err)
	}
	dst := make([]byte, 0, len("MBPAC-1-FK---TDEA-")+len(cipher.KeyID)+2*len(sealed))
	dst = append(append(dst, p.WSDNames...), kind...)
	dst = append(append(dst, "-1-FK-"...), cipher.KeyID...)
	dst = append(dst, "--TDEA-"...)
	for _, b := range sealed {
		dst = append(dst, upperHex[b>>4], upperHex[b&15])
	}
	return dst, nil
}

func (p Profile) padWSD(block []byte) []byte {
	missing := (wsdBlockBytes - len(block)%wsdBlockBytes) % wsdBlockBytes
	fill := p.WSDMark[0]
	if p.WSDPadding == PadWithPKCS5 {
		missing = wsdBlockBytes - len(block)%wsdBlockBytes
		fill = byte(missing)
	}
	for range missing {
		block = append(block, fill)
	}
	return block
}

// isKeySet reports whether text has the form of a key set; a hyphen would end the
// field.
func isKeySet(text string) bool {
	rule, index, found := strings.Cut(text, ".")
	return found && rule != "" && index != "" && walletport.IsAlnum(rule, "") && walletport.IsAlnum(index, "")
}

// drawCharacters fills dst with characters of alphabet, each as likely as the
// others: bytes above the largest multiple of its length are thrown away.
func drawCharacters(random io.Reader, dst []byte, alphabet string) error {
	limit := 256 - 256%len(alphabet)
	for len(dst) > 0 {
		if _, err := io.ReadFull(random, dst); err != nil {
			return errors.New("vts: draw random characters")
		}
		drawn := 0
		for _, b := range dst {
			if int(b) < limit {
				dst[drawn] = alphabet[int(b)%len(alphabet)]
				drawn++
			}
		}
		dst = dst[drawn:]
	}
	return nil
}
