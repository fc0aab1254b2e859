package walletport_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/clicktopay"
	"github.com/walletport/walletport/idempotency"
	visaclicktopay "github.com/walletport/walletport/scheme/vts/clicktopay"
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

// TestTheClickToPayPageHasEveryReason holds the reasons of failed requests to the codes of
// Visa's that are known and to the reasons of ours: a request fails with no other word of ours.
func TestTheClickToPayPageHasEveryReason(t *testing.T) {
	shown := slices.Sorted(maps.Keys(rowsOf(t, clickToPayPage, "Why a request failed")))
	want := slices.Sorted(slices.Values(slices.Concat(visaclicktopay.Codes(), clicktopay.Reasons())))
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("the page has other reasons (-want +got):\n%s", diff)
	}
}

// outsideRequests are the reasons of the rooms below that no request of Click to Pay ends with.
var outsideRequests = []string{
	"trace_id_malformed",    // an id like that is not kept: the answer that had it cannot be read
	"request_not_at_scheme", // Visa is asked what it has then, and that decides
	"scheme_status_refused", // of tokens, as all that begin so
}

// TestRequestsEndWithTheReasonsOfTheirRooms: a reason that a scheme's room learns to give is one
// of those of requests, too; else callers read "internal" in its place.
func TestRequestsEndWithTheReasonsOfTheirRooms(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.room() != "scheme" && p.room() != "scheme/vts/clicktopay" {
			continue
		}
		given := reasonsOf(t, p)
		if len(given) < 3 {
			t.Errorf("%s gives %d reasons: the scan no longer sees them", p.room(), len(given))
		}
		for reason, place := range given {
			isOutside := strings.HasPrefix(reason, "token_") || slices.Contains(outsideRequests, reason)
			if isOutside == slices.Contains(clicktopay.Reasons(), reason) {
				t.Errorf("%s: the reason %s is not one of clicktopay.Reasons, or should not be", place, reason)
			}
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

// settingInForce is a setting on the page, with what it says is in force where nobody sets it:
// "`clicktopay.keep` (90 d)".
var settingInForce = regexp.MustCompile("`(?:[a-z_]+\\.)*([a-z_]+)`\\s\\(([0-9,]+(?: [a-z ]+)?)\\)")

// TestTheClickToPayPageHasTheSettingsInForce holds each length of time and each bound that the
// page gives for a setting to the code.
func TestTheClickToPayPageHasTheSettingsInForce(t *testing.T) {
	s := clicktopay.Settings{}.WithDefaults()
	inForce := map[string]string{
		"keep":         fmt.Sprintf("%.0f d", s.Keep.Hours()/24),
		"give_up":      fmt.Sprintf("%.0f h", s.GiveUp.Hours()),
		"read_wait":    fmt.Sprintf("%.0f s", s.ReadWait.Seconds()),
		"settle_after": fmt.Sprintf("%.0f min", visaclicktopay.DefaultProfile().SettleAfter.Minutes()),
		"rate":         fmt.Sprintf("%.0f a second", s.Portfolio.Rate),
		"max_open":     fmt.Sprintf("%d,%03d", s.Portfolio.MaxOpen/1000, s.Portfolio.MaxOpen%1000),
	}
	seen := map[string]bool{}
	for _, found := range settingInForce.FindAllStringSubmatch(readPage(t, clickToPayPage), -1) {
		name, shown := found[1], found[2]
		if seen[name] = true; shown != inForce[name] {
			t.Errorf("the page has %s of %s, and %q is in force", shown, name, inForce[name])
		}
	}
	for name := range inForce {
		if !seen[name] {
			t.Errorf("the page does not say what is in force of %s", name)
		}
	}
}

// TestTheClickToPayPageSaysHowLongThingsAreKept holds the table of what is stored to the code: to
// the times after which something is deleted, and to there being no way to delete the rest.
func TestTheClickToPayPageSaysHowLongThingsAreKept(t *testing.T) {
	const (
		forgotten, wiped = "`customers forget`", "its end, in the same commit"
		noEnd, forGood   = "there is no end: ", "for good: "
	)
	until := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]*) \| [^|]* \| ([^|]*) \|$`).FindAllStringSubmatch(sectionOf(t, clickToPayPage, "What is stored, and how long"), -1) {
		what, _, _ := strings.Cut(row[1], ":")
		until[what] = row[2]
	}
	delete(until, "what")
	delete(until, "---")
	for what, want := range map[string]string{
		"names, contacts, address and consent of a customer": forgotten,
		"a request": fmt.Sprintf("`clicktopay.keep` (%.0f d) after its end", clicktopay.Settings{}.WithDefaults().Keep.Hours()/24),
		"its overrides, and what tells whether two requests are the same":                                wiped,
		"who is enrolled with which cards, whether active, and which cards Visa refused or were removed": noEnd,
		"that a customer opted out":                "it is withdrawn; ",
		"records of the audit trail":               forGood,
		"first answers under an `Idempotency-Key`": fmt.Sprintf("%.0f h", idempotency.Retention.Hours()),
	} {
		if !strings.HasPrefix(until[what], want) {
			t.Errorf("the page has %s until %q, want %q", what, until[what], want)
		}
		delete(until, what)
	}
	for what := range until {
		t.Errorf("nobody holds the page to how long it says this is kept: %s", what)
	}
	for _, of := range []reflect.Type{reflect.TypeFor[storage.Store](), reflect.TypeFor[storage.Tx]()} {
		for method := range of.Methods() {
			if regexp.MustCompile(`^(Delete|Drop|Forget|Prune).*(Consumer|Audit)`).MatchString(method.Name) {
				t.Errorf("%s has %s, and the page says that there is no end", of, method.Name)
			}
		}
	}
}
