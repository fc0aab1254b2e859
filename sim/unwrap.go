package sim

import (
	"compress/gzip"
	"encoding/json"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
)

// maxWraps is how many wrappings around a payload are taken off.
const maxWraps = 8

// wrapping is something that a terminal, an editor or a tool puts around a payload.
type wrapping struct {
	note   string
	unwrap func(string) string // returns the text itself if there is no such wrapping
}

var wrappings = []wrapping{
	{"the text is compressed (gzip), and was read unpacked", unpacked},
	{"the text is UTF-16, and was read as that", fromUTF16Text},
	{"white space around the payload was ignored", func(text string) string { return strings.TrimSpace(strings.TrimPrefix(text, byteOrderMark)) }},
	{"the HTTP headers before the payload were ignored", withoutHTTPHead},
	{"what curl -v prints around the payload was ignored", withoutCurlLines},
	{"quotes around the payload were ignored", withoutQuotes},
	{"the payload is escaped for HTML, and was read without", unescapedHTML},
	{"the payload stands there twice, and was read once", withoutRepetition},
}

// Unwrap takes off what a terminal, an editor or an HTTP client may have put around a
// payload, and says so: white space, a byte order mark, UTF-16, quotes, the head of an
// HTTP answer, HTML's entities, the payload once more.
func Unwrap(payload []byte) (text string, notes []string) {
	text = string(payload)
	for range maxWraps {
		before := text
		for _, w := range wrappings {
			inner := w.unwrap(text)
			if inner != text && !slices.Contains(notes, w.note) {
				notes = append(notes, w.note)
			}
			text = inner
		}
		if text == before {
			break
		}
	}
	return text, notes
}

// maxUnpackedBytes is more than any reader takes.
const maxUnpackedBytes = 1 << 20

// unpacked undoes gzip, which curl leaves on without --compressed.
func unpacked(text string) string {
	if !strings.HasPrefix(text, "\x1f\x8b") {
		return text
	}
	reader, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		return text
	}
	plain, err := io.ReadAll(io.LimitReader(reader, maxUnpackedBytes))
	if err != nil || len(plain) == maxUnpackedBytes {
		return text
	}
	return string(plain)
}

func fromUTF16Text(text string) string {
	if plain := FromUTF16([]byte(text)); plain != nil {
		return string(plain)
	}
	return text
}

func withoutQuotes(text string) string {
	if len(text) < 2 || text[0] != text[len(text)-1] {
		return text
	}
	var plain string
	switch {
	case text[0] == '"' && json.Unmarshal([]byte(text), &plain) == nil:
		return plain
	case text[0] == '\'', text[0] == '"':
		return text[1 : len(text)-1]
	}
	return text
}

// httpHead is a status line with headers, or headers alone, up to the empty line.
var httpHead = regexp.MustCompile(`\A(?:HTTP/[0-9.]+ [0-9]{3}[^\r\n]*\r?\n)?(?:[!#$%&'*+.^_|~0-9A-Za-z-]+:[^\r\n]*\r?\n)*\r?\n`)

// withoutHTTPHead takes the head of an answer off; several where a proxy or a redirect
// answered first.
func withoutHTTPHead(text string) string {
	head := httpHead.FindString(text)
	if strings.TrimSpace(head) == "" {
		return text
	}
	return text[len(head):]
}

// withoutCurlLines keeps of curl's verbose output what is no comment and no header.
func withoutCurlLines(text string) string {
	if !strings.HasPrefix(text, "* ") && !strings.HasPrefix(text, "< ") && !strings.HasPrefix(text, "> ") {
		return text
	}
	var kept []string
	for line := range strings.Lines(text) {
		mark := strings.TrimRight(line, "\r\n")
		if len(mark) > 0 && strings.ContainsRune("*<>{}", rune(mark[0])) && (len(mark) == 1 || mark[1] == ' ') {
			continue
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "")
}

func unescapedHTML(text string) string {
	if strings.Contains(text, "&quot;") || strings.Contains(text, "&#34;") || strings.Contains(text, "&#x22;") {
		return html.UnescapeString(text)
	}
	return text
}

// withoutRepetition keeps one of two payloads that stand in two lines.
func withoutRepetition(text string) string {
	for i, c := range text {
		if c != '\n' {
			continue
		}
		first := strings.TrimSpace(text[:i])
		if first != "" && first == strings.TrimSpace(text[i:]) {
			return first
		}
	}
	return text
}
