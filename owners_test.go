package walletport_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// callers may make HTTP clients of their own. The sandbox's demo calls the server that
// it started itself.
var callers = []string{"outbound", "sandbox/demo.go", "bench", "api/oas"}

// TestOnlyOutboundCallsOthers: what leaves the server passes one place, where its limits
// and its address guard are.
func TestOnlyOutboundCallsOthers(t *testing.T) {
	found := false
	for _, p := range listPackages(t) {
		for _, place := range usesOf(t, p, "http", "Client", "Transport", "DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm") {
			file, _, _ := strings.Cut(place, ":")
			found = found || p.room() == "outbound"
			if !slices.Contains(callers, p.room()) && !slices.Contains(callers, file) {
				t.Errorf("%s makes an HTTP client: what we call is called through outbound", place)
			}
		}
	}
	if !found {
		t.Error("not even outbound makes an HTTP client: this test does not see them")
	}
}

// usesOf lists the places in product code that name one of a package's identifiers.
func usesOf(t *testing.T, p goPackage, pkg string, names ...string) []string {
	t.Helper()
	return placesOf(t, p, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		of, ok := selector.X.(*ast.Ident)
		return ok && of.Name == pkg && slices.Contains(names, selector.Sel.Name)
	})
}

// callsOf lists the places in product code that call a method of that name.
func callsOf(t *testing.T, p goPackage, method string) []string {
	t.Helper()
	return placesOf(t, p, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return false
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		return ok && selector.Sel.Name == method
	})
}

// placesOf lists where product code has a node that is meant, as room/file:line.
func placesOf(t *testing.T, p goPackage, meant func(ast.Node) bool) []string {
	t.Helper()
	var places []string
	for _, name := range p.GoFiles {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if n != nil && meant(n) {
				places = append(places, fmt.Sprintf("%s/%s:%d", p.room(), name, files.Position(n.Pos()).Line))
			}
			return true
		})
	}
	return places
}

// owners are what there is once in the program, each with the file that it is in. In the
// rooms named, no other file has it.
var owners = []struct {
	what, file string
	rooms      []string
	is         func(ast.Node) bool
}{
	{"the clock", "cmd/walletport/main.go", []string{"config", "server", "sandbox", "cmd/walletport"}, reads("time", "Now")},
	{"listening", "server/listen.go", []string{"config", "server", "sandbox", "cmd/walletport"}, calls("Listen", "tcp")},
	{"the choice of a custodian", "server/custody.go", []string{"config", "server", "sandbox", "cmd/walletport"}, namesCustodian},
	{"admitting a card", "act/admit.go", callRooms, callOf("CheckTokenizable", "CheckStepUp")},
	{"finding a card and selecting its keys", "act/call.go", callRooms, callOf("Find", "Select")},
	{"handing a record in", "act/record.go", callRooms, callOf("Submit")},
	{"work beside requests", "server/background.go", []string{"config", "server"}, func(n ast.Node) bool { _, ok := n.(*ast.GoStmt); return ok }},
}

// namesCustodian recognises the import of a room that keeps keys.
func namesCustodian(n ast.Node) bool {
	spec, ok := n.(*ast.ImportSpec)
	if !ok {
		return false
	}
	path := strings.Trim(spec.Path.Value, `"`)
	return strings.HasPrefix(path, module+"/keys/") && path != module+"/keys/material"
}

// callRooms are those that do acts on cards: what each act does stands once.
var callRooms = []string{"act", "provisioning", "activation"}

// callOf returns what recognises a call of one of these methods.
func callOf(methods ...string) func(ast.Node) bool {
	return func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return false
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		return ok && slices.Contains(methods, selector.Sel.Name)
	}
}

// reads returns what recognises a use of a package's name.
func reads(pkg, name string) func(ast.Node) bool {
	return func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != name {
			return false
		}
		of, ok := selector.X.(*ast.Ident)
		return ok && of.Name == pkg
	}
}

// calls returns what recognises a call of a method with a literal among its arguments.
func calls(method, literal string) func(ast.Node) bool {
	return func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return false
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		return ok && selector.Sel.Name == method && slices.ContainsFunc(call.Args, func(e ast.Expr) bool {
			text, ok := e.(*ast.BasicLit)
			return ok && text.Value == strconv.Quote(literal)
		})
	}
}

// TestEachHasOneOwner: a second clock, socket or loop beside requests would be one that
// nobody hands in, closes or watches.
func TestEachHasOneOwner(t *testing.T) {
	for _, owner := range owners {
		t.Run(owner.what, func(t *testing.T) {
			owned := false
			for _, p := range listPackages(t) {
				if !slices.Contains(owner.rooms, p.room()) {
					continue
				}
				for _, name := range p.GoFiles {
					place := p.room() + "/" + name
					file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
					if err != nil {
						t.Fatal(err)
					}
					ast.Inspect(file, func(n ast.Node) bool {
						if n != nil && owner.is(n) {
							owned = owned || place == owner.file
							if place != owner.file {
								t.Errorf("%s is in %s, and belongs into %s", owner.what, place, owner.file)
							}
						}
						return true
					})
				}
			}
			if !owned {
				t.Errorf("%s has nothing of it: this test looks for the wrong thing", owner.file)
			}
		})
	}
}
