package applesim

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"slices"

	"github.com/walletport/walletport/sim"
)

const (
	coordinateBytes = 32
	pointBytes      = 1 + 2*coordinateBytes
	uncompressed    = 0x04 // SEC 1 section 2.3.3
)

// readPoint checks that the ephemeral key is the uncompressed point of P-256, and
// understands the other forms seen in the field.
func (r *reading) readPoint(sent []byte) *ecdh.PublicKey {
	point, k := parsePoint(sent)
	if k.Code != "" {
		r.Fail(checkEphemeralPoint, k, "the key has %d bytes", len(sent))
	}
	if point != nil && r.keys.Leaf != nil && point.Equal(r.keys.Leaf.PublicKey()) {
		r.Fail(checkEphemeralPoint, ephemeralIsLeaf, "the key is that of Apple's leaf")
	}
	r.Pass(checkEphemeralPoint, "a point of P-256, uncompressed, %d bytes", len(sent))
	return point
}

func (r *reading) readEphemeralPEM(text string) ephemeral {
	r.Fail(checkEphemeralEncoding, ephemeralPEM, "the key is PEM")
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return ephemeral{}
	}
	point, _ := parseDER(block.Bytes)
	return ephemeral{block.Bytes, point}
}

// parsePoint returns the point and, unless it stands in the right form, the fault.
// The point is nil if it could not be understood.
func parsePoint(sent []byte) (*ecdh.PublicKey, sim.Kind) {
	if len(sent) == pointBytes && sent[0] == uncompressed {
		point, err := ecdh.P256().NewPublicKey(sent)
		if err != nil {
			return nil, ephemeralOffCurve
		}
		return point, sim.Kind{}
	}
	if point, k := parseDER(sent); point != nil {
		return point, k
	}
	if point, k := parseCompressed(sent); point != nil {
		return point, k
	}
	if point, k := parseCoordinates(sent); point != nil {
		return point, k
	}
	return nil, ephemeralLength
}

// parseDER takes a key out of DER: an SPKI, a certificate or a private key.
func parseDER(der []byte) (*ecdh.PublicKey, sim.Kind) {
	if key, err := x509.ParsePKIXPublicKey(der); err == nil {
		return pointOf(key), ephemeralSPKI
	}
	if certificate, err := x509.ParseCertificate(der); err == nil {
		return pointOf(certificate.PublicKey), ephemeralCertificate
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return pointOf(key.Public()), ephemeralPrivate
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if private, ok := key.(*ecdsa.PrivateKey); ok {
			return pointOf(private.Public()), ephemeralPrivate
		}
	}
	return nil, sim.Kind{}
}

// pointOf returns nil for what is no key of P-256.
func pointOf(key any) *ecdh.PublicKey {
	public, ok := key.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil
	}
	point, err := public.ECDH()
	if err != nil {
		return nil
	}
	return point
}

func parseCompressed(sent []byte) (*ecdh.PublicKey, sim.Kind) {
	k := ephemeralCompressed
	if len(sent) == coordinateBytes {
		// Either Y gives the same shared secret.
		sent, k = slices.Concat([]byte{0x02}, sent), ephemeralXOnly
	}
	if len(sent) != 1+coordinateBytes {
		return nil, k
	}
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), sent)
	if x == nil {
		return nil, k
	}
	return uncompressedPoint(x.FillBytes(make([]byte, coordinateBytes)), y.FillBytes(make([]byte, coordinateBytes))), k
}

// parseCoordinates takes X and Y written without 04, or as big integers: without
// their leading zeros, or with a sign byte. Every split of the bytes into two
// numbers is tried; only one is on the curve.
func parseCoordinates(sent []byte) (*ecdh.PublicKey, sim.Kind) {
	if len(sent) == pointBytes-1 {
		if point := uncompressedPoint(sent[:coordinateBytes], sent[coordinateBytes:]); point != nil {
			return point, ephemeralNoPrefix
		}
	}
	body, ok := bytes.CutPrefix(sent, []byte{uncompressed})
	if !ok || len(body) > 2*coordinateBytes+2 {
		return nil, sim.Kind{}
	}
	k := ephemeralUnpadded
	if len(body) > 2*coordinateBytes {
		k = ephemeralSignByte
	}
	for split := range body {
		x, okX := padded(body[:split])
		y, okY := padded(body[split:])
		if !okX || !okY {
			continue
		}
		if point := uncompressedPoint(x, y); point != nil {
			return point, k
		}
	}
	return nil, sim.Kind{}
}

// padded returns a big-endian number in the bytes of a coordinate.
func padded(number []byte) ([]byte, bool) {
	number = bytes.TrimLeft(number, "\x00")
	if len(number) > coordinateBytes {
		return nil, false
	}
	return slices.Concat(make([]byte, coordinateBytes-len(number)), number), true
}

// uncompressedPoint returns nil for what is not on the curve.
func uncompressedPoint(x, y []byte) *ecdh.PublicKey {
	point, err := ecdh.P256().NewPublicKey(slices.Concat([]byte{uncompressed}, x, y))
	if err != nil {
		return nil
	}
	return point
}
