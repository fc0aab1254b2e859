package walletport_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/walletport/walletport/storage"
)

const clickToPayPage = "docs/click-to-pay.md"

// sectionOf returns the text below a heading of a page, up to the next one of its level.
func sectionOf(t *testing.T, page, title string) string {
	t.Helper()
	_, section, found := strings.Cut(readPage(t, page), "\n## "+title+"\n")
	if !found {
		t.Fatalf("%s has no section %q", page, title)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

// rowsOf returns the words of the first cell of each row of a section's tables, with the second
// cell.
func rowsOf(t *testing.T, page, title string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\| ([^|]*) \\|").FindAllStringSubmatch(sectionOf(t, page, title), -1) {
		for word := range strings.SplitSeq(row[1], ", ") {
			rows[strings.Trim(word, "`")] = row[2]
		}
	}
	return rows
}

// wordsIn returns what a pattern's parentheses match in the source files that fit a glob,
// without tests.
func wordsIn(t *testing.T, files, pattern string) []string {
	t.Helper()
	words := map[string]bool{}
	paths, err := filepath.Glob(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
			words[string(found[1])] = true
		}
	}
	if len(words) == 0 {
		t.Fatalf("%s has nothing like %s", files, pattern)
	}
	return slices.Sorted(maps.Keys(words))
}

// TestTheClickToPayPageHasEveryError holds the table of the page to the codes of the API.
func TestTheClickToPayPageHasEveryError(t *testing.T) {
	isOfClickToPay := regexp.MustCompile(`^(customer_|card_id_|enrolment_|clicktopay_|active_)`)
	holdErrorsTo(t, clickToPayPage, func(code string) bool { return isOfClickToPay.MatchString(code) })
}

// TestTheClickToPayPageHasEveryReason holds the reasons of failed requests to Visa's codes and
// to ours.
func TestTheClickToPayPageHasEveryReason(t *testing.T) {
	shown := rowsOf(t, clickToPayPage, "Why a request failed")
	want := slices.Concat(
		wordsIn(t, "scheme/vts/clicktopay/codes.go", `"(VIDC-\d{4})"`),
		wordsIn(t, "clicktopay/finish.go", `"(clicktopay_\w+)"`),
		wordsIn(t, "clicktopay/accept.go", `"(customer_opted_out)"`))
	for _, reason := range want {
		if _, isShown := shown[reason]; !isShown {
			t.Errorf("%s is not on the page", reason)
		}
		delete(shown, reason)
	}
	known := readPage(t, "docs/errors.md")
	for reason := range shown {
		isVisas := slices.Contains(wordsIn(t, "scheme/vts/paytoken.go", `"(\d{4})"`), reason)
		if !isVisas && !strings.Contains(known, "| `"+reason+"` |") {
			t.Errorf("there is no reason %s", reason)
		}
	}
}

// TestTheClickToPayPageHasEveryWord holds the tables of portfolios and of comparisons to the
// words that the commands print.
func TestTheClickToPayPageHasEveryWord(t *testing.T) {
	for _, c := range []struct{ title, files, pattern string }{
		{"Which cards a portfolio has", "clicktopay/eligible.go", `LeftOutReason = "(\w+)"`},
		{"Comparing with Visa", "clicktopay/drift.go", `DriftKind = "(\w+)"`},
	} {
		t.Run(c.title, func(t *testing.T) {
			shown := slices.Sorted(maps.Keys(rowsOf(t, clickToPayPage, c.title)))
			if want := wordsIn(t, c.files, c.pattern); !slices.Equal(shown, want) {
				t.Errorf("the page has\n%q, want\n%q", shown, want)
			}
		})
	}
}

// TestTheClickToPayPageHasEveryReasonOfAComparison holds what stands in brackets behind a drift
// to the page.
func TestTheClickToPayPageHasEveryReasonOfAComparison(t *testing.T) {
	section := sectionOf(t, clickToPayPage, "Comparing with Visa")
	for _, reason := range wordsIn(t, "clicktopay/reconcile*.go", `told\.(?:Result, told\.)?Reason(?:, told\.Drifts)? = (?:ReconciledNot, )?"(\w+)"`) {
		if !strings.Contains(section, "`"+reason+"`") {
			t.Errorf("%s is not on the page", reason)
		}
	}
}

// TestTheClickToPayPageDrawsTheStates holds the picture to the states of a request.
func TestTheClickToPayPageDrawsTheStates(t *testing.T) {
	_, picture, _ := strings.Cut(readPage(t, clickToPayPage), "\nstateDiagram-v2\n")
	picture, _, _ = strings.Cut(picture, "\n```")
	drawn := map[string]bool{}
	for _, arrow := range regexp.MustCompile(`(?m)^ *(\w+|\[\*\]) --> (\w+|\[\*\]):`).FindAllStringSubmatch(picture, -1) {
		drawn[arrow[1]], drawn[arrow[2]] = true, true
	}
	delete(drawn, "[*]")
	states := []storage.RequestState{storage.RequestAccepted, storage.RequestSent, storage.RequestInProgress, storage.RequestCompleted}
	for _, state := range states {
		if !drawn[string(state)] {
			t.Errorf("%s is not drawn", state)
		}
		delete(drawn, string(state))
	}
	for state := range drawn {
		t.Errorf("%s is drawn, and is no state", state)
	}
}

// TestTheClickToPayPageHasEveryCall holds the first table to the paths of the API.
func TestTheClickToPayPageHasEveryCall(t *testing.T) {
	const below = "/v1/click2pay/VISA"
	page := readPage(t, clickToPayPage)
	calls := regexp.MustCompile(`(?m)^  `+below+`(/.*):\n    (get|post|put):$`).FindAllStringSubmatch(readPage(t, "api/openapi.yaml"), -1)
	if len(calls) != 9 {
		t.Errorf("%d calls were found", len(calls))
	}
	for _, call := range calls {
		if row := "\n| `" + strings.ToUpper(call[2]) + " " + call[1] + "` |"; !strings.Contains(page, row) {
			t.Errorf("the page has no row %s", row)
		}
	}
}
