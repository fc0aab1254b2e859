package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	yamlHere  = regexp.MustCompile(`(?s)<<'YAML'\n(.*?)\nYAML\n`)
)

// TestExamplesOfTheDocumentationAreTaken reads every piece of configuration in the
// documentation as serve would: a reader copies it.
func TestExamplesOfTheDocumentationAreTaken(t *testing.T) {
	count := 0
	check := func(path string) {
		page := string(mustRead(t, path))
		for _, found := range append(yamlBlock.FindAllStringSubmatch(page, -1), yamlHere.FindAllStringSubmatch(page, -1)...) {
			count++
			if strings.HasPrefix(found[1], "      ") { // members of a token issuer, as docs/clients.md shows them
				found[1] = "auth:\n  token_issuers:\n    - issuer: login\n" + found[1]
			}
			config := defaultConfig()
			problems, err := decodeYAML([]byte(found[1]), &config)
			if err = errors.Join(append(problems, err)...); err != nil {
				t.Errorf("%s: %v in\n%s", path, err, found[1])
			}
		}
	}
	must(t, filepath.WalkDir("../docs", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			check(path)
		}
		return err
	}))
	check("../README.md")
	if count < 5 {
		t.Errorf("only %d examples were found", count)
	}
}
