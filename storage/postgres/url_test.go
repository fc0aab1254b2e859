package postgres_test

import (
	"strings"
	"testing"

	"github.com/walletport/walletport/storage/postgres"
)

func TestURLThatCannotBeReadIsNotShown(t *testing.T) {
	// Both halves of the password must stay hidden, whichever the parser takes for what.
	for _, c := range []struct{ name, url string }{
		{"a number sign in the password", "postgres://ada:hun#ter2@db.example/w"},
		{"a number sign behind a number", "postgres://ada:12#hunter2@db.example/w"},
		{"a percent sign in the password", "postgres://ada:hun%ter2@db.example/w"},
		{"a slash in the password", "postgres://ada:12/hunter2@db.example/w"},
		{"a slash that leaves a wrong port", "postgres://ada:hun/ter2@db.example/w"},
		{"a question mark in the password", "postgres://ada:12?hunter2@db.example/w"},
		{"an at sign in the password", "postgres://ada:hun@ter2@db.example/w"},
		{"an at sign in the user", "postgres://hun@ter2:x@db.example/w"},
		{"an ampersand in a password among the parameters", "postgres://ada@db.example/w?password=12&hunter2=1"},
		{"a sign that no host has", "postgres://ada:x@db.example!hunter2/w"},
		{"a port of a second host", "postgres://ada:x@db1:5432,db2:hunter2/w"},
		{"a bracket that does not close", "postgres://ada:x@[::1hunter2/w"},
		{"an at sign and a slash", "postgres://ada:hun@ter/2@db.example/w"},
		{"a colon before the port", "postgres://ada:x@db.example:hunter2/w"},
		{"a space in the host", "postgres://ada:hunter2@db example/w"},
		{"a password among wrong parameters", "postgres://ada@db.example/w?password=hunter2&sslmode=maybe"},
		{"wrong parameters", "postgres://ada:hunter2@db.example/w?sslmode=maybe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, err := range map[string]error{"CheckURL": postgres.CheckURL(c.url), "Open": openError(t, c.url)} {
				if err == nil {
					t.Fatalf("%s takes it", name)
				}
				for _, part := range []string{"hunter", "ter2", "hun", "ter/2"} {
					if strings.Contains(err.Error(), part) {
						t.Errorf("%s shows a part of the password: %v", name, err)
					}
				}
			}
		})
	}
}

func openError(t *testing.T, url string) error {
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url})
	if err == nil {
		_ = s.Close()
	}
	return err
}

func TestURLThatCanBeRead(t *testing.T) {
	for _, c := range []struct{ name, url string }{
		{"a plain one", "postgres://ada@db.example/w?sslmode=require"},
		{"two hosts with ports", "postgres://ada:x@db1:5432,db2:5433/w"},
		{"an IPv6 address", "postgres://ada:x@[::1]:5432/w"},
		{"a socket in escapes", "postgres://ada@%2Frun%2Fpostgresql/w"},
		{"a password with a colon", "postgres://ada:a:b@db.example/w"},
		{"a password among the parameters, and more", "postgres://ada@db.example/w?password=a%26b&sslmode=require"},
		{"a setting of the session", "postgres://ada:x@db.example/w?statement_timeout=5s&sslmode=disable"},
		{"a password with escapes", "postgres://ada:%40%23%25%2F@db.example:5433/w"},
		{"a socket", "postgres:///w?host=/run/postgresql"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := postgres.CheckURL(c.url); err != nil {
				t.Error(err)
			}
		})
	}
	err := postgres.CheckURL("postgres://ada@db.example/w?sslmode=verify-full&sslrootcert=/none/ca.pem")
	if err == nil || !strings.Contains(err.Error(), "/none/ca.pem") {
		t.Errorf("a root file that is not there: %v", err)
	}
}
