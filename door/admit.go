package door

import (
	"crypto/x509"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/walletport/walletport"
)

// serveCall answers what is below the base path.
func (d *Door) serveCall(c *Call) {
	c.w.Header()["Cache-Control"] = headerNoStore
	if op, arguments := d.API.Match(c.r); op != nil {
		c.match(op, arguments)
		if err := d.admit(c); err != nil {
			c.Refuse(err)
			return
		}
		if op.Once != nil {
			d.serveOnce(c)
			return
		}
	}
	d.API.Handler.ServeHTTP(c.w, c.r)
}

// match notes what is called ahead of everything else, so that a refusal at any step
// knows what was asked for.
func (c *Call) match(op *Operation, arguments []string) {
	c.op, c.arguments = op, arguments
	c.route, c.wallet = op.Route, string(op.Wallet)
	h := c.w.Header()
	for name, values := range op.Headers {
		h[name] = values
	}
}

// admit lets a call in: first who, then how often, then whether they may, and only
// then what they sent. Who fails at one step learns nothing of the later ones.
func (d *Door) admit(c *Call) error {
	var err error
	if c.caller, err = d.Authenticator.Authenticate(c.r); err != nil {
		return err
	}
	c.actor = c.caller.Actor
	if wait, over := d.limits.client(c.actor.ClientID); over {
		return errRateLimited(wait)
	}
	if !c.actor.May(c.op.Scope) {
		return walletport.Errorf(walletport.CodeForbidden, "scope_missing", "the call needs the scope %s", c.op.Scope)
	}
	if !acceptsJSON(c.r.Header["Accept"]) {
		return errNotAcceptable()
	}
	if d.API.Prepare != nil {
		if err := d.API.Prepare(c.r, &c.request); err != nil {
			return err
		}
	}
	if err := c.readBody(); err != nil {
		return err
	}
	c.r = c.r.WithContext(walletport.WithActor(walletport.WithRequest(c.r.Context(), c.request), c.actor))
	return nil
}

// ClientCertificate returns the certificate that the TLS layer verified, or nil. One
// that it did not verify is not looked at.
func ClientCertificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return nil
	}
	return r.TLS.VerifiedChains[0][0]
}

// acceptsJSON reports whether an Accept header (RFC 9110 section 12.5.1) allows
// application/json. The most specific range decides; a broken one counts for nothing.
func acceptsJSON(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	allowed, decided := false, 0
	for _, header := range accept {
		for item := range strings.SplitSeq(header, ",") {
			specific, quality := rangeForJSON(item)
			if specific > decided {
				decided, allowed = specific, quality > 0
			} else if specific > 0 && specific == decided {
				allowed = allowed || quality > 0
			}
		}
	}
	return allowed
}

// rangeForJSON says how closely a media range fits application/json, 0 is not at
// all, and its quality.
func rangeForJSON(item string) (specific int, quality float64) {
	kind, parameters, err := mime.ParseMediaType(item)
	if err != nil {
		return 0, 0
	}
	quality = 1
	if text, ok := parameters["q"]; ok {
		if quality, err = strconv.ParseFloat(text, 64); err != nil {
			return 0, 0
		}
	}
	switch kind {
	case "application/json":
		return 3, quality
	case "application/*":
		return 2, quality
	case "*/*":
		return 1, quality
	}
	return 0, 0
}
