package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/walletport/walletport/auth"
)

func mustTrust(t testing.TB, c auth.Config, clock func() time.Time) *auth.Trust {
	t.Helper()
	trust, err := auth.OpenTrust(t.Context(), c, clock, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func newAuthenticator(c auth.Config, store auth.ClientStore, clock func() time.Time) (*auth.Authenticator, error) {
	trust, err := auth.OpenTrust(context.Background(), c, clock, nil, nil)
	if err != nil {
		return nil, err
	}
	return auth.New(c, store, clock, trust)
}

func newGate(c auth.Config, clock func() time.Time) (*auth.StepUp, error) {
	trust, err := auth.OpenTrust(context.Background(), c, clock, nil, nil)
	if err != nil {
		return nil, err
	}
	return auth.NewStepUp(c, trust)
}
