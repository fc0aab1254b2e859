package vtssim

import (
	"bytes"
	"crypto/cipher"
	"crypto/des" // TDEA is what Visa's format prescribes
	"encoding/hex"
	"slices"
	"strings"

	"github.com/walletport/walletport/sim"
)

const (
	desBlockBytes = 8
	wsdKeyBytes   = 16
	headBytes     = 8 // two spaces, four random characters, two digits
)

// openBlock decrypts a block and checks what is in it.
func (r *wsdReading) openBlock(s wsdString) {
	if len(r.keys.WSD) == 0 {
		r.Skip("needs the WSD key", r.openedChecks()...)
		return
	}
	key, ok := r.keys.WSD[s.keySet]
	if !ok {
		r.fail(checkKeyKnown, wsdKeyUnknown, "VTS has no WSD key of that key set")
	} else if len(key) != wsdKeyBytes {
		r.Skip("the WSD key has not 16 bytes", r.openedChecks()...)
		return
	}
	r.pass(checkKeyKnown, "it names a WSD key of this VTS")
	if plain, ok := r.decryptBlock(s, key); ok {
		r.readBlock(plain)
	}
}

// decryptBlock decrypts as the format says; if that gives noise, it finds out how
// the block was really encrypted.
func (r *wsdReading) decryptBlock(s wsdString, key []byte) ([]byte, bool) {
	if key != nil {
		if plain := cbc(twoKey(key), s.block); isReadable(plain) {
			r.pass(checkBlock, "two-key TDEA, CBC, zero IV")
			return plain, true
		}
		if plain, ok := r.explainBlock(s, key); ok {
			return plain, true
		}
	}
	for set, other := range r.keys.WSD {
		if set == s.keySet || len(other) != wsdKeyBytes {
			continue
		}
		if plain := cbc(twoKey(other), s.block); isReadable(plain) {
			r.fail(checkBlock, wsdKeyOther, "the key of another key set opens it")
			return plain, true
		}
	}
	r.fail(checkBlock, wsdDecrypt, "no WSD key of this VTS opens it, in any way seen in the field")
	return nil, false
}

// explainBlock tries what people do wrong with the right key.
func (r *wsdReading) explainBlock(s wsdString, key []byte) ([]byte, bool) {
	for _, wrong := range wrongCiphers(key) {
		if plain := wrong.decrypt(s.block); isReadable(plain) {
			r.fail(checkBlock, wrong.kind, "%s", wrong.what)
			return plain, true
		}
	}
	if plain, f := r.mendText(cbc(twoKey(key), s.block)); f != nil {
		r.fail(checkBlock, f.Kind.Of("wsd_"), "%s", f.Detail)
		return plain, true
	}
	// Only the first block depends on the IV: the header, which is lost, and none of
	// the clear text.
	if plain := cbc(twoKey(key), s.block); isPrintable(plain[headBytes:len(plain)-desBlockBytes]) && len(s.block) > 2*desBlockBytes {
		r.fail(checkBlock, wsdIV, "all but the first block opens")
		return plain[headBytes:], true
	}
	return nil, false
}

// mendText undoes another character encoding than ASCII, of the whole block or of the
// clear text behind the header; the finding is nil if there is none.
func (r *wsdReading) mendText(plain []byte) ([]byte, *sim.Finding) {
	if len(plain) <= headBytes {
		return nil, nil
	}
	head, rest := plain[:headBytes], plain[headBytes:]
	whole := sim.FromUTF16(plain)
	begins := func(text []byte) bool { return len(text) > 0 && startsClear(text, r.parts[0]) }
	switch {
	case hasHead(whole) && len(whole) > headBytes && begins(whole[headBytes:]):
		return whole, &sim.Finding{Kind: sim.PlainUTF16, Detail: "the block is UTF-16"}
	case begins(sim.FromUTF16(rest)):
		return slices.Concat(head, sim.FromUTF16(rest)), &sim.Finding{Kind: sim.PlainUTF16, Detail: "the clear text is UTF-16"}
	case bytes.HasPrefix(rest, []byte("\ufeff")) && begins(rest[len("\ufeff"):]):
		return slices.Concat(head, rest[len("\ufeff"):]), &sim.Finding{Kind: sim.PlainMark, Detail: "the clear text starts with a byte order mark"}
	}
	return nil, nil
}

type wrongCipher struct {
	decrypt func(block []byte) []byte
	kind    sim.Kind
	what    string
}

func wrongCiphers(key []byte) []wrongCipher {
	k1, k2 := key[:8], key[8:]
	inCBC := func(c cipher.Block) func([]byte) []byte {
		return func(data []byte) []byte { return cbc(c, data) }
	}
	all := []wrongCipher{
		{func(data []byte) []byte { return ecb(twoKey(key), data) }, wsdECB, "the blocks decrypt on their own"},
		// K1 K2 K2 is the same, for the last two steps undo each other.
		{inCBC(triple(k1, k1, k1)), wsdSingleDES, "DES under the first half of the key opens it"},
		{func(data []byte) []byte { return ecb(triple(k1, k1, k1), data) }, wsdSingleDES, "DES in ECB mode under the first half of the key opens it"},
		{inCBC(triple(k1, k2, make([]byte, 8))), wsdKeyExpansion, "the key was filled up with zero bytes"},
		{inCBC(triple(k2, k1, k2)), wsdKeyExpansion, "the halves of the key are exchanged"},
	}
	for _, text := range []string{hex.EncodeToString(key), strings.ToUpper(hex.EncodeToString(key))} {
		all = append(all, wrongCipher{inCBC(twoKey([]byte(text[:16]))), wsdKeyText, "the hex text of the key was used as the key"},
			wrongCipher{inCBC(triple([]byte(text[:8]), []byte(text[8:16]), []byte(text[16:24]))), wsdKeyText, "the hex text of the key was used as a three-part key"})
	}
	return all
}

// twoKey is TDEA keying option 2: K1 K2 K1.
func twoKey(key []byte) cipher.Block { return triple(key[:8], key[8:16], key[:8]) }

// triple returns TDEA under three keys; the sizes always fit.
func triple(k1, k2, k3 []byte) cipher.Block {
	c, err := des.NewTripleDESCipher(slices.Concat(k1, k2, k3))
	if err != nil {
		return nil
	}
	return c
}

// cbc decrypts whole blocks with a zero IV.
func cbc(c cipher.Block, data []byte) []byte {
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(c, make([]byte, desBlockBytes)).CryptBlocks(out, data)
	return out
}

func ecb(c cipher.Block, data []byte) []byte {
	out := make([]byte, len(data))
	for i := 0; i < len(data); i += desBlockBytes {
		c.Decrypt(out[i:], data[i:i+desBlockBytes])
	}
	return out
}

// isReadable tells text from noise: printable characters but for the last block,
// which may hold padding of any kind, and for a header of which only a part is right.
func isReadable(plain []byte) bool {
	if len(plain) < 2*desBlockBytes {
		return false
	}
	head := plain[:headBytes]
	return isPrintable(plain[headBytes:len(plain)-desBlockBytes]) && (isPrintable(head) || hasHead(head) || sim.IsDigits(string(head[6:])))
}

func isPrintable(text []byte) bool {
	for _, b := range text {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return true
}
