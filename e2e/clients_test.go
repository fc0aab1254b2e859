package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/walletport/walletport/storage/storagetest"
)

// TestALeakedClient is rotated and then revoked, with two replicas that know it.
func TestALeakedClient(t *testing.T) {
	t.Parallel()
	p := mustProduction(t, storagetest.Postgres(t), "")
	client := p.mustClient(t, "provision")
	replicas := []*server{p.mustServe(t), p.mustServe(t)}
	try := func(secret string) (codes [2]string) {
		for i, s := range replicas {
			a := newCaller(s.base, credentials{client.Username, secret}).provision(serveCardID, wallet, "try")
			if codes[i] = a.code(); a.status == 200 {
				codes[i] = "ok"
			}
		}
		return codes
	}
	of := func(command string, more ...string) string {
		return mustRun(t, "", p.at().with(append([]string{"clients", command, client.Username}, more...)...)...)
	}
	both := func(code string) [2]string { return [2]string{code, code} }
	if got := try(client.Password); got != both("ok") {
		t.Fatalf("before: %v", got)
	}
	var rotated credentials
	if err := json.Unmarshal([]byte(of("rotate-secret", "--overlap", "1h", "--json")), &rotated); err != nil {
		t.Fatal(err)
	}
	if got := try(rotated.Password); got != both("ok") {
		t.Errorf("the new secret, at once: %v", got)
	}
	if got := try(client.Password); got != both("ok") {
		t.Errorf("the old secret during the overlap: %v", got)
	}
	of("rotate-secret", "--overlap", "0s")
	eventually(t, "both older secrets are out on both replicas", func() bool {
		return try(client.Password) == both("credentials_invalid") && try(rotated.Password) == both("credentials_invalid")
	})
	var latest credentials
	if err := json.Unmarshal([]byte(of("rotate-secret", "--json")), &latest); err != nil {
		t.Fatal(err)
	}
	if got := try(latest.Password); got != both("ok") {
		t.Errorf("the latest secret: %v", got)
	}
	of("revoke")
	eventually(t, "the revoked client is out on both replicas", func() bool { return try(latest.Password) == both("client_revoked") })
	for _, s := range replicas {
		s.mustStop(t)
	}
	if shown := of("show", "--json"); !strings.Contains(shown, `"lastUsedAt":"20`) || !strings.Contains(shown, `"state":"revoked"`) {
		t.Errorf("the client is shown as %s", shown)
	}
	mustVerify(t, p.at(), mustExport(t, p.at()))
}
