package walletport_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/walletport/walletport"
)

// TestTheAuditPageNamesEveryActionAndDetail holds docs/audit.md to the constants of
// audit.go and auditdetail.go and to the wallets, and the other way round.
func TestTheAuditPageNamesEveryActionAndDetail(t *testing.T) {
	text, err := os.ReadFile("docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ section, file, kind string }{
		{"Actions", "audit.go", "Action"},
		{"Details", "auditdetail.go", "DetailName"},
	} {
		documented := firstCells(t, string(text), c.section)
		declared := constantsOf(t, c.file, c.kind)
		if c.kind == "Action" {
			for _, w := range append(walletport.Wallets(), walletport.IssuerWallet) {
				declared = append(declared, string(walletport.ActionProvision(w)))
			}
			for _, a := range walletport.TokenActions() {
				declared = append(declared, string(walletport.ActionTokenChange(a)))
			}
			for _, a := range walletport.ClickToPayActions() {
				declared = append(declared, string(walletport.ActionClickToPay(a)))
			}
		}
		for _, name := range declared {
			if !slices.Contains(documented, name) {
				t.Errorf("docs/audit.md, section %s, has no row for %s", c.section, name)
			}
		}
		for _, name := range documented {
			if !slices.Contains(declared, name) {
				t.Errorf("docs/audit.md, section %s, has a row for %s, which no constant is", c.section, name)
			}
		}
	}
}

var codeSpan = regexp.MustCompile("`([^`]+)`")

// firstCells returns what is marked as code in the first column of a section's tables.
func firstCells(t *testing.T, page, section string) []string {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n## "+section+"\n")
	if !found {
		t.Fatalf("docs/audit.md has no section %s", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	var names []string
	for line := range strings.Lines(rest) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, span := range codeSpan.FindAllStringSubmatch(cells[1], -1) {
				names = append(names, span[1])
			}
		}
	}
	return names
}

// constantsOf returns the values of a file's constants of one type.
func constantsOf(t *testing.T, path, kind string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || nameOf(spec.Type) != kind {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, text)
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s has no constant of type %s", path, kind)
	}
	return values
}

// TestNothingButItsWriterKnowsADetail keeps the cost of a further detail at two files,
// auditdetail.go and docs/audit.md, beside the line that sets it: names are declared in
// one file, and what stores, hashes, exports, compares or answers treats all alike.
func TestNothingButItsWriterKnowsADetail(t *testing.T) {
	const declared = "auditdetail.go"
	names := map[string]bool{}
	for _, p := range listPackages(t) {
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			here := p.room() + "/" + name
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ValueSpec:
					if nameOf(n.Type) != "DetailName" {
						return true
					}
					if here != "./"+declared {
						t.Errorf("%s declares the detail %s: it belongs to %s", here, n.Names[0].Name, declared)
					}
					names[n.Names[0].Name] = true
				case *ast.CaseClause:
					for _, e := range n.List {
						if s, ok := e.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "Detail") {
							t.Errorf("%s decides by the name of a detail, %s", here, s.Sel.Name)
						}
					}
				case *ast.SelectorExpr:
					if treatsAllAlike(p.room()) && names[n.Sel.Name] {
						t.Errorf("%s knows the detail %s: %s must treat all details alike", here, n.Sel.Name, p.room())
					}
				}
				return true
			})
		}
	}
	if len(names) == 0 {
		t.Errorf("no detail is declared in %s", declared)
	}
}

// treatsAllAlike reports whether a room handles details without knowing their names.
func treatsAllAlike(room string) bool {
	return room == "audit" || room == "storage" || room == "storage/sqlite" || room == "storage/postgres"
}
