package walletport

import (
	"net/netip"
	"strings"
)

// This file knows what the search for PANs passes over as a whole: UUIDs, and addresses
// with a port.

const (
	uuidBytes       = 36
	uuidFirstHyphen = 8
)

// isUUID reports whether text has a UUID (RFC 9562) at i, in its text form: one of
// the eight versions and the variant that are in use, so that groups of digits
// which only look like it are searched.
func isUUID(text string, i int) bool {
	if i < 0 || i+uuidBytes > len(text) || i > 0 && isHexDigit(text[i-1]) || i+uuidBytes < len(text) && isHexDigit(text[i+uuidBytes]) {
		return false
	}
	for j, c := range []byte(text[i : i+uuidBytes]) {
		ok := isHexDigit(c)
		switch j {
		case uuidFirstHyphen, 13, 18, 23:
			ok = c == '-'
		case 14:
			ok = c >= '1' && c <= '8'
		case 19:
			ok = c == '8' || c == '9' || c == 'a' || c == 'b' || c == 'A' || c == 'B'
		}
		if !ok {
			return false
		}
	}
	return true
}

// ipv4PortBytes returns the length of an IPv4 address with a port at i ("192.0.2.7:443"),
// as servers write them into logs; 0 if there is none. One in forty would read like a
// PAN. A part without leading zeros, up to 255, is shorter than a PAN's usual groups.
func ipv4PortBytes(text string, i int) int {
	if i+len("1.1.1.1:1") > len(text) || i > 0 && text[i-1] == '.' {
		return 0
	}
	rest := text[i:]
	for part := range 5 {
		limit, end := 255, byte('.')
		switch part {
		case 3:
			end = ':'
		case 4:
			limit, end = 65535, 0
		}
		n := numberBytes(rest, limit)
		if n == 0 {
			return 0
		}
		rest = rest[n:]
		if end == 0 {
			break
		}
		if rest == "" || rest[0] != end {
			return 0
		}
		rest = rest[1:]
	}
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ':') && rest[1] >= '0' && rest[1] <= '9' {
		return 0 // it goes on
	}
	return len(text) - i - len(rest)
}

// numberBytes returns the length of the decimal number that text begins with, 0 for
// none, one above the limit, or one with leading zeros.
func numberBytes(text string, limit int) int {
	value, n := 0, 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		if value = value*10 + int(text[n]-'0'); value > limit || n > 0 && text[0] == '0' {
			return 0
		}
		n++
	}
	return n
}

// ipv6PortBytes returns the length of an IPv6 address in brackets, as it stands before
// a port, with which text begins; 0 if it does not.
func ipv6PortBytes(text string) int {
	const longest = len("[0000:0000:0000:0000:0000:0000:0000:0000]")
	end := strings.IndexByte(text[:min(len(text), longest)], ']')
	if end < 0 || end+1 == len(text) || text[end+1] != ':' {
		return 0
	}
	if address, err := netip.ParseAddr(text[1:end]); err != nil || !address.Is6() {
		return 0
	}
	return end + 1
}

func isHexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
