package note

import (
	"encoding/base64"
	"strconv"
	"strings"
)

const (
	inclusionHeader = "c2sp.org/tlog-proof@v1"
	olderWord       = "old " // before the size of the older tree
	// maxPath bounds a path: a tree of 2^63 leaves has no longer one.
	maxPath = 63
)

// Inclusion is the proof that one leaf is in a log's tree (c2sp.org/tlog-proof).
type Inclusion struct {
	Extra  []byte // what the leaf is computed from, for whoever knows its form; not part of the proof
	Number int64  // of the leaf, from 0
	Path   [][]byte
	Note   string
}

// Encode returns the proof as a file has it.
func (p Inclusion) Encode() string {
	var out strings.Builder
	out.WriteString(inclusionHeader + "\n")
	if len(p.Extra) > 0 {
		out.WriteString("extra " + base64.StdEncoding.EncodeToString(p.Extra) + "\n")
	}
	out.WriteString("index " + strconv.FormatInt(p.Number, 10) + "\n")
	writePath(&out, p.Path)
	return out.String() + p.Note
}

// IsInclusion reports whether text begins as an Inclusion does.
func IsInclusion(text string) bool { return strings.HasPrefix(text, inclusionHeader+"\n") }

// ParseInclusion reads what Encode returned. It checks no signature.
func ParseInclusion(text string) (Inclusion, error) {
	rest, ok := strings.CutPrefix(text, inclusionHeader+"\n")
	if !ok {
		return Inclusion{}, malformed("the first line is not %s", inclusionHeader)
	}
	var p Inclusion
	if extra, found := strings.CutPrefix(rest, "extra "); found {
		encoded, behind, _ := strings.Cut(extra, "\n")
		var err error
		if p.Extra, err = decodeLine(encoded); err != nil {
			return Inclusion{}, malformed("the extra line is no base64")
		}
		rest = behind
	}
	number, rest, err := cutNumber(rest, "index ")
	if err != nil {
		return Inclusion{}, err
	}
	p.Number = number
	p.Path, p.Note, err = cutPath(rest)
	return p, err
}

// Consistency is the proof that a log's tree begins with an older tree of it, in the form
// in which a witness is asked (c2sp.org/tlog-witness, add-checkpoint).
type Consistency struct {
	Older int64 // size of the older tree
	Path  [][]byte
	Note  string // over the newer tree
}

// Encode returns the proof as a file or a request has it.
func (c Consistency) Encode() string {
	var out strings.Builder
	out.WriteString(olderWord + strconv.FormatInt(c.Older, 10) + "\n")
	writePath(&out, c.Path)
	return out.String() + c.Note
}

// IsConsistency reports whether text begins as a Consistency does.
func IsConsistency(text string) bool { return strings.HasPrefix(text, olderWord) }

// ParseConsistency reads what Encode returned. It checks no signature.
func ParseConsistency(text string) (Consistency, error) {
	older, rest, err := cutNumber(text, olderWord)
	if err != nil {
		return Consistency{}, err
	}
	c := Consistency{Older: older}
	c.Path, c.Note, err = cutPath(rest)
	return c, err
}

// writePath writes a hash a line, and the empty line behind.
func writePath(out *strings.Builder, path [][]byte) {
	for _, hash := range path {
		out.WriteString(base64.StdEncoding.EncodeToString(hash) + "\n")
	}
	out.WriteString("\n")
}

// cutNumber reads a line of a word and a number, and returns what follows.
func cutNumber(text, word string) (int64, string, error) {
	line, rest, _ := strings.Cut(text, "\n")
	digits, ok := strings.CutPrefix(line, word)
	if !ok {
		return 0, "", malformed("a line begins not with %q", word)
	}
	n, err := parseNumber(digits)
	return n, rest, err
}

// cutPath reads hashes up to an empty line, and returns what follows.
func cutPath(text string) (path [][]byte, rest string, err error) {
	for {
		line, behind, found := strings.Cut(text, "\n")
		if !found {
			return nil, "", malformed("it stops before the empty line that ends the hashes")
		}
		if line == "" {
			return path, behind, nil
		}
		hash, err := parseHash(line)
		if err != nil {
			return nil, "", err
		}
		if len(path) == maxPath {
			return nil, "", malformed("it has more hashes than any proof")
		}
		path, text = append(path, hash[:]), behind
	}
}
