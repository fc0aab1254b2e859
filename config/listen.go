package config

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/walletport/walletport/door/forwarded"
)

// HTTP is the listener of the API.
type HTTP struct {
	Listen string `setting:"listen"` // host:port; default 127.0.0.1:8080
	TLS    TLS    `setting:"tls"`    // required on any address but loopback

	TrustedProxies  []string `setting:"trusted_proxies"`  // addresses and networks (10.0.0.0/8) of load balancers and reverse proxies; only they may say where a caller is, for audit trail, log and limits. Empty: nobody
	ForwardedHeader string   `setting:"forwarded_header"` // the header in which they say it: X-Forwarded-For or Forwarded (RFC 7239); empty is X-Forwarded-For
	ProxyProtocol   bool     `setting:"proxy_protocol"`   // trusted proxies begin each connection with a PROXY protocol header, version 1 or 2; without it they are cut off. Needs trusted_proxies

	Drain    time.Duration `setting:"drain"`    // how long readiness says no before the listener closes; default 0s, at most 1h. Set it behind a load balancer
	Shutdown time.Duration `setting:"shutdown"` // how long accepted requests may take to finish at shutdown; default 20s, 1s to 1h
}

// TLS is the server's own certificate, and who may connect.
type TLS struct {
	CertificateFile string `setting:"certificate_file"` // PEM, leaf first; empty serves plain HTTP (loopback only)
	KeyFile         string `setting:"key_file"`         // PEM private key of the certificate
	ClientCAFile    string `setting:"client_ca_file"`   // PEM roots of client certificates; empty asks for none
	RequireClient   bool   `setting:"require_client"`   // refuse connections without a client certificate
}

// Enabled reports whether the listener speaks TLS.
func (c TLS) Enabled() bool { return c.CertificateFile != "" || c.KeyFile != "" }

func (c TLS) validate() error {
	switch {
	case c.Enabled() && (c.CertificateFile == "" || c.KeyFile == ""):
		return errors.New("http.tls: certificate_file and key_file go together")
	case c.ClientCAFile != "" && !c.Enabled():
		return errors.New("http.tls: client_ca_file needs certificate_file and key_file")
	case c.RequireClient && c.ClientCAFile == "":
		return errors.New("http.tls: require_client needs client_ca_file")
	}
	return nil
}

// The longest waits at the end of a server. An orchestrator kills the process earlier.
const (
	maxDrain    = time.Hour
	minShutdown = time.Second
	maxShutdown = time.Hour
)

func (c HTTP) validate() error {
	problems := []error{c.TLS.validate()}
	if c.Drain < 0 || c.Drain > maxDrain {
		problems = append(problems, errors.New("http.drain: 0s to 1h"))
	}
	if c.Shutdown < minShutdown || c.Shutdown > maxShutdown {
		problems = append(problems, errors.New("http.shutdown: 1s to 1h"))
	}
	return errors.Join(problems...)
}

// validateListen refuses addresses that are none, two listeners on one, and plain
// HTTP where others on the network could read it.
func (c Config) validateListen() error {
	host, err := checkAddress("http.listen", c.HTTP.Listen)
	if err == nil && !c.HTTP.TLS.Enabled() && !IsLoopback(host) {
		err = fmt.Errorf("http.listen: %s is not loopback: set http.tls.certificate_file and http.tls.key_file", c.HTTP.Listen)
	}
	if c.Metrics.Listen == "" {
		return err
	}
	if _, metricsErr := checkAddress("metrics.listen", c.Metrics.Listen); metricsErr != nil {
		return errors.Join(err, metricsErr)
	}
	if sameListener(c.HTTP.Listen, c.Metrics.Listen) {
		err = errors.Join(err, fmt.Errorf("metrics.listen: %s is taken by http.listen, %s", c.Metrics.Listen, c.HTTP.Listen))
	}
	return err
}

// checkAddress reads host:port and returns the host.
func checkAddress(name, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%s: host:port, such as 127.0.0.1:8080 or [::1]:8080, or :8443 for every address", name)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%s: the port is a number from 1 to 65535, or 0 for a free one", name)
	}
	return host, nil
}

// sameListener reports whether two addresses, both good, cannot be listened on at once.
func sameListener(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	numberA, _ := strconv.ParseUint(portA, 10, 16)
	numberB, _ := strconv.ParseUint(portB, 10, 16)
	everywhere := func(host string) bool {
		ip := net.ParseIP(host)
		return host == "" || ip != nil && ip.IsUnspecified()
	}
	return numberA == numberB && numberA != 0 &&
		(hostA == hostB || everywhere(hostA) || everywhere(hostB) || IsLoopback(hostA) && IsLoopback(hostB) && (hostA == "localhost" || hostB == "localhost"))
}

// IsLoopback reports whether a host is this machine to itself.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// MetricsBesideAPI reports whether /metrics is served beside the API: on loopback, and
// only without a listener of its own.
func (c Config) MetricsBesideAPI() bool {
	host, _, err := net.SplitHostPort(c.HTTP.Listen)
	return err == nil && c.Metrics.Listen == "" && IsLoopback(host)
}

// Proxies returns whose word counts on where a caller is.
func (c HTTP) Proxies() (forwarded.Proxies, error) {
	p, err := forwarded.Parse(c.TrustedProxies, c.ForwardedHeader)
	return p, at("http", err)
}

func (c HTTP) validateProxies() error {
	_, err := c.Proxies()
	if c.ProxyProtocol && len(c.TrustedProxies) == 0 {
		err = errors.Join(err, errors.New("http.proxy_protocol: needs http.trusted_proxies, else anybody could say to be anybody"))
	}
	return err
}
