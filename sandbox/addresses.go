package sandbox

import (
	"context"
	"errors"
	"net"
	"net/url"

	"github.com/walletport/walletport/config"
	"github.com/walletport/walletport/server"
)

// takeAddresses opens the sockets of the API and of the simulated Click to Pay, and has the
// server call the simulated schemes there.
func (b *Sandbox) takeAddresses(ctx context.Context, settings *config.Config) (err error) {
	if b.socket, err = server.OpenSocket(ctx, settings.HTTP.Listen); err != nil {
		return err
	}
	if b.clickToPay, err = b.openClickToPaySocket(ctx); err != nil {
		return err
	}
	if callsNoSimulator(*settings) {
		return nil
	}
	if err := callSimulators(settings, urlOf(b.socket, *settings)+frontDoorPath, urlOf(b.clickToPay, *settings)); err != nil {
		b.o.Log.Warn("calls of schemes are switched off", "err", err)
	}
	return nil
}

// openClickToPaySocket takes the port of the last start again, if it can: an issuer's server
// that calls the simulator has its address in its configuration.
func (b *Sandbox) openClickToPaySocket(ctx context.Context) (net.Listener, error) {
	if b.o.ClickToPay != "" {
		return server.OpenSocket(ctx, b.o.ClickToPay)
	}
	host, _, err := net.SplitHostPort(b.o.Listen)
	if err != nil {
		return nil, err
	}
	previous, found, err := readFile(FilePath(b.o.Dir))
	if err != nil {
		return nil, err
	}
	if port := previous.clickToPayPort(); found && port != "" {
		socket, err := server.OpenSocket(ctx, net.JoinHostPort(host, port))
		if err == nil || ctx.Err() != nil {
			return socket, err
		}
		b.o.Log.Warn("the simulated Click to Pay gets another port than before", "err", err)
	}
	return server.OpenSocket(ctx, net.JoinHostPort(host, "0"))
}

// clickToPayPort is empty in the file of a release whose simulated Click to Pay was behind the
// port of the API.
func (f File) clickToPayPort() string {
	own, err := url.Parse(f.ClickToPay.BaseURL)
	api, apiErr := url.Parse(f.BaseURL)
	if errors.Join(err, apiErr) != nil || own.Host == api.Host {
		return ""
	}
	return own.Port()
}

// urlOf returns where a socket of the sandbox is reached: behind TLS where the API is.
func urlOf(socket net.Listener, settings config.Config) string {
	if settings.HTTP.TLS.Enabled() {
		return "https://" + socket.Addr().String()
	}
	return "http://" + socket.Addr().String()
}
