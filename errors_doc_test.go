package walletport_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/api"
)

var updateDocs = flag.Bool("update", false, "rewrite the generated part of docs/errors.md")

const (
	errorsPage = "docs/errors.md"
	codesBegin = "<!-- Begin: from api/codes.go and door/codes.go, by go generate . -->\n"
	codesEnd   = "<!-- End -->\n"
)

// otherWords are rooms whose errors no operator or caller sees as codes: the
// simulators name faults in their reports, generated code makes none.
var otherWords = []string{"sim", "sim/*", "api/oas", "bench", "e2e"}

func TestErrorsPageListsTheCodesOfTheAPI(t *testing.T) {
	text, err := os.ReadFile(errorsPage)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(text), codesBegin)
	_, tail, foundEnd := strings.Cut(rest, codesEnd)
	if !found || !foundEnd {
		t.Fatalf("%s lacks its markers", errorsPage)
	}
	want := head + codesBegin + codeTables() + codesEnd + tail
	if *updateDocs {
		if err := os.WriteFile(errorsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s is not current, run go generate . (-want +got):\n%s", errorsPage, diff)
	}
}

// codeTables groups the codes by what the caller can do.
func codeTables() string {
	var out strings.Builder
	for _, group := range []struct {
		title   string
		belongs func(status int) bool
	}{
		{"Mend the request", func(s int) bool { return s < 500 && s != 401 && s != 403 && s != 429 }},
		{"Say who you are", func(s int) bool { return s == 401 }},
		{"It may not be done", func(s int) bool { return s == 403 }},
		{"Wait", func(s int) bool { return s == 429 }},
		{"It is not your fault", func(s int) bool { return s >= 500 }},
	} {
		fmt.Fprintf(&out, "\n### %s\n\n| code | status | when | what to do |\n| --- | --- | --- | --- |\n", group.title)
		for _, c := range api.Codes() {
			if group.belongs(c.Status) {
				fmt.Fprintf(&out, "| `%s` | %d | %s | %s |\n", c.Code, c.Status, c.Title, c.Remedy)
			}
		}
	}
	return out.String() + "\n"
}

// TestEveryReasonIsDocumented holds the page to the reasons in the sources.
func TestEveryReasonIsDocumented(t *testing.T) {
	text, err := os.ReadFile(errorsPage)
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]]++
	}
	used := map[string]string{}
	for _, p := range listPackages(t) {
		if slices.ContainsFunc(otherWords, func(pattern string) bool { return matches(pattern, p.room()) }) || slices.Contains(testSupport, p.room()) {
			continue
		}
		maps.Copy(used, reasonsOf(t, p))
	}
	for _, reason := range slices.Sorted(maps.Keys(used)) {
		if documented[reason] == 0 {
			t.Errorf("%s: the reason %s is not in %s", used[reason], reason, errorsPage)
		}
	}
	for reason, times := range documented {
		if times > 1 {
			t.Errorf("%s has %s %d times", errorsPage, reason, times)
		}
		if used[reason] == "" {
			t.Errorf("%s has %s, which no code gives", errorsPage, reason)
		}
	}
	for _, known := range []string{"audit_user_missing", "token_expired", "tav_expired", "card_id_malformed", "body_too_large", "import_header", "key_exists"} {
		if used[known] == "" {
			t.Errorf("the scan misses %s: it no longer sees how the code gives reasons", known)
		}
	}
}

// reasonScan finds the reasons that a package gives: the second argument of
// Errorf, the Reason of a literal of an Error or of an act.Text, what a member of a body
// says of bodies that lack it (Missing), and constants named Reason…. A function
// that passes a parameter on as a reason is a giver, and its calls are read too.
type reasonScan struct {
	t       *testing.T
	files   *token.FileSet
	consts  map[string]string
	givers  map[string]int // name of function or variable to the index of its parameter
	reasons map[string]string
}

func reasonsOf(t *testing.T, p goPackage) map[string]string {
	t.Helper()
	s := reasonScan{t: t, files: token.NewFileSet(), consts: map[string]string{}, givers: map[string]int{"ErrField": 0}, reasons: map[string]string{}}
	var sources []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(s.files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, file)
		ast.Inspect(file, s.findConstants)
	}
	for before := -1; before < len(s.givers); { // givers of givers
		before = len(s.givers)
		for _, file := range sources {
			s.walk(file)
		}
	}
	return s.reasons
}

func (s *reasonScan) findConstants(n ast.Node) bool {
	spec, ok := n.(*ast.ValueSpec)
	if !ok {
		return true
	}
	for i, name := range spec.Names {
		if i >= len(spec.Values) {
			continue
		}
		if text, ok := literal(spec.Values[i]); ok {
			s.consts[name.Name] = text
			if strings.HasPrefix(name.Name, "Reason") {
				s.reasons[text] = s.files.Position(name.Pos()).String()
			}
		}
	}
	return true
}

// walk reads each function with its name and parameters at hand.
func (s *reasonScan) walk(file *ast.File) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Body != nil {
				s.walkFunc(d.Name.Name, d.Type, d.Body)
			}
		case *ast.GenDecl:
			s.walkFunc("", &ast.FuncType{Params: &ast.FieldList{}}, d)
		}
	}
}

func (s *reasonScan) walkFunc(name string, signature *ast.FuncType, body ast.Node) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, right := range n.Rhs {
				function, isFunc := right.(*ast.FuncLit)
				if left, ok := n.Lhs[i].(*ast.Ident); isFunc && ok {
					s.walkFunc(left.Name, function.Type, function.Body)
					return false
				}
			}
		case *ast.CallExpr:
			if reason := s.reasonOfCall(n); reason != nil {
				s.take(name, signature, reason)
			}
		case *ast.CompositeLit:
			if reason := reasonOfLiteral(n); reason != nil {
				s.take(name, signature, reason)
			}
		}
		return true
	})
}

func (s *reasonScan) reasonOfCall(call *ast.CallExpr) ast.Expr {
	name := nameOf(call.Fun)
	if selector, ok := call.Fun.(*ast.SelectorExpr); ok && nameOf(selector.X) == "fmt" {
		return nil // fmt.Errorf gives no reason
	}
	if name == "Errorf" && len(call.Args) > 2 && strings.HasPrefix(nameOf(call.Args[0]), "Code") {
		return call.Args[1]
	}
	if at, ok := s.givers[name]; ok && at < len(call.Args) {
		return call.Args[at]
	}
	return nil
}

func reasonOfLiteral(lit *ast.CompositeLit) ast.Expr {
	for _, element := range lit.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		isError := nameOf(lit.Type) == "Error" || nameOf(lit.Type) == "Text"
		if ok && (isError && nameOf(pair.Key) == "Reason" || nameOf(pair.Key) == "Missing") {
			return pair.Value
		}
	}
	return nil
}

// take notes a reason, or that the function it stands in is a giver of reasons.
func (s *reasonScan) take(function string, signature *ast.FuncType, reason ast.Expr) {
	place := s.files.Position(reason.Pos()).String()
	if text, ok := literal(reason); ok {
		s.reasons[text] = place
		return
	}
	if text, ok := s.consts[nameOf(reason)]; ok {
		s.reasons[text] = place
		return
	}
	at := 0
	for _, field := range signature.Params.List {
		for _, parameter := range field.Names {
			if parameter.Name == nameOf(reason) {
				s.givers[function] = at
				return
			}
			at++
		}
	}
	if s.isCopy(reason) {
		return
	}
	s.t.Errorf("%s: a reason that this test cannot read: give it as a literal or a constant", place)
}

// isCopy reports whether the reason is that of another error (e.Reason), or of a member.
func (s *reasonScan) isCopy(reason ast.Expr) bool {
	selector, ok := reason.(*ast.SelectorExpr)
	return ok && (selector.Sel.Name == "Reason" || selector.Sel.Name == "Missing")
}

func literal(e ast.Expr) (string, bool) {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(basic.Value)
	return text, err == nil
}

// nameOf is the last name of an identifier or selector.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
