// Package simtest holds what the tests of several simulators need.
package simtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var codePattern = regexp.MustCompile(`^[a-z][a-z0-9_]+$`)

// sharedBy is how many faults may have the same remedy.
const sharedBy = 2

// CheckFaults reads the fault codes of source files, relative to the test: each is
// there once, in snake_case, and shown by a test, with a remedy in words that is its own,
// or that of another one too. There must be atLeast of them, for a file that is not read
// well proves nothing.
func CheckFaults(t *testing.T, shown map[string]bool, atLeast int, files ...string) {
	t.Helper()
	seen, remedies := map[string]bool{}, map[string]int{}
	for _, file := range files {
		codes, remedyOf := faultsOf(t, file)
		for _, code := range codes {
			if seen[code] || !codePattern.MatchString(code) {
				t.Errorf("%s: the code %s is there twice or malformed", file, code)
			}
			seen[code] = true
			if !shown[code] {
				t.Errorf("%s: no test shows %s", file, code)
			}
			remedy := remedyOf[code]
			if remedies[remedy]++; len(strings.Fields(remedy)) < 2 || remedies[remedy] > sharedBy {
				t.Errorf("%s: the remedy of %s is %q", file, code, remedy)
			}
		}
	}
	if len(seen) < atLeast {
		t.Errorf("only %d codes found in the source", len(seen))
	}
}

// faultsOf are the values of the fields Code in a file, and of the fields Remedy beside them.
func faultsOf(t *testing.T, file string) (codes []string, remedyOf map[string]string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	remedyOf = map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		kind, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		fields := textsIn(t, file, kind)
		if code, ok := fields["Code"]; ok {
			codes, remedyOf[code] = append(codes, code), fields["Remedy"]
		}
		return true
	})
	return codes, remedyOf
}

// textsIn are the fields Code and Remedy of a literal.
func textsIn(t *testing.T, file string, kind *ast.CompositeLit) map[string]string {
	t.Helper()
	fields := map[string]string{}
	for _, element := range kind.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, ok := pair.Key.(*ast.Ident)
		if !ok || key.Name != "Code" && key.Name != "Remedy" {
			continue
		}
		value, ok := pair.Value.(*ast.BasicLit)
		if !ok {
			t.Fatalf("%s: a %s that is no literal cannot be checked", file, key.Name)
		}
		text, err := strconv.Unquote(value.Value)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		fields[key.Name] = text
	}
	return fields
}
