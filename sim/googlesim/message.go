package googlesim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Tags of packets, RFC 4880 section 4.3; 20 is a draft's.
const (
	tagSessionKey    = 1 // public-key encrypted session key, "PKESK"
	tagSignature     = 2
	tagPassphraseKey = 3 // symmetric-key encrypted session key
	tagOnePass       = 4
	tagCompressed    = 8
	tagEncrypted     = 9 // without integrity protection
	tagMarker        = 10
	tagLiteral       = 11
	tagProtected     = 18 // "SEIPD"
	tagAEAD          = 20
	tagPadding       = 21 // RFC 9580
)

var tagNames = map[uint8]string{tagSessionKey: "session key", tagSignature: "signature", tagPassphraseKey: "passphrase session key", tagOnePass: "one-pass signature",
	tagCompressed: "compressed data", tagEncrypted: "encrypted data without MDC", tagMarker: "marker", tagLiteral: "literal", tagProtected: "encrypted data with MDC (SEIPD)",
	tagAEAD: "AEAD encrypted data", tagPadding: "padding"}

// block is a packet whose body is not looked at yet.
type block struct {
	tag  uint8
	body []byte
}

// version is the first byte of most packets' bodies.
func (b block) version() int {
	if len(b.body) == 0 {
		return 0
	}
	return int(b.body[0])
}

func (b block) String() string {
	name := tagNames[b.tag]
	if name == "" {
		name = "unknown"
	}
	switch b.tag {
	case tagSessionKey, tagSignature, tagPassphraseKey, tagOnePass, tagProtected, tagAEAD:
		return fmt.Sprintf("%s, version %d", name, b.version())
	}
	return name
}

// parse hands the packet to the library.
func (b block) parse() (packet.Packet, error) {
	return (&packet.OpaquePacket{Tag: b.tag, Contents: b.body}).Parse()
}

// maxPackets bounds what is looked at: an opaque payment card has two packets with
// three inside.
const maxPackets = 32

// readBlocks takes a message apart, one level deep.
func readBlocks(data []byte) ([]block, bool) {
	var all []block
	reader := packet.NewOpaqueReader(bytes.NewReader(data))
	for len(all) < maxPackets {
		p, err := reader.Next()
		switch {
		case errors.Is(err, io.EOF) && p == nil:
			return all, len(all) > 0
		case err != nil:
			return all, false
		}
		all = append(all, block{p.Tag, p.Contents})
	}
	return all, false
}

func namesOf(blocks []block) []string {
	var names []string
	for _, b := range blocks {
		names = append(names, b.String())
	}
	return names
}

// envelope is what stands around the plaintext.
type envelope struct {
	recipients []block // session keys
	passphrase bool
	data       *block
}

// readMessage checks the outer packets and opens the message.
func (r *reading) readMessage(data []byte) {
	blocks, whole := readBlocks(data)
	r.facts.Packets = namesOf(blocks)
	if !whole {
		r.Fail(checkPackets, notOpenPGP, "the bytes are no sequence of whole packets")
		return
	}
	e, ok := r.sort(blocks)
	if !ok {
		return
	}
	switch {
	case e.data == nil:
		r.Fail(checkPackets, dataMissing, "there is no encrypted data")
		return
	case len(e.recipients) == 0 && e.passphrase:
		r.Fail(checkPackets, symmetricOnly, "the session key is encrypted with a passphrase only")
		return
	case len(e.recipients) == 0:
		r.Fail(checkPackets, sessionKeyMissing, "there is no session key packet")
		return
	case e.passphrase:
		r.Fail(checkPackets, symmetricToo, "a passphrase opens the message as well")
	}
	r.Pass(checkPackets, "%s", strings.Join(r.facts.Packets, ", "))
	if !r.isProtected(*e.data) {
		return
	}
	if len(r.keys.Google) == 0 {
		r.Skip("needs Google's private key", opcChecks[2:]...)
		return
	}
	sessionKey := r.openSessionKey(e.recipients)
	if sessionKey == nil {
		return
	}
	if inside := r.decrypt(*e.data, sessionKey); inside != nil {
		r.readInside(inside)
	}
}

// sort tells the outer packets apart; false if the message is none that is encrypted
// as Google reads it.
func (r *reading) sort(blocks []block) (e envelope, ok bool) {
	for i, b := range blocks {
		switch b.tag {
		case tagSessionKey, tagPassphraseKey:
			if b.version() > 4 {
				return e, r.Fail(checkPackets, packetV6, "a %s", b)
			}
			if b.tag == tagPassphraseKey {
				e.passphrase = true
				continue
			}
			e.recipients = append(e.recipients, b)
		case tagEncrypted, tagProtected, tagAEAD:
			if e.data != nil {
				return e, r.Fail(checkPackets, dataTwice, "there are two packets of encrypted data")
			}
			e.data = &blocks[i]
		case tagMarker:
		case tagOnePass, tagSignature, tagLiteral, tagCompressed:
			return e, r.explainUnencrypted(blocks)
		default:
			return e, r.Fail(checkPackets, packetUnknown, "a packet with tag %d", b.tag)
		}
	}
	return e, true
}

// explainUnencrypted names a message that begins as a signed one does. It returns
// false.
func (r *reading) explainUnencrypted(blocks []block) bool {
	for _, b := range flatten(blocks) {
		if b.tag == tagSessionKey {
			return r.Fail(checkPackets, signedOutside, "the encrypted message is signed from outside")
		}
		if body, ok := literalBody(b); ok && looksLikeNested(body) {
			return r.Fail(checkPackets, signedOutside, "the signed text is an encrypted message")
		}
	}
	return r.Fail(checkPackets, notEncrypted, "the message begins with a %s", blocks[0])
}

func looksLikeNested(body []byte) bool {
	return bytes.HasPrefix(body, []byte("-----BEGIN PGP")) || looksLikeMessage(body)
}

// isProtected checks the kind of the encrypted data; false if it cannot be read.
func (r *reading) isProtected(data block) bool {
	switch {
	case data.tag == tagEncrypted:
		return r.Fail(checkIntegrity, noMDC, "the data is encrypted without integrity protection")
	case data.tag == tagAEAD:
		return r.Fail(checkIntegrity, aeadPacket, "an %s", data)
	case data.version() == 2:
		return r.Fail(checkIntegrity, seipdV2, "SEIPD of version 2")
	case data.version() != 1:
		return r.Fail(checkIntegrity, packetV6, "SEIPD of version %d", data.version())
	}
	return true
}

// literalBody returns the data of a literal packet.
func literalBody(b block) ([]byte, bool) {
	if b.tag != tagLiteral {
		return nil, false
	}
	parsed, err := b.parse()
	literal, ok := parsed.(*packet.LiteralData)
	if err != nil || !ok {
		return nil, false
	}
	body, err := io.ReadAll(literal.Body)
	return body, err == nil
}

// flatten replaces a compressed packet by the packets inside.
func flatten(blocks []block) []block {
	var all []block
	for _, b := range blocks {
		parsed, err := b.parse()
		compressed, ok := parsed.(*packet.Compressed)
		if err != nil || !ok {
			all = append(all, b)
			continue
		}
		data, err := io.ReadAll(io.LimitReader(compressed.Body, maxInputBytes))
		inner, whole := readBlocks(data)
		if err != nil || !whole {
			return append(all, b)
		}
		all = append(all, inner...)
	}
	return all
}
