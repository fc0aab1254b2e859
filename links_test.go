package walletport_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

var (
	fencedBlock  = regexp.MustCompile("(?ms)^```.*?^```$")
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
)

// pages are what a reader finds: README, CONTRIBUTING and everything in docs.
func pages(t *testing.T) []string {
	t.Helper()
	all := []string{"README.md", "CONTRIBUTING.md"}
	err := filepath.WalkDir("docs", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLinksOfThePagesLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, link := range linksOf(t, page) {
			if strings.Contains(link, "://") {
				continue // other people's sites
			}
			path, anchor, hasAnchor := strings.Cut(link, "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", page, link, err)
				continue
			}
			if hasAnchor && !slices.Contains(anchorsOf(t, target), anchor) {
				t.Errorf("%s links to %s: %s has no such heading", page, link, target)
			}
		}
	}
}

func TestReadOnListsEveryPageOnce(t *testing.T) {
	_, readOn, found := strings.Cut(readPage(t, "README.md"), "\n## Read on\n")
	if !found {
		t.Fatal("README.md has no section Read on")
	}
	var listed []string
	for _, link := range markdownLink.FindAllStringSubmatch(readOn, -1) {
		listed = append(listed, link[1])
	}
	// The pages below docs/wallets stand in the list of their own README.
	want := []string{"CONTRIBUTING.md", "docs/wallets/README.md"}
	wallets := []string{}
	for _, page := range pages(t) {
		switch filepath.Dir(page) {
		case "docs":
			want = append(want, page)
		case "docs/wallets":
			wallets = append(wallets, filepath.Base(page))
		}
	}
	slices.Sort(listed)
	slices.Sort(want)
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("Read on of README.md (-pages +listed):\n%s", diff)
	}
	links := linksOf(t, "docs/wallets/README.md")
	for _, page := range wallets {
		if page != "README.md" && !slices.Contains(links, page) {
			t.Errorf("docs/wallets/README.md does not link to %s", page)
		}
	}
}

func readPage(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// linksOf returns the targets of a page's links, without what only looks like one in
// a command or a piece of code.
func linksOf(t *testing.T, page string) []string {
	t.Helper()
	text := codeSpan.ReplaceAllString(fencedBlock.ReplaceAllString(readPage(t, page), ""), "code")
	var links []string
	for _, link := range markdownLink.FindAllStringSubmatch(text, -1) {
		links = append(links, link[1])
	}
	return links
}

// anchorsOf returns the anchors that GitHub gives the headings of a page: lower case,
// letters, digits, "_" and "-" only, a hyphen for a blank.
func anchorsOf(t *testing.T, page string) []string {
	t.Helper()
	var anchors []string
	for _, found := range heading.FindAllStringSubmatch(fencedBlock.ReplaceAllString(readPage(t, page), ""), -1) {
		anchors = append(anchors, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, found[1]))
	}
	return anchors
}
