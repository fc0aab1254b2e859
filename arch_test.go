package walletport_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/walletport/walletport"

// room is one row of the import table: what a package may import of ours, and
// which other packages it must never import, with the sentence that says why.
type room struct {
	path   string   // "a/*" stands for each package below a
	may    []string // rooms of ours, "." is the root, "*" is everything but what except names
	except []string // rooms that "*" does not mean
	by     []string // the only rooms that may import it; nil is whoever may
	never  []string // standard library and third-party prefixes
	why    string
}

var (
	pure      = []string{"net", "net/http", "os", "database/sql", "log", "github.com/jackc", "modernc.org"}
	harmless  = []string{"net/url"} // lies below a package that does I/O, and does none
	outsiders = []string{"github.com", "golang.org", "modernc.org", "filippo.io"}
	contracts = []string{".", "wallet", "scheme", "keys", "storage", "jobs"}
	flow      = slices.Concat(contracts, []string{"act", "access"}) // whose acts are recorded
)

// house is the import table. A package that is not in it fails the test: a room
// has to be announced.
var house = []room{
	{path: ".", never: outsiders, why: "the root is the language of the product: standard library only"},
	{path: "gather", never: slices.Concat(pure, outsiders), why: "how callers share work has nothing to do with what they share: standard library only, and no I/O"},
	{path: "seal", never: pure, why: "envelopes are bytes in, bytes out"},
	{path: "disk", may: []string{"."}, never: []string{"net", "net/http", "database/sql", "log", "github.com"}, why: "how files are read, replaced and owned has nothing to do with what they hold"},
	{path: "wallet", may: []string{"."}, never: pure, why: "a contract does no I/O"},
	{path: "wallet/*", may: []string{".", "wallet", "seal"}, never: pure, why: "an encoder is pure and knows no scheme"},
	{path: "scheme", may: []string{"."}, never: pure, why: "a contract does no I/O"},
	{path: "scheme/mdes/customerservice", may: []string{".", "scheme", "scheme/mdes"}, never: pure, why: "the messages of one of Mastercard's APIs are sealed and signed as those of all are, in scheme/mdes"},
	{path: "scheme/vts/tokenapi", may: []string{".", "scheme", "scheme/vts", "seal"}, never: pure, why: "the messages of one of Visa's APIs are signed as those of all are, in scheme/vts"},
	{path: "scheme/vts/clicktopay", may: []string{".", "scheme", "scheme/vts", "seal"}, never: pure, why: "the messages of one of Visa's APIs are signed as those of all are, in scheme/vts"},
	{path: "scheme/*", may: []string{".", "scheme", "seal"}, never: pure, why: "a scheme knows no wallet, no storage and no other scheme"},
	{path: "keys", may: []string{"."}, never: pure, why: "a contract does no I/O"},
	{path: "keys/material", may: []string{".", "keys", "seal"}, never: pure, why: "forms of keys are bytes in, keys out; whether a key fits an envelope it asks the envelope"},
	{path: "keys/libcrypto", may: []string{"keys"}, by: []string{"server"}, never: []string{"net", "net/http", "os", "database/sql", "log"}, why: "an engine of RSA is handed keys and does arithmetic: it knows no custodian, and is named where it is chosen only"},
	{path: "keys/*", may: []string{".", "keys", "keys/material", "disk"}, by: []string{"server"}, why: "a custodian knows no vault, no storage and no other custodian, and is named where it is chosen only"},
	{path: "jobs", may: []string{"."}, never: slices.Concat(pure, outsiders), why: "work beside requests knows neither its queue's engine nor who does what"},
	{path: "storage", may: []string{".", "jobs"}, why: "rows know no flow"},
	{path: "storage/sqlite", may: []string{".", "jobs", "storage", "storage/sqlite/sqlitedb", "disk"}, why: "engines do not know each other"},
	{path: "storage/sqlite/sqlitedb", why: "generated from SQL"},
	{path: "storage/postgres", may: []string{".", "jobs", "storage", "storage/postgres/pgdb"}, why: "engines do not know each other"},
	{path: "storage/postgres/pgdb", why: "generated from SQL"},
	{path: "storage/storagetest", may: []string{".", "jobs", "storage"}, why: "the suite knows the contract only"},
	{path: "act", may: []string{".", "keys", "storage"}, never: pure, why: "what every act does stands below the flows, knows contracts only, and does no I/O of its own"},
	{path: "access", may: []string{".", "keys", "scheme"}, never: pure, why: "which keys a scheme is asked with knows contracts only"},
	{path: "activation", may: flow, why: "a flow knows contracts, never another flow or an adapter"},
	{path: "provisioning", may: flow, why: "a flow knows contracts, never another flow or an adapter"},
	{path: "tokens", may: flow, never: pure, why: "a flow knows contracts, never another flow or an adapter"},
	{path: "clicktopay", may: flow, never: pure, why: "a flow knows contracts, never another flow or an adapter"},
	{path: "outbound/exchange", may: []string{".", "scheme", "outbound"}, never: []string{"database/sql", "log", "go.opentelemetry.io"}, why: "what sends requests of schemes knows their form and no scheme"},
	{path: "vault/rowfile", may: []string{"."}, never: pure, why: "a reader of files knows neither what its rows are of nor a vault"},
	{path: "vault/cardfile", may: []string{".", "vault/rowfile"}, never: pure, why: "how files are spelled is known without a vault"},
	{path: "vault/customerfile", may: []string{".", "vault/rowfile"}, never: pure, why: "how files are spelled is known without a vault"},
	{path: "vault", may: slices.Concat(flow, []string{"gather", "vault/cardfile", "vault/customerfile", "vault/rowfile"}), why: "a flow knows contracts, never another flow or an adapter"},
	{path: "replay", may: []string{".", "storage", "gather"}, why: "a guard of nonces knows no wallet, no flow and no adapter"},
	{path: "idempotency", may: []string{".", "storage"}, never: pure[:2], why: "a keeper of first answers knows no call and no door"},
	{path: "audit/tree", never: pure, why: "hashes and proofs are computed of what is handed in"},
	{path: "audit/note", never: pure, why: "forms of notes and proofs are text in, text out"},
	{path: "audit", may: slices.Concat(contracts, []string{"audit/tree", "audit/note"}), why: "a flow knows contracts, never another flow or an adapter"},
	{path: "auth", may: slices.Concat(flow, []string{"disk", "outbound"}), why: "a flow knows contracts, never another flow or an adapter; keys of others it fetches with outbound"},
	{path: "outbound", may: []string{"."}, never: []string{"database/sql", "log", "go.opentelemetry.io"}, why: "the client for what we call knows nobody who calls; what watches calls is handed in"},
	{path: "telemetry", may: []string{"."}, why: "telemetry knows no flow and no door"},
	{path: "door", may: []string{".", "door/forwarded", "telemetry"}, why: "what doors have in common knows no call, no flow and no way to authenticate"},
	{path: "door/forwarded", never: slices.Concat([]string{"database/sql", "log", "os"}, outsiders), why: "where a caller is stands in a request's headers: standard library only"},
	{path: "api", may: []string{".", "door", "api/oas", "provisioning", "activation", "tokens", "clicktopay", "vault", "audit", "auth"}, why: "the API calls flows, never adapters, and leaves to the door what doors have in common"},
	{path: "api/oas", why: "generated from api/openapi.yaml"},
	{path: "config", may: []string{
		".", "disk", "activation", "tokens", "clicktopay", "outbound", "outbound/exchange", "api", "audit", "auth", "replay", "door", "door/forwarded", "telemetry", "storage", "storage/postgres", "scheme/*", "wallet/*",
	}, why: "the settings know the rooms whose settings they nest, and neither who builds these rooms nor a simulator"},
	{path: "sim", may: []string{".", "disk"}, never: []string{"github.com", "golang.org"}, why: "the words of the simulators know no format and no product code, but for how files are owned"},
	{path: "sim/simtest", why: "what tests of simulators share knows none of them"},
	{path: "sim/faults", may: []string{".", "sim"}, never: outsiders, why: "what goes wrong on the way knows no scheme that it happens to"},
	{path: "sim/mdessim", may: []string{".", "sim", "sim/mdessim/tokenvault"}, why: "a simulator that shares code with what it checks proves nothing"},
	{path: "sim/mdessim/customerservice", may: []string{".", "sim", "sim/faults", "sim/mdessim/tokenvault"}, why: "a simulator that shares code with what it checks proves nothing"},
	{path: "sim/vtssim", may: []string{".", "sim", "sim/vtssim/tokenvault"}, why: "a simulator that shares code with what it checks proves nothing"},
	{path: "sim/vtssim/tokenapi", may: []string{".", "sim", "sim/faults", "sim/vtssim/tokenvault"}, why: "a simulator that shares code with what it checks proves nothing"},
	{path: "sim/clicktopaysim", may: []string{".", "sim", "sim/faults", "sim/clicktopaysim/register"}, why: "a simulator that shares code with what it checks proves nothing"},
	{path: "sim/*", may: []string{".", "sim", "sim/faults"}, why: "a simulator that shares code with what it checks proves nothing"},
	{
		path: "server", may: []string{"*"}, except: []string{"sandbox", "sim", "sim/*", "cmd/*", "bench", "e2e"}, by: []string{"cmd/walletport", "sandbox", "bench"},
		why: "a server knows every room that it builds and no simulator, and is started by a command, a sandbox or a measurement only",
	},
	{
		path: "sandbox", may: []string{".", "server", "config", "keys", "keys/material", "storage", "vault", "audit", "auth", "disk", "telemetry", "sim", "sim/*"},
		by: []string{"cmd/walletport", "bench", "sandbox/sandboxtest"}, why: "a sandbox is made around a server and reads no payload with what made it: it knows no encoder",
	},
	{path: "cmd/walletport", may: []string{"*"}, by: []string{}, why: "a command line knows everybody whose work it shows, and nobody knows it"},
	{path: "bench", may: []string{"*"}, why: "measures whatever there is; no part of the product"},
	{path: "oracle", why: "what runs a test's second opinion knows nothing of ours"},
	{path: "e2e", why: "tests from outside share no code with what they test"},
}

// testSupport may be imported by tests only.
var testSupport = []string{"oracle", "storage/storagetest", "keys/keystest", "sim/simtest", "act/acttest", "door/doortest", "sandbox/sandboxtest"}

// revealers may read the digits of a PAN (PAN.Reveal) in product code. The
// simulators parse PANs of their own.
var revealers = []string{".", "wallet/*", "scheme/*", "vault"}

// revealingFiles may do so in rooms that otherwise may not: the list of tokens shows whole
// token numbers to those who may have them, and Click to Pay seals, sends and shows what customers
// are called and where they live.
var revealingFiles = []string{"api/tokens.go", "api/texts.go", "clicktopay/texts.go"}

type goPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

func (p goPackage) room() string {
	if p.ImportPath == module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

func TestImportTable(t *testing.T) {
	for _, p := range listPackages(t) {
		t.Run(p.room(), func(t *testing.T) {
			r, ok := findRoom(p.room())
			if !ok {
				t.Fatalf("package %s is not in the import table: announce the room in arch_test.go", p.room())
			}
			for _, imported := range p.Imports {
				if sentence := r.refuses(p.room(), imported); sentence != "" {
					t.Error(sentence)
				}
			}
		})
	}
}

func TestImportTableNoticesBreaches(t *testing.T) {
	for _, c := range []struct{ room, imported string }{
		{"sim/mdessim", module + "/seal"},
		{"sim/mdessim", module + "/scheme/mdes"},
		{"sim/faults", module + "/sim/mdessim"},
		{"sim/mdessim/tokenvault", module + "/sim/mdessim"},
		{"sim/mdessim/customerservice", module + "/scheme/mdes"},
		{"sim/vtssim/tokenvault", module + "/sim/vtssim"},
		{"sim/vtssim/tokenapi", module + "/scheme/vts"},
		{"sim/clicktopaysim", module + "/seal"},
		{"sim/clicktopaysim", module + "/sim/vtssim"},
		{"sim/clicktopaysim/register", module + "/sim/clicktopaysim"},
		{"sim", module + "/sim/faults"},
		{"provisioning", module + "/vault"},
		{"vault", module + "/audit"},
		{"tokens", module + "/vault"},
		{"tokens", module + "/scheme/mdes/customerservice"},
		{"tokens", module + "/outbound/exchange"},
		{"clicktopay", module + "/vault"},
		{"clicktopay", module + "/tokens"},
		{"clicktopay", module + "/scheme/vts/clicktopay"},
		{"access", module + "/storage"},
		{"outbound/exchange", module + "/scheme/vts/tokenapi"},
		{"auth", module + "/audit"},
		{"storage", module + "/act"},
		{"api", module + "/storage/sqlite"},
		{"api", module + "/keys"},
		{"api", module + "/door/forwarded"},
		{"door", module + "/api"},
		{"door", module + "/api/oas"},
		{"door", module + "/provisioning"},
		{"door", module + "/storage"},
		{"door", module + "/keys"},
		{"door", module + "/auth"},
		{"door", module + "/door/doortest"},
		{"door/forwarded", module},
		{"door/forwarded", "github.com/google/uuid"},
		{"scheme/mdes", module + "/wallet/issuerwallet"},
		{"scheme/vts/clicktopay", module + "/scheme/vts/tokenapi"},
		{"scheme/vts/clicktopay", "net/mail"},
		{"seal", "net/http"},
		{"scheme", "net/http"},
		{"scheme/mdes", "net/netip"},
		{".", "github.com/google/uuid"},
		{"vault", module + "/storage/storagetest"},
		{"auth", "testing"},
		{"gather", module},
		{"disk", module + "/keys"},
		{"provisioning", module + "/disk"},
		{"keys", module + "/keys/material"},
		{"keys/material", module + "/disk"},
		{"keys/file", module + "/keys/libcrypto"},
		{"keys/libcrypto", module + "/keys/material"},
		{"cmd/walletport", module + "/keys/libcrypto"},
		{"keys/pkcs11", module + "/keys/file"},
		{"cmd/walletport", module + "/keys/file"},
		{"sandbox", module + "/keys/pkcs11"},
		{"gather", "database/sql"},
		{"replay", module + "/storage/sqlite"},
		{"provisioning", module + "/replay"},
		{"idempotency", module + "/door"},
		{"door", module + "/idempotency"},
		{"config", module + "/keys/file"},
		{"config", module + "/sim/mdessim"},
		{"act", module + "/provisioning"},
		{"act", module + "/vault"},
		{"act", module + "/wallet"},
		{"act", module + "/scheme"},
		{"act", module + "/storage/sqlite"},
		{"act", "net/http"},
		{"keys", module + "/act"},
		{"jobs", module + "/storage"},
		{"jobs", module + "/telemetry"},
		{"jobs", "database/sql"},
		{"storage/storagetest", module + "/storage/sqlite"},
		{"activation", module + "/act/acttest"},
		{"config", module + "/server"},
		{"config", module + "/sandbox"},
		{"server", module + "/sim/mdessim"},
		{"server", module + "/sim"},
		{"server", module + "/sandbox"},
		{"server", module + "/cmd/walletport"},
		{"api", module + "/server"},
		{"vault", module + "/server"},
		{"sandbox", module + "/scheme/mdes"},
		{"sandbox", module + "/wallet/applepay"},
		{"sandbox", module + "/cmd/walletport"},
		{"bench", module + "/cmd/walletport"},
		{"sim/mdessim", module + "/sandbox"},
		{"outbound", module + "/auth"},
		{"outbound", module + "/telemetry"},
		{"api", module + "/outbound"},
	} {
		t.Run(c.room+" imports "+c.imported, func(t *testing.T) {
			r, ok := findRoom(c.room)
			if !ok || r.refuses(c.room, c.imported) == "" {
				t.Errorf("%s may import %s; the table should refuse it", c.room, c.imported)
			}
		})
	}
}

func (r room) refuses(name, imported string) string {
	ours := imported == module || strings.HasPrefix(imported, module+"/")
	if !ours {
		if slices.Contains(testSupport, name) || slices.Contains(harmless, imported) {
			return ""
		}
		if imported == "testing" || slices.ContainsFunc(r.never, func(n string) bool {
			return imported == n || strings.HasPrefix(imported, n+"/") || strings.Contains(n, ".") && strings.HasPrefix(imported, n)
		}) {
			return fmt.Sprintf("%s imports %s: %s", name, imported, r.why)
		}
		return ""
	}
	target := goPackage{ImportPath: imported}.room()
	if slices.Contains(testSupport, target) && name != "bench" && !slices.Contains(testSupport, name) {
		return fmt.Sprintf("%s imports %s, which is for tests only", name, target)
	}
	if imported, ok := findRoom(target); ok && imported.by != nil && !slices.Contains(imported.by, name) {
		return fmt.Sprintf("%s imports %s: %s", name, target, imported.why)
	}
	excepted := slices.ContainsFunc(r.except, func(pattern string) bool { return matches(pattern, target) })
	if slices.Contains(r.may, "*") && !excepted || slices.ContainsFunc(r.may, func(pattern string) bool { return pattern != "*" && matches(pattern, target) }) {
		return ""
	}
	return fmt.Sprintf("%s imports %s: %s", name, target, r.why)
}

func TestOnlyEncodersAndTheVaultRevealPANs(t *testing.T) {
	for _, p := range listPackages(t) {
		if slices.ContainsFunc(revealers, func(pattern string) bool { return matches(pattern, p.room()) }) {
			continue
		}
		for _, call := range callsOf(t, p, "Reveal") {
			if file, _, _ := strings.Cut(call, ":"); !slices.Contains(revealingFiles, file) {
				t.Errorf("%s calls Reveal: only %v and %v may read a PAN's digits", call, revealers, revealingFiles)
			}
		}
	}
}

// TestDependencyListIsCurrent keeps the modules that the program links in the
// diff of a commit: a dependency is a decision.
func TestDependencyListIsCurrent(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", "./cmd/walletport").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	linked := strings.Split(strings.TrimSpace(string(out)), "\n")
	linked = slices.DeleteFunc(linked, func(line string) bool { return strings.TrimSpace(line) == "" || strings.TrimSpace(line) == module })
	slices.Sort(linked)
	listed, err := os.ReadFile("cmd/walletport/deps.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(slices.Compact(linked), "\n") + "\n"; got != string(listed) {
		t.Errorf("cmd/walletport/deps.txt does not list the linked modules; say in the commit why they changed. Now linked:\n%s", got)
	}
}

// TestTheSandboxCanBeLeftOut lists what a program links that is built for production.
func TestTheSandboxCanBeLeftOut(t *testing.T) {
	linked := func(tags string) (all []string) {
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, "./cmd/walletport").Output()
		if err != nil {
			t.Fatalf("go list -tags %s: %v", tags, err)
		}
		for path := range strings.FieldsSeq(string(out)) {
			if room := strings.TrimPrefix(path, module+"/"); room == "sandbox" || matches("sim", room) || matches("sim/*", room) {
				all = append(all, room)
			}
		}
		return all
	}
	if left := linked("nosandbox"); len(left) > 0 {
		t.Errorf("built with the tag nosandbox, the program has %v", left)
	}
	if with := linked(""); len(with) < 5 {
		t.Errorf("built without it, the program has only %v: this test looks for the wrong names", with)
	}
}

func findRoom(name string) (room, bool) {
	for _, r := range house {
		if r.path == name {
			return r, true
		}
	}
	if slices.Contains(testSupport, name) {
		return room{path: name, may: []string{"*"}}, true
	}
	for _, r := range house {
		if matches(r.path, name) {
			return r, true
		}
	}
	return room{}, false
}

func matches(pattern, name string) bool {
	if below, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(name, below+"/")
	}
	return pattern == name
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list output: %v", err)
		}
		all = append(all, p)
	}
}
