package walletport_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// undrawn are the rooms of the import table that docs/architecture.md does not draw:
// generated code, and what is no part of the program.
var undrawn = []string{"api/oas", "storage/sqlite/sqlitedb", "storage/postgres/pgdb", "storage/storagetest", "sim/simtest", "bench", "oracle", "e2e"}

// sweeping are the rooms that build or show many others. The drawing has the imports of
// theirs that say something, and not all.
var sweeping = []string{"config", "server", "sandbox", "cmd/walletport"}

// drawing is the house as docs/architecture.md draws it.
type drawing struct {
	rooms  map[string][]string // of a box, as the import table spells them
	arrows map[[2]string]bool  // between boxes
}

var (
	drawnBox   = regexp.MustCompile(`^\s*(\w+)\["([^":]+)`)
	drawnArrow = regexp.MustCompile(`^\s*(\w+(?: & \w+)*) (?:-->|-\. [^.]* \.->) (\w+(?: & \w+)*)$`)
)

// mustReadDrawing reads the first diagram of the page. The text of a box begins with its
// rooms, with commas between; a colon ends them.
func mustReadDrawing(t *testing.T) drawing {
	t.Helper()
	page, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```mermaid\n")
	text, _, _ = strings.Cut(text, "```")
	d := drawing{rooms: map[string][]string{}, arrows: map[[2]string]bool{}}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if box := drawnBox.FindStringSubmatch(line); box != nil && !strings.Contains(line, "subgraph") {
			for room := range strings.SplitSeq(box[2], ",") {
				d.rooms[box[1]] = append(d.rooms[box[1]], drawnRoom(strings.TrimSpace(room)))
			}
		}
		if arrow := drawnArrow.FindStringSubmatch(line); arrow != nil {
			for _, from := range strings.Split(arrow[1], " & ") {
				for _, to := range strings.Split(arrow[2], " & ") {
					d.arrows[[2]string{from, to}] = true
				}
			}
		}
	}
	if len(d.rooms) == 0 || len(d.arrows) == 0 {
		t.Fatal("docs/architecture.md has no diagram that can be read")
	}
	return d
}

// drawnRoom returns a room as the import table spells it: the root is called walletport.
func drawnRoom(text string) string {
	if text == "walletport" {
		return "."
	}
	return text
}

// boxOf returns the box that a room is drawn in, the narrowest pattern first; "" if none.
func (d drawing) boxOf(room string) string {
	found, length := "", -1
	for box, rooms := range d.rooms {
		for _, pattern := range rooms {
			if matches(pattern, room) && len(pattern) > length {
				found, length = box, len(pattern)
			}
		}
	}
	return found
}

// TestTheDrawingAgreesWithTheImportTable holds the diagram of docs/architecture.md to the
// table of arch_test.go and to what the rooms really import.
func TestTheDrawingAgreesWithTheImportTable(t *testing.T) {
	d := mustReadDrawing(t)
	var tabled, drawn []string
	for _, r := range house {
		if !slices.Contains(undrawn, r.path) && !slices.Contains(testSupport, r.path) {
			tabled = append(tabled, r.path)
		}
	}
	for _, rooms := range d.rooms {
		drawn = append(drawn, rooms...)
	}
	for _, room := range tabled {
		if !slices.Contains(drawn, room) {
			t.Errorf("the room %s of the import table is not drawn", room)
		}
	}
	for _, room := range drawn {
		if !slices.Contains(tabled, room) {
			t.Errorf("the drawing has a room %s, which the import table does not have", room)
		}
	}
	imported := d.imports(t)
	for arrow := range d.arrows {
		if !imported[arrow] && d.rooms[arrow[0]] != nil {
			t.Errorf("an arrow leads from %s to %s, and nothing there imports anything of it", arrow[0], arrow[1])
		}
	}
	for _, arrow := range slices.SortedFunc(maps.Keys(imported), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }) {
		isWord := slices.Contains(d.rooms[arrow[1]], ".")
		if !d.arrows[arrow] && !isWord && !slices.ContainsFunc(d.rooms[arrow[0]], func(r string) bool { return slices.Contains(sweeping, r) }) {
			t.Errorf("%s imports something of %s, and no arrow says so", arrow[0], arrow[1])
		}
	}
}

// imports returns between which boxes there are imports.
func (d drawing) imports(t *testing.T) map[[2]string]bool {
	t.Helper()
	found := map[[2]string]bool{}
	for _, p := range listPackages(t) {
		if slices.Contains(undrawn, p.room()) || slices.Contains(testSupport, p.room()) {
			continue
		}
		for _, imported := range p.Imports {
			if imported != module && !strings.HasPrefix(imported, module+"/") {
				continue
			}
			to := goPackage{ImportPath: imported}.room()
			if from, to := d.boxOf(p.room()), d.boxOf(to); from != to && to != "" {
				found[[2]string{from, to}] = true
			}
		}
	}
	return found
}

// TestTheFilesOfAChangeAreThere holds the files that docs/architecture.md names below
// "What a change touches" to the folders: a file that was moved or renamed is missed.
func TestTheFilesOfAChangeAreThere(t *testing.T) {
	page, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## What a change touches\n")
	section, _, _ = strings.Cut(section, "\n## ")
	checked := 0
	for _, span := range codeSpan.FindAllStringSubmatch(section, -1) {
		name := span[1]
		if !strings.Contains(name, "/") && !strings.HasSuffix(name, ".go") || strings.Contains(name, "NAME") {
			continue
		}
		if _, err := os.Stat(name); err != nil {
			t.Errorf("the page names %s, which is not there", name)
		}
		checked++
	}
	if !found || checked < 20 {
		t.Errorf("%d files were found on the page", checked)
	}
}
