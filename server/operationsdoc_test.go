package server_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/keys"
)

const operationsPage = "../docs/operations.md"

// rowsBelow returns the names in the first column of the tables below a heading.
func rowsBelow(t *testing.T, heading string, table int) []string {
	t.Helper()
	_, section, found := strings.Cut(string(mustRead(t, operationsPage)), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatalf("the page has no %q", heading)
	}
	var tables [][]string
	before := ""
	for line := range strings.Lines(section) {
		if row := regexp.MustCompile("^\\| `([^`]+)` \\|").FindStringSubmatch(line); row != nil {
			tables[len(tables)-1] = append(tables[len(tables)-1], row[1])
		} else if strings.HasPrefix(line, "|") && !strings.HasPrefix(before, "|") {
			tables = append(tables, nil)
		}
		before = line
	}
	if table >= len(tables) {
		t.Fatalf("%d tables below %q", len(tables), heading)
	}
	slices.Sort(tables[table])
	return tables[table]
}

// TestEveryMetricIsOnThePage scrapes a server that has answered a call of each kind.
func TestEveryMetricIsOnThePage(t *testing.T) {
	box := startSandbox(t)
	mustCallEach(t, box)
	retireAll(t, box.Keys, keys.AuditCheckpoint) // for a warning
	box.InspectCondition(t.Context())
	box.Metrics().AuditFailed()
	box.Metrics().CallEnded("login.bank.example", "", "ok", time.Millisecond)
	box.Metrics().JobBegan("tokens.resolve", 0)
	box.Metrics().JobEnded("tokens.resolve", "done", time.Millisecond)
	box.Metrics().JobDepth("tokens.resolve", 0, 0, 0)
	box.Metrics().TokensListed("VISA", "store")
	box.Metrics().TokenChanged("VISA", "suspend", "done")
	box.Metrics().TokenOdd("VISA", "status")
	box.Metrics().ClickToPayAccepted("enrol_card", "api")
	box.Metrics().ClickToPayCompleted("enrol_card", "SUCCESS", time.Second)
	box.Metrics().WitnessCosigned("witness.example/w1+5b9e10a2", time.Now())
	box.Metrics().WitnessRefused("witness.example/w1+5b9e10a2", false)
	box.Metrics().WitnessFailed("witness.example/w1+5b9e10a2", "witness_away")
	page := httptest.NewRecorder()
	box.Metrics().Handler().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	var served []string
	for _, help := range regexp.MustCompile(`(?m)^# TYPE (walletport_\w+) `).FindAllStringSubmatch(page.Body.String(), -1) {
		served = append(served, help[1])
	}
	slices.Sort(served)
	if diff := cmp.Diff(rowsBelow(t, "Metrics", 0), served); diff != "" {
		t.Errorf("metrics (-documented +served):\n%s", diff)
	}
}

// TestEveryWarningAndCheckIsOnThePage reads the codes of warnings from the sources.
func TestEveryWarningAndCheckIsOnThePage(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	must(t, err)
	var codes []string
	add := func(e ast.Expr) {
		if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			code, err := strconv.Unquote(literal.Value)
			must(t, err)
			if !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		must(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr: // findings.warn(code, …), warn(code, …)
				method, isMethod := n.Fun.(*ast.SelectorExpr)
				function, isFunction := n.Fun.(*ast.Ident)
				if isMethod && method.Sel.Name == "warn" || isFunction && function.Name == "warn" {
					add(n.Args[0])
				}
			case *ast.CompositeLit: // door.Warning{Code: …}
				if kind, ok := n.Type.(*ast.SelectorExpr); !ok || kind.Sel.Name != "Warning" {
					return true
				}
				for _, e := range n.Elts {
					if pair, ok := e.(*ast.KeyValueExpr); ok && pair.Key.(*ast.Ident).Name == "Code" {
						add(pair.Value)
					}
				}
			}
			return true
		})
	}
	slices.Sort(codes)
	if diff := cmp.Diff(rowsBelow(t, "Probes", 2), codes); diff != "" {
		t.Errorf("warnings (-documented +given):\n%s", diff)
	}
	box := startSandbox(t)
	var checks []string
	for _, c := range box.Door().Checks {
		checks = append(checks, c.Name)
	}
	slices.Sort(checks)
	if diff := cmp.Diff(rowsBelow(t, "Probes", 1), checks); diff != "" {
		t.Errorf("checks (-documented +run):\n%s", diff)
	}
}
