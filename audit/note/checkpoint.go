package note

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// RootBytes is the length of a root hash, SHA-256.
const RootBytes = 32

// MaxBytes bounds a note that is read.
const MaxBytes = 64 << 10

// ErrMalformed is returned for what is no checkpoint, proof or key of these forms.
var ErrMalformed = errors.New("malformed")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// Checkpoint is what a log says of its tree.
type Checkpoint struct {
	Origin string // the log's name, the first line; also the name of its keys
	Size   int64  // leaves in the tree
	Root   [RootBytes]byte
}

// text returns the signed text: three lines.
func (c Checkpoint) text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// parse reads the text of a checkpoint. Further lines, which the format advises against
// and which mean nothing here, are passed over. The origin is a name, for it was that of a key
// that signed the text.
func parse(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || slices.Index(lines, "") != len(lines)-1 {
		return Checkpoint{}, malformed("a checkpoint has three lines, origin, size and root hash, and no empty one")
	}
	size, err := parseNumber(lines[1])
	if err != nil {
		return Checkpoint{}, malformed("the size is no number")
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, err
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// parseNumber reads decimal digits without leading zeros.
func parseNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, malformed("%.20q is no number", text)
	}
	return n, nil
}

// parseHash reads a hash in standard base64.
func parseHash(text string) (hash [RootBytes]byte, err error) {
	decoded, err := decodeLine(text)
	if err != nil || len(decoded) != RootBytes {
		return hash, malformed("a hash must be %d bytes in base64", RootBytes)
	}
	return [RootBytes]byte(decoded), nil
}

// decodeLine reads base64 that is a line's rest, in the one form that there is of it. The decoder
// alone would pass over ends of lines within.
func decodeLine(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, malformed("the end of a line is no base64")
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}
