package oracle_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/walletport/walletport/oracle"
)

// ended records how a test was ended instead of ending this one.
type ended struct {
	testing.TB
	how, text string
}

func (e *ended) Helper() {}

func (e *ended) Fatalf(format string, args ...any) { e.end("failed", format, args...) }
func (e *ended) Skipf(format string, args ...any)  { e.end("skipped", format, args...) }

func (e *ended) end(how, format string, args ...any) {
	e.how, e.text = how, fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func endOf(t *testing.T, test func(testing.TB)) *ended {
	e := &ended{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(e)
	}()
	<-done
	return e
}

func TestAFailingOracleShowsWhatItWrote(t *testing.T) {
	shell := oracle.Need(t, "sh")
	end := endOf(t, func(t testing.TB) { shell.Run(t, nil, "-c", "echo the reason >&2; exit 3") })
	if end.how != "failed" || !strings.Contains(end.text, "exit status 3") || !strings.Contains(end.text, "the reason") {
		t.Errorf("the test %s with %q", end.how, end.text)
	}
}

func TestAMissingOracle(t *testing.T) {
	for _, c := range []struct{ name, required, how string }{
		{"is skipped where a developer lacks it", "", "skipped"},
		{"fails where the build demands every oracle", "1", "failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("WALLETPORT_REQUIRE_ORACLES", c.required)
			for what, need := range map[string]func(testing.TB){
				"no-such-program":     func(t testing.TB) { oracle.Need(t, "no-such-program") },
				"no-such-npm-package": func(t testing.TB) { oracle.NeedNode(t, "no-such-npm-package") },
			} {
				if end := endOf(t, need); end.how != c.how || !strings.Contains(end.text, what) {
					t.Errorf("%s: the test %s with %q, want %s", what, end.how, end.text, c.how)
				}
			}
		})
	}
}

func TestArgumentsOfARunAreItsOwn(t *testing.T) {
	echo := oracle.Need(t, "echo").With("-n", "a")
	first := echo.With("b")
	second := echo.With("c")
	if got := string(first.Run(t, nil)) + string(second.Run(t, nil, "d")) + string(echo.Run(t, nil)); got != "a ba c da" {
		t.Errorf("got %q", got)
	}
}

// Debian 12's Node has no global WebCrypto; the scripts have to bring it along.
func TestNodeHasWhatTheScriptsWant(t *testing.T) {
	node := oracle.NeedNode(t, "jose", "mastercard-client-encryption")
	out := node.Run(t, []byte(`{"secret":"a","seal":["text"]}`), oracle.Dir(t)+"/jwe.mjs")
	if !strings.Contains(string(out), `"sealed":["ey`) {
		t.Errorf("jwe.mjs says %s", out)
	}
}
