package postgres_test

import (
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage/postgres"
	"github.com/walletport/walletport/storage/storagetest"
)

// grantsOf returns the documented GRANTs to the serving role, one right a line.
func grantsOf(t *testing.T) (statements, rights []string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, grant := range regexp.MustCompile(`(?m)^GRANT (.+) ON ([a-z_, ]+) TO .*walletport_server.*;$`).FindAllStringSubmatch(string(page), -1) {
		statements = append(statements, grant[0])
		for _, privilege := range regexp.MustCompile(`[A-Z]+( \([a-z_]+\))?`).FindAllString(grant[1], -1) {
			for table := range strings.SplitSeq(grant[2], ", ") {
				rights = append(rights, privilege+" on "+table)
			}
		}
	}
	return statements, rights
}

func TestServingRightsAreThoseThatThePageGrants(t *testing.T) {
	_, granted := grantsOf(t)
	needed := postgres.ServingRights()
	slices.Sort(granted)
	slices.Sort(needed)
	if diff := cmp.Diff(granted, needed); diff != "" {
		t.Errorf("rights (-granted +needed):\n%s", diff)
	}
}

func TestAForgottenGrantIsNamed(t *testing.T) {
	database := storagetest.Postgres(t)
	owner, err := postgres.Open(t.Context(), postgres.Config{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close() })
	exec := func(statement string) {
		t.Helper()
		if err := owner.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := owner.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := owner.Ping(t.Context()); err != nil {
		t.Errorf("the owner: %v", err)
	}
	// Roles are the whole server's, so these are not named as the page names them.
	role := "rights_" + strings.ToLower(regexp.MustCompile(`[^a-z0-9]`).ReplaceAllString(database[strings.LastIndex(database, "/")+1:strings.Index(database, "?")], ""))
	exec("CREATE ROLE " + role + " LOGIN")
	grants, _ := grantsOf(t)
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.User(role)
	open := func() error {
		server, err := postgres.Open(t.Context(), postgres.Config{URL: address.String(), Existing: true})
		if err == nil {
			err = server.Ping(t.Context())
			_ = server.Close()
		}
		return err
	}
	wantMissing := func(name, want string) {
		t.Helper()
		if err := open(); walletport.ReasonOf(err) != "database_rights" || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "docs/operations.md") {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	wantMissing("no grant", "permission denied")
	for _, grant := range grants {
		statement, _, _ := strings.Cut(grant, " TO ")
		exec(statement + " TO " + role)
	}
	if err := open(); err != nil {
		t.Fatalf("with the page's grants: %v", err)
	}
	for _, lost := range []string{"DELETE on nonces", "INSERT on audit_entries", "UPDATE on audit_head", "UPDATE (last_used_ms) on clients", "UPDATE on probe", "SELECT on cards"} {
		exec("REVOKE " + lost + " FROM " + role)
		wantMissing(lost, "missing: "+lost+")")
		exec("GRANT " + lost + " TO " + role)
	}
	exec("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
	wantMissing("no schema", "USAGE on the schema public")
}
