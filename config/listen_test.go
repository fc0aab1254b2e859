package config

import (
	"strings"
	"testing"
)

func TestPlainHTTPIsForLoopbackOnly(t *testing.T) {
	pair := TLS{CertificateFile: "c.pem", KeyFile: "k.pem"}
	for _, c := range []struct {
		name, listen string
		tls          TLS
		ok           bool
	}{
		{"127.0.0.1", "127.0.0.1:8080", TLS{}, true},
		{"all of 127/8", "127.9.9.9:8080", TLS{}, true},
		{"IPv6 loopback", "[::1]:8080", TLS{}, true},
		{"localhost", "localhost:8080", TLS{}, true},
		{"every address", ":8080", TLS{}, false},
		{"every IPv4 address", "0.0.0.0:8080", TLS{}, false},
		{"every IPv6 address", "[::]:8080", TLS{}, false},
		{"a private address", "10.0.0.1:8080", TLS{}, false},
		{"a name that begins like loopback", "localhost.bank.example:8080", TLS{}, false},
		{"every address with TLS", ":8443", pair, true},
		{"no port", "127.0.0.1", TLS{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Config{HTTP: HTTP{Listen: c.listen, TLS: c.tls}}.validateListen()
			if (err == nil) != c.ok {
				t.Errorf("error %v, want ok %v", err, c.ok)
			}
		})
	}
}

func TestTLSSettingsGoTogether(t *testing.T) {
	for _, c := range []struct {
		name string
		in   TLS
		ok   bool
	}{
		{"none", TLS{}, true},
		{"a pair", TLS{CertificateFile: "c", KeyFile: "k"}, true},
		{"client roots", TLS{CertificateFile: "c", KeyFile: "k", ClientCAFile: "r", RequireClient: true}, true},
		{"a certificate alone", TLS{CertificateFile: "c"}, false},
		{"a key alone", TLS{KeyFile: "k"}, false},
		{"client roots alone", TLS{ClientCAFile: "r"}, false},
		{"a demand without roots", TLS{CertificateFile: "c", KeyFile: "k", RequireClient: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.in.validate(); (err == nil) != c.ok {
				t.Errorf("error %v, want ok %v", err, c.ok)
			}
		})
	}
}

func TestProxiesConfiguration(t *testing.T) {
	for _, c := range []struct {
		name string
		http HTTP
		says string // "" is taken
	}{
		{"nothing", HTTP{}, ""},
		{"networks and addresses", HTTP{TrustedProxies: []string{"10.0.0.0/8", "2001:db8::1"}, ForwardedHeader: "Forwarded", ProxyProtocol: true}, ""},
		{"a name", HTTP{TrustedProxies: []string{"proxy.example"}}, "no address"},
		{"everybody", HTTP{TrustedProxies: []string{"0.0.0.0/0"}}, "everybody"},
		{"another header", HTTP{ForwardedHeader: "X-Real-IP"}, "X-Forwarded-For or Forwarded"},
		{"PROXY protocol of anybody", HTTP{ProxyProtocol: true}, "needs http.trusted_proxies"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.http.validateProxies()
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}

func TestEveryFaultOfProxiesIsNamed(t *testing.T) {
	_, err := loaded(t, "http: {forwarded_header: X-Real-IP, trusted_proxies: [nowhere, 10.0.0.0/8, 0.0.0.0/0]}")
	for _, want := range []string{"http.forwarded_header: ", "http.trusted_proxies[0]: ", "http.trusted_proxies[2]: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named: %v", want, err)
		}
	}
}
