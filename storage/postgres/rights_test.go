package postgres_test

import (
	"errors"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/jobs"
	"github.com/walletport/walletport/storage"
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

// servingRole is a migrated database with a role that serves in it.
type servingRole struct {
	owner *postgres.Store
	name  string
	url   string // of the database, as the role
}

// openRole makes the role without any right. Roles are the whole server's, so this one is
// not named as the page names it.
func openRole(t *testing.T) servingRole {
	t.Helper()
	database := storagetest.Postgres(t)
	owner, err := postgres.Open(t.Context(), postgres.Config{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close() })
	if err := owner.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := servingRole{owner: owner}
	r.name = "rights_" + strings.ToLower(regexp.MustCompile(`[^a-z0-9]`).ReplaceAllString(database[strings.LastIndex(database, "/")+1:strings.Index(database, "?")], ""))
	r.exec(t, "CREATE ROLE "+r.name+" LOGIN")
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.User(r.name)
	r.url = address.String()
	return r
}

func (r servingRole) exec(t *testing.T, statement string) {
	t.Helper()
	if err := r.owner.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// grant gives the role what the page grants.
func (r servingRole) grant(t *testing.T) {
	t.Helper()
	grants, _ := grantsOf(t)
	for _, grant := range grants {
		statement, _, _ := strings.Cut(grant, " TO ")
		r.exec(t, statement+" TO "+r.name)
	}
}

func (r servingRole) open(t *testing.T) (*postgres.Store, error) {
	t.Helper()
	server, err := postgres.Open(t.Context(), postgres.Config{URL: r.url, Existing: true})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = server.Close() })
	return server, server.Ping(t.Context())
}

func TestAForgottenGrantIsNamed(t *testing.T) {
	role := openRole(t)
	if err := role.owner.Ping(t.Context()); err != nil {
		t.Errorf("the owner: %v", err)
	}
	wantMissing := func(name, want string) {
		t.Helper()
		if _, err := role.open(t); walletport.ReasonOf(err) != "database_rights" || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "docs/operations.md") {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	wantMissing("no grant", "permission denied")
	role.grant(t)
	if _, err := role.open(t); err != nil {
		t.Fatalf("with the page's grants: %v", err)
	}
	for _, lost := range []string{
		"DELETE on nonces", "UPDATE on answers", "INSERT on audit_entries", "INSERT on audit_tree", "SELECT on audit_notes", "INSERT on audit_cosignatures", "UPDATE (line) on audit_cosignatures", "UPDATE on audit_head", "UPDATE (last_used_ms) on clients", "UPDATE on probe", "SELECT on cards", "SELECT on card_finds", "SELECT on customers",
		"UPDATE on tokens", "INSERT on token_history", "UPDATE on token_lists", "DELETE on jobs", "UPDATE on job_lanes",
		"DELETE on consumers", "UPDATE on enrolment_requests", "INSERT on enrolment_requests_open", "SELECT on opt_outs",
	} {
		role.exec(t, "REVOKE "+lost+" FROM "+role.name)
		wantMissing(lost, "missing: "+lost+")")
		role.exec(t, "GRANT "+lost+" TO "+role.name)
	}
	role.exec(t, "REVOKE USAGE ON SCHEMA public FROM PUBLIC")
	wantMissing("no schema", "USAGE on the schema public")
}

// TestTheGrantsAreEnoughForTokensAndJobs does as the serving role what serve does to them.
func TestTheGrantsAreEnoughForTokensAndJobs(t *testing.T) {
	role := openRole(t)
	role.grant(t)
	server, err := role.open(t)
	if err != nil {
		t.Fatal(err)
	}
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	now, err := server.Now(t.Context())
	must("the time", err)
	const kind jobs.Kind = "tokens.resolve"
	seen := storage.SeenToken{Token: storage.Token{
		Ref: walletport.TokenRef{Scheme: walletport.Visa, Requestor: "40010030273", Reference: "ref"}, Issuer: "acme", CardID: 1,
		Status: walletport.TokenActive, Source: "details", AsOf: now,
	}}
	must("a token", server.Update(t.Context(), func(tx storage.Tx) error {
		puts, err := tx.PutTokens([]storage.SeenToken{seen})
		if err != nil {
			return err
		}
		id := puts[0].ID
		change := func(old storage.Token) (storage.Token, error) { old.DeviceType = "21"; return old, nil }
		entry := storage.TokenHistoryEntry{Token: id, At: now, What: storage.TokenChangeAsked, Channel: storage.ChannelAPI}
		if err := errors.Join(tx.UpdateToken(id, change), tx.TokensListed(1, now), tx.AddTokenHistory(entry)); err != nil {
			return err
		}
		for range 3 {
			if _, err := tx.EnqueueJob(jobs.Request{Kind: kind, Key: jobs.Key{Of: "token", ID: int64(id)}}); err != nil {
				return err
			}
		}
		return nil
	}))
	claim := func() jobs.Job {
		t.Helper()
		claimed, err := server.ClaimJobs(t.Context(), []jobs.Want{{Kind: kind, Limit: 1}}, time.Minute)
		must("a claim", err)
		if len(claimed) != 1 {
			t.Fatalf("%d jobs were claimed", len(claimed))
		}
		return claimed[0]
	}
	first := claim()
	_, err = server.ExtendJobs(t.Context(), []jobs.Job{first}, time.Minute)
	must("a longer lease", err)
	must("a parked job", server.SettleJob(t.Context(), first, jobs.Settlement{Outcome: jobs.Park, Reason: "other"}))
	second := claim()
	must("a finished job", server.Update(t.Context(), func(tx storage.Tx) error { return tx.FinishJob(second) }))
	must("a job that was done", server.SettleJob(t.Context(), claim(), jobs.Settlement{Outcome: jobs.Done}))
	depth, err := server.JobDepth(t.Context(), kind)
	if must("the depth", err); depth.Parked != 1 || depth.Waiting != 0 {
		t.Errorf("depth %+v", depth)
	}
}
