package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
)

// between stands between an issuer's servers and the schemes of a sandbox. It hands requests
// on as they are, unless a test has it do something else.
type between struct {
	*httptest.Server
	target *httputil.ReverseProxy

	lock sync.Mutex
	play map[string]http.HandlerFunc // by the scheme's word for a call
	seen []string                    // the calls
}

// mustBetween puts one before the schemes of a sandbox, and returns what their issuer then
// knows of them.
func mustBetween(t *testing.T, file sandboxFile) (*between, sandboxFile) {
	t.Helper()
	at, clickToPay := mustURL(t, file.SandboxURL), mustURL(t, file.ClickToPay.BaseURL)
	// The host of the request stays, for it is signed.
	b := &between{
		target: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			to := at
			if strings.HasPrefix(r.In.URL.Path, "/visaIdCredential/") {
				to = clickToPay
			}
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, r.In.Host
		}},
		play: map[string]http.HandlerFunc{},
	}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.CloseClientConnections)
	t.Cleanup(b.Close)
	here := func(address string) string { return b.URL + mustURL(t, address).Path }
	file.MDES.CustomerService.BaseURL, file.VTS.TokenAPI.BaseURL = here(file.MDES.CustomerService.BaseURL), here(file.VTS.TokenAPI.BaseURL)
	file.ClickToPay.BaseURL = here(file.ClickToPay.BaseURL)
	return b, file
}

func mustURL(t *testing.T, address string) *url.URL {
	t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// ServeHTTP plays what is set for the call, or hands it on.
func (b *between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := path.Base(r.URL.Path)
	b.lock.Lock()
	play := b.play[call]
	b.seen = append(b.seen, call)
	b.lock.Unlock()
	if play == nil {
		play = b.target.ServeHTTP
	}
	play(w, r)
}

// on has calls answered by play; nil hands them on again.
func (b *between) on(play http.HandlerFunc, calls ...string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	for _, call := range calls {
		b.play[call] = play
	}
}

// once is on for the first of these calls only.
func (b *between) once(play http.HandlerFunc, calls ...string) {
	var first sync.Once
	b.on(func(w http.ResponseWriter, r *http.Request) {
		do := b.target.ServeHTTP
		first.Do(func() { do = play })
		do(w, r)
	}, calls...)
}

// count returns how often a call came.
func (b *between) count(call string) (n int) {
	b.lock.Lock()
	defer b.lock.Unlock()
	for _, seen := range b.seen {
		if seen == call {
			n++
		}
	}
	return n
}

// drop closes the connection without an answer.
func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// done has the scheme do what is asked, does something, and closes the connection without an
// answer.
func (b *between) done(then func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b.target.ServeHTTP(httptest.NewRecorder(), r)
		then()
		drop(w, r)
	}
}
