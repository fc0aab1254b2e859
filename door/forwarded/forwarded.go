// Package forwarded says where a caller is who comes through load balancers and reverse
// proxies: from what the trusted ones among them write into X-Forwarded-For or Forwarded
// (RFC 7239). Nobody else's word counts.
package forwarded

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies says whose word counts on where a caller is. The zero value trusts nobody:
// the caller is who opened the connection.
type Proxies struct {
	Trusted []netip.Prefix // addresses of load balancers and reverse proxies
	Header  string         // which they write: X-Forwarded-For, also if empty, or Forwarded
}

// The headers in which proxies tell the caller's address. Only one of them is read:
// a proxy that writes one passes the other on as the caller sent it.
const (
	headerForwardedFor = "X-Forwarded-For"
	headerForwarded    = "Forwarded" // RFC 7239
)

// maxHops bounds how many proxies are followed back.
const maxHops = 16

// Parse reads a list of networks (10.0.0.0/8) and addresses, and the name of a
// header.
func Parse(trusted []string, header string) (Proxies, error) {
	p := Proxies{Header: header}
	var problems []error
	if header != "" && header != headerForwardedFor && header != headerForwarded {
		problems = append(problems, errors.New("forwarded_header: the header is "+headerForwardedFor+" or "+headerForwarded))
	}
	for i, text := range trusted {
		prefix, err := parsePrefix(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("trusted_proxies[%d]: %w", i, err))
			continue
		}
		p.Trusted = append(p.Trusted, prefix)
	}
	return p, errors.Join(problems...)
}

func parsePrefix(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if address, addressErr := netip.ParseAddr(text); addressErr == nil && address.Zone() == "" {
		prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
	}
	switch {
	case err != nil:
		return prefix, fmt.Errorf("%q is no address and no network such as 10.0.0.0/8", text)
	case prefix.Bits() == 0:
		return prefix, fmt.Errorf("%s is everybody: name the proxies", text)
	case prefix.Addr().Is4In6():
		return prefix, fmt.Errorf("%s: write IPv4 networks as such", text)
	case prefix != prefix.Masked():
		return prefix, fmt.Errorf("%s has bits behind the mask: write %s", text, prefix.Masked())
	}
	return prefix, nil
}

// Trusts reports whether the address is a proxy's.
func (p Proxies) Trusts(address netip.Addr) bool {
	address = plainAddr(address)
	return slices.ContainsFunc(p.Trusted, func(n netip.Prefix) bool { return n.Contains(address) })
}

// plainAddr writes one address in one way.
func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Caller returns the address of who called, without port and zone; "" when there is
// none. From the connection's other end it goes back over trusted proxies, each of
// which has written who called it at the end of the header. Where one has written
// something else than an address, it is the nearest that is known.
func (p Proxies) Caller(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	known := plainAddr(peer.Addr())
	if len(p.Trusted) == 0 || !p.Trusts(known) {
		return known.String()
	}
	name, parse := headerForwardedFor, parseForwardedFor
	if p.Header == headerForwarded {
		name, parse = headerForwarded, parseForwarded
	}
	rest := strings.Join(r.Header.Values(name), ",")
	for range maxHops {
		if rest == "" {
			break
		}
		var last string
		rest, last = cutLast(rest)
		address, ok := parse(last)
		if !ok {
			break
		}
		if known = address; !p.Trusts(address) {
			break
		}
	}
	return known.String()
}

// cutLast cuts a list of a header (RFC 9110 section 5.6.1) before its last member. It
// reads from the end, so that what the caller wrote at the beginning, such as a quote
// that never ends, does not reach the members that proxies have added.
func cutLast(list string) (rest, last string) {
	quoted := false
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case list[i] == '"' && !isEscaped(list, i):
			quoted = !quoted
		case list[i] == ',' && !quoted:
			return list[:i], strings.Trim(list[i+1:], " \t")
		}
	}
	return "", strings.Trim(list, " \t")
}

// isEscaped reports whether an odd number of backslashes stands before i.
func isEscaped(text string, i int) bool {
	before := len(strings.TrimRight(text[:i], `\`))
	return (i-before)%2 == 1
}

// parseForwardedFor reads a member of X-Forwarded-For: an address, with a port from
// some proxies.
func parseForwardedFor(member string) (netip.Addr, bool) {
	if address, err := netip.ParseAddr(member); err == nil {
		return plainAddr(address), true
	}
	return parseNode(member)
}

// parseForwarded reads the parameter for of a member of Forwarded (RFC 7239 section
// 4). "unknown" and obfuscated identifiers (_gazonk) are no addresses.
func parseForwarded(member string) (netip.Addr, bool) {
	found := ""
	for pair := range strings.SplitSeq(member, ";") { // a semicolon in quotes ends in no address, which is right
		name, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
		if !ok || !strings.EqualFold(name, "for") {
			continue
		}
		if found != "" || value == "" {
			return netip.Addr{}, false
		}
		found = value
	}
	if len(found) > 1 && found[0] == '"' && found[len(found)-1] == '"' {
		found = found[1 : len(found)-1] // no address needs an escape
	}
	return parseNode(found)
}

// maxPortChars bounds a port, which may be obfuscated as a name may.
const maxPortChars = 64

// parseNode reads an IPv4 address or an IPv6 address in brackets, with or without a
// port (RFC 7239 section 6).
func parseNode(node string) (netip.Addr, bool) {
	text, port, hasPort := strings.Cut(node, ":")
	bracketed := strings.HasPrefix(node, "[")
	if bracketed {
		end := strings.IndexByte(node, ']')
		if end < 0 {
			return netip.Addr{}, false
		}
		text, port = node[1:end], node[end+1:]
		if port, hasPort = strings.CutPrefix(port, ":"); !hasPort && port != "" {
			return netip.Addr{}, false
		}
	}
	address, err := netip.ParseAddr(text)
	if err != nil || bracketed != address.Is6() || hasPort && !isNodePort(port) {
		return netip.Addr{}, false
	}
	return plainAddr(address), true
}

func isNodePort(port string) bool {
	return port != "" && len(port) <= maxPortChars &&
		strings.Trim(port, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-") == ""
}
