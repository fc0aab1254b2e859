package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/walletport/walletport/config"
)

// organization is the issuer's name to the simulated MDES.
const organization = "Walletport Sandbox"

// RunningConfig returns the configuration of the sandbox that runs on a folder, with the
// addresses of its simulated schemes. A folder that no sandbox runs on is an error, unless
// its configuration names other addresses for all of them.
func RunningConfig(dir string) (config.Config, error) {
	settings, err := config.Load(ConfigPath(dir))
	if err != nil || callsNoSimulator(settings) {
		return settings, err
	}
	running, err := isRunning(dir)
	if err != nil {
		return settings, err
	}
	file, found, err := readFile(FilePath(dir))
	switch {
	case err != nil:
		return settings, err
	case !running || !found:
		return settings, fmt.Errorf("no sandbox is running on %s, and its schemes are only there while it does: start walletport sandbox --dir %[1]s", dir)
	}
	return settings, callSimulators(&settings, file.SandboxURL, file.ClickToPay.BaseURL)
}

func callsNoSimulator(settings config.Config) bool {
	return settings.Schemes.MDES.CustomerService.Enabled() && settings.Schemes.VTS.TokenAPI.Enabled() && settings.ClickToPay.Visa.Enabled()
}

// callSimulators has the server call the sandbox's own schemes, over HTTP as a stranger
// would. Addresses that are in the configuration already stay: somebody may want to play a
// scheme. The error says why the server cannot call them; nothing is changed then.
func callSimulators(settings *config.Config, sandboxURL, clickToPayURL string) error {
	own, err := loopbackOf(sandboxURL)
	if err != nil {
		return err
	}
	clickToPay, err := loopbackOf(clickToPayURL)
	if err != nil {
		return err
	}
	mdes, visa := &settings.Schemes.MDES.CustomerService, &settings.Schemes.VTS.TokenAPI
	mdes.BaseURL = cmp.Or(mdes.BaseURL, own+customerServicePath)
	mdes.Organization = cmp.Or(mdes.Organization, organization)
	visa.BaseURL = cmp.Or(visa.BaseURL, own+tokenAPIPath)
	enrolment := &settings.ClickToPay.Visa
	enrolment.BaseURL = cmp.Or(enrolment.BaseURL, clickToPay)
	if len(enrolment.BIDs) == 0 {
		enrolment.BIDs = map[string][]string{string(Issuer): {clickToPayBID}}
	}
	return nil
}

// loopbackOf returns the URL by which this machine reaches a listener of its own. Plain HTTP
// to a scheme is allowed on loopback only, and behind TLS the sandbox would have to trust a
// certificate that is none of its making.
func loopbackOf(address string) (string, error) {
	at, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("address of the sandbox: %w", err)
	}
	ip := net.ParseIP(at.Hostname())
	switch {
	case at.Scheme != "http" || ip == nil:
		return "", errors.New("the sandbox calls its simulated schemes in plain HTTP only: leave http.tls out")
	case ip.Equal(net.IPv4zero):
		ip = net.IPv4(127, 0, 0, 1)
	case ip.Equal(net.IPv6unspecified):
		ip = net.IPv6loopback
	case !ip.IsLoopback():
		return "", errors.New("the sandbox calls its simulated schemes on loopback only: listen on 127.0.0.1, or on all addresses")
	}
	at.Host = net.JoinHostPort(ip.String(), at.Port())
	return at.String(), nil
}
