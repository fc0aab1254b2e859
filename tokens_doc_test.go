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
	_, section, _ := strings.Cut(readPage(t, "docs/tokens.md"), "\n## Errors\n")
	section, _, _ = strings.Cut(section, "\n## ")
	shown := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?`) \\| (\\d{3}) \\|").FindAllStringSubmatch(section, -1) {
		for code := range strings.SplitSeq(row[1], ", ") {
			shown[strings.Trim(code, "`")] = row[2]
		}
	}
	for _, c := range api.Codes() {
		isOfTokens := strings.HasPrefix(c.Code, "token_") || strings.HasPrefix(c.Code, "scheme_") || c.Code == "suspended_by_others"
		status, isShown := shown[c.Code]
		switch {
		case isShown && status != strconv.Itoa(c.Status):
			t.Errorf("%s is shown with %s, and answers %d", c.Code, status, c.Status)
		case !isShown && isOfTokens && !slices.Contains(notOfTokens, c.Code):
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
