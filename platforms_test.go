package walletport_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// systems are those that the program builds for, as docs/operations.md says.
var systems = []string{"linux", "darwin", "freebsd", "windows"}

// ofSystem are the packages whose names differ from system to system.
var ofSystem = []string{"syscall", "golang.org/x/sys/unix"}

// TestTheProgramBuildsWhereItsFilesSay: what one system's file declares and other files use,
// each system's files declare. make platforms builds it.
func TestTheProgramBuildsWhereItsFilesSay(t *testing.T) {
	bySystem := map[string]map[string]*source{}
	for _, system := range systems {
		bySystem[system] = readSources(t, system)
	}
	for _, system := range systems {
		t.Run(system, func(t *testing.T) {
			if _, ok := bySystem[system][module+"/cmd/walletport"]; !ok {
				t.Fatal("the program is not in the list of packages")
			}
			for path, here := range bySystem[system] {
				for used, place := range here.uses {
					elsewhere := slices.ContainsFunc(systems, func(other string) bool {
						there, ok := bySystem[other][path]
						return ok && there.declares[used]
					})
					if elsewhere && !here.declares[used] {
						t.Errorf("%s uses %s, which only files of other systems declare", place, used)
					}
				}
				for name, place := range here.selects {
					pkg, member, _ := strings.Cut(name, " ")
					if known, ok := bySystem[system][pkg]; !ok || !known.declares[member] {
						t.Errorf("%s uses %s of %s, which %s has not", place, member, pkg, system)
					}
				}
			}
		})
	}
}

// source is what a package's files for one system say.
type source struct {
	declares map[string]bool   // at package level
	uses     map[string]string // names of other files, with a place
	selects  map[string]string // "PACKAGE NAME" of a package of ofSystem, with a place
}

// readSources reads the program's packages of ours, and those of ofSystem, as they are for
// a system.
func readSources(t *testing.T, system string) map[string]*source {
	t.Helper()
	list := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,Imports", "./cmd/walletport")
	list.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list for %s: %s", system, exit.Stderr)
		}
		t.Fatal(err)
	}
	all := map[string]*source{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		ours := p.ImportPath == module || strings.HasPrefix(p.ImportPath, module+"/")
		if ours || slices.Contains(ofSystem, p.ImportPath) {
			all[p.ImportPath] = readSource(t, p, ours)
		}
	}
}

func readSource(t *testing.T, p goPackage, ours bool) *source {
	t.Helper()
	s := &source{declares: map[string]bool{}, uses: map[string]string{}, selects: map[string]string{}}
	for _, name := range p.GoFiles {
		place := p.ImportPath + "/" + name
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for declared := range file.Scope.Objects {
			s.declares[declared] = true
		}
		if !ours {
			continue
		}
		for _, id := range file.Unresolved {
			s.uses[id.Name] = place
		}
		for _, imported := range file.Imports {
			path := strings.Trim(imported.Path.Value, `"`)
			if slices.Contains(ofSystem, path) {
				s.selectsOf(file, path, place)
			}
		}
	}
	return s
}

func (s *source) selectsOf(file *ast.File, path, place string) {
	ast.Inspect(file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if of, ok := selector.X.(*ast.Ident); ok && of.Name == filepath.Base(path) {
				s.selects[path+" "+selector.Sel.Name] = place
			}
		}
		return true
	})
}
