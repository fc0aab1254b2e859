// Package simtest holds what the tests of several simulators need.
package simtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"testing"
)

var codePattern = regexp.MustCompile(`^[a-z][a-z0-9_]+$`)

// CheckFaults reads the fault codes of source files, relative to the test: each is
// there once, in snake_case, and shown by a test. There must be atLeast of them, for
// a file that is not read well proves nothing.
func CheckFaults(t *testing.T, shown map[string]bool, atLeast int, files ...string) {
	t.Helper()
	seen := map[string]bool{}
	for _, file := range files {
		for _, code := range faultCodes(t, file) {
			if seen[code] || !codePattern.MatchString(code) {
				t.Errorf("%s: the code %s is there twice or malformed", file, code)
			}
			seen[code] = true
			if !shown[code] {
				t.Errorf("%s: no test shows %s", file, code)
			}
		}
	}
	if len(seen) < atLeast {
		t.Errorf("only %d codes found in the source", len(seen))
	}
}

// faultCodes are the values of the fields Code in a file.
func faultCodes(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		if key, ok := pair.Key.(*ast.Ident); !ok || key.Name != "Code" {
			return true
		}
		value, ok := pair.Value.(*ast.BasicLit)
		if !ok {
			t.Fatalf("%s: a Code that is no literal cannot be checked", file)
		}
		code, err := strconv.Unquote(value.Value)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		codes = append(codes, code)
		return true
	})
	return codes
}
