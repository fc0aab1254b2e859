package scheme_test

import (
	"testing"

	"github.com/walletport/walletport/scheme"
)

func TestCheckBaseURL(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"https", "https://api.visa.example", ""},
		{"http with a port and a path", "http://127.0.0.1:8080/vdp/", ""},
		{"nothing", "", "url: not an absolute http or https URL"},
		{"no scheme", "api.visa.example", "url: not an absolute http or https URL"},
		{"no host", "https:///vdp", "url: not an absolute http or https URL"},
		{"another scheme", "ftp://api.visa.example", "url: not an absolute http or https URL"},
		{"no URL", "https://[::1", "url: not an absolute http or https URL"},
		{"a query", "https://api.visa.example?a=1", "url: has neither query, fragment nor user"},
		{"a fragment", "https://api.visa.example#a", "url: has neither query, fragment nor user"},
		{"a user", "https://ada:secret@api.visa.example", "url: has neither query, fragment nor user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := scheme.CheckBaseURL(c.text); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%q", got)
			}
		})
	}
}
