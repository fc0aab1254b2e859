package walletport_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api"
)

// notOfTokens are codes of other calls whose names begin like those of the tokens of cards.
var notOfTokens = []string{
	"token_unique_reference_malformed", "token_unique_reference_contains_pan", "token_expired", "token_keys_unavailable", "scheme_mismatch",
}

// TestTheTokensPageHasEveryError holds the table of docs/tokens.md to the codes of the API,
// with their status.
func TestTheTokensPageHasEveryError(t *testing.T) {
	holdErrorsTo(t, "docs/tokens.md", func(code string) bool {
		isOfTokens := strings.HasPrefix(code, "token_") || strings.HasPrefix(code, "scheme_") || code == "suspended_by_others"
		return isOfTokens && !slices.Contains(notOfTokens, code)
	})
}

// holdErrorsTo holds the table of errors of a page to the codes of the API, with their status:
// it has those that are of the page, and none that the API has not.
func holdErrorsTo(t *testing.T, page string, isOfPage func(code string) bool) {
	t.Helper()
	shown := rowsOf(t, page, "Errors")
	for _, c := range api.Codes() {
		status, isShown := shown[c.Code]
		switch {
		case isShown && status != strconv.Itoa(c.Status):
			t.Errorf("%s is shown with %s, and answers %d", c.Code, status, c.Status)
		case !isShown && isOfPage(c.Code):
			t.Errorf("%s is not on the page", c.Code)
		}
		delete(shown, c.Code)
	}
	for code := range shown {
		t.Errorf("the API has no code %s", code)
	}
}

// TestTheTokensPageDrawsTheTable holds the picture of docs/tokens.md to what an issuer may do.
func TestTheTokensPageDrawsTheTable(t *testing.T) {
	_, picture, _ := strings.Cut(readPage(t, "docs/tokens.md"), "\nstateDiagram-v2\n")
	picture, _, _ = strings.Cut(picture, "\n```")
	drawn := map[string]bool{}
	for _, arrow := range regexp.MustCompile(`(?m)^ *([A-Z]+) --> ([A-Z]+): (activate|suspend|resume|deactivate)\b`).FindAllStringSubmatch(picture, -1) {
		drawn[arrow[1]+" "+arrow[3]+" "+arrow[2]] = true
	}
	for _, from := range walletport.TokenStatuses() {
		for _, action := range from.Actions() {
			to, err := from.After(action)
			if arrow := string(from) + " " + string(action) + " " + string(to); err != nil || !drawn[arrow] {
				t.Errorf("%s is not drawn, %v", arrow, err)
			} else {
				delete(drawn, arrow)
			}
		}
	}
	for arrow := range drawn {
		t.Errorf("%s is drawn and not allowed", arrow)
	}
}
