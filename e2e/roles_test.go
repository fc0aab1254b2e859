package e2e_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/walletport/walletport/storage/storagetest"
)

// mustSQLOf returns the SQL blocks below a heading of the operations page.
func mustSQLOf(t *testing.T, heading string) []string {
	t.Helper()
	_, section, found := strings.Cut(mustRead(t, "../docs/operations.md"), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks []string
	for _, block := range regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(section, -1) {
		blocks = append(blocks, block[1])
	}
	if !found || len(blocks) == 0 {
		t.Fatalf("the page has no SQL below %q", heading)
	}
	return blocks
}

// asRole returns the URL of a database for another role.
func asRole(t *testing.T, role, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	return u.String()
}

func mustConnect(t *testing.T, databaseURL string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}

// TestRolesOfPostgreSQL sets up the roles as the operations page says, word for word,
// and has each do its work and nothing else.
func TestRolesOfPostgreSQL(t *testing.T) {
	t.Parallel()
	database := storagetest.Postgres(t)
	sql := mustSQLOf(t, "PostgreSQL: roles")
	if len(sql) != 2 {
		t.Fatalf("%d blocks of SQL, want one before and one after migrate", len(sql))
	}
	owner, server, operator := asRole(t, "walletport_owner", database), asRole(t, "walletport_server", database), asRole(t, "walletport_operator", database)
	mustExec(t, mustConnect(t, database), sql[0])
	p := &production{dir: t.TempDir()}
	mustKeyStore(t, p.dir)
	apple := mustAuthority(t)
	mustWrite(t, filepath.Join(p.dir, "root.pem"), pemText("CERTIFICATE", apple.root.Raw))
	be := func(role string) {
		p.mustConfigure(t, fmt.Sprintf("database: {url: %q}\nkeys: {file: keystore.age, key_file: keystore.key}\n", role)+serveWallets+
			"wallets: {applepay: {root_files: [root.pem], mastercard: {enabled: true}}}\n")
	}
	be(owner)
	mustRun(t, "", p.at().with("migrate")...)
	mustExec(t, mustConnect(t, owner), sql[1])

	be(operator)
	mustRun(t, serveCards, p.at().with("cards", "import", "-", "--format", "csv", "--issuer", serveIssuer)...)
	p.client = p.mustClient(t, "provision")
	mustRun(t, "", p.at().with("keys", "generate", "vault-kek", "--activate")...)
	mustRun(t, "", p.at().with("cards", "rewrap")...)
	if r := run(t, "", p.at().with("migrate")...); r.code != 0 && !strings.Contains(r.errOut, "permission denied") {
		t.Errorf("migrate as an operator: exit code %d, %s", r.code, r.errOut)
	}

	be(server)
	s := p.mustServe(t)
	answers := []answer{s.provision(serveCardID, wallet, "role"), s.provision(4242, wallet, "role-unknown")}
	answers[0].mustPayload(t)
	request := appleRequest(apple.mustChain(t))
	for i, want := range []string{"ok", "nonce_reused"} {
		a := s.post(provisionPath(serveCardID, "applepay"), request, fmt.Sprint("role-apple-", i))
		if a.code() != want {
			t.Errorf("call %d of Apple Pay: %v, want %s", i, a, want)
		}
		answers = append(answers, a)
	}
	if failed, status, ok := s.ready(); !ok || status != "ready" {
		t.Errorf("readiness: %s, failed %v", status, failed)
	}
	s.mustStop(t)

	be(operator)
	tr := mustExport(t, p.at())
	tr.wantRecorded(t, answers)
	mustVerify(t, p.at(), tr)

	for role, forbidden := range map[string][]string{server: append(slices.Clone(forbiddenToAll),
		"UPDATE cards SET status = 'CARD_OK'", "INSERT INTO cards SELECT * FROM cards", "DELETE FROM cards",
		"UPDATE clients SET scopes = '[]'", "INSERT INTO clients SELECT * FROM clients",
	), operator: append(slices.Clone(forbiddenToAll), "DELETE FROM clients", "DELETE FROM nonces")} {
		conn := mustConnect(t, role)
		for _, statement := range forbidden {
			if _, err := conn.Exec(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "42501") { // insufficient_privilege
				t.Errorf("%s as %s: got error %v, want permission denied", statement, role, err)
			}
		}
	}
	// What serve does now and then.
	mustExec(t, mustConnect(t, server), "UPDATE clients SET last_used_ms = 1")
	const forget = "DELETE FROM nonces WHERE ctid = ANY (ARRAY(SELECT ctid FROM nonces FOR UPDATE SKIP LOCKED))"
	mustExec(t, mustConnect(t, server), forget)
}

// forbiddenToAll would rewrite the past.
var forbiddenToAll = []string{
	"UPDATE audit_entries SET outcome = 'ok'", "DELETE FROM audit_entries", "TRUNCATE audit_entries", "DROP TABLE audit_entries",
	"UPDATE audit_checkpoints SET key_id = ''", "DELETE FROM audit_checkpoints", "DELETE FROM audit_head",
	"ALTER TABLE audit_entries DISABLE TRIGGER ALL", "CREATE TABLE more (one int)",
	"UPDATE goose_db_version SET version_id = 1",
}

func mustExec(t *testing.T, conn *pgx.Conn, statements string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}
