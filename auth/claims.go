package auth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json" // names are read as they are spelled, and none twice
)

// claims is the payload of a JWT (RFC 7519 section 4). Names are read as they are
// spelled, so that ISS is not iss, and a name that stands twice in an object, at
// whatever depth, makes the whole unreadable: two readers could take different ones.
type claims map[string]any

func parseClaims(payload []byte) (claims, error) {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.SetNumberType(json.UnmarshalJSONNumber)
	var c claims
	if err := decoder.Decode(&c); err != nil || c == nil {
		return nil, errors.New("the claims are no JSON object, or one stands there twice") // the library's words repeat them
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the claims")
	}
	return c, nil
}

// errClaimMissing is of the errors that say that a claim is not there.
var errClaimMissing = errors.New("is missing")

// errClaim names a claim, which is ours or the configuration's word, and never its
// value.
func errClaim(name, fault string) error { return fmt.Errorf("claim %s %s", name, fault) }

func errNoClaim(name string) error { return fmt.Errorf("claim %s %w", name, errClaimMissing) }

// find returns a claim by its name, or, where there is none of that name, by the
// path of names that its dots make: realm_access.roles. null is no claim.
func (c claims) find(name string) (any, bool) {
	if value, ok := c[name]; ok {
		return value, value != nil
	}
	for at := strings.IndexByte(name, '.'); at >= 0; {
		if inner, ok := c[name[:at]].(map[string]any); ok {
			if value, ok := claims(inner).find(name[at+1:]); ok {
				return value, true
			}
		}
		next := strings.IndexByte(name[at+1:], '.')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return nil, false
}

// text returns a claim that is a string.
func (c claims) text(name string) (string, error) {
	value, there := c.find(name)
	if !there {
		return "", errNoClaim(name)
	}
	text, ok := value.(string)
	if !ok {
		return "", errClaim(name, "is no string")
	}
	return text, nil
}

// list returns a claim that is a list of strings, or one string.
func (c claims) list(name string) ([]string, error) {
	value, there := c.find(name)
	if !there {
		return nil, errNoClaim(name)
	}
	if text, ok := value.(string); ok {
		return []string{text}, nil
	}
	return stringsOf(name, value)
}

func stringsOf(name string, value any) ([]string, error) {
	items, ok := value.([]any)
	if !ok {
		return nil, errClaim(name, "is no list of strings")
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			return nil, errClaim(name, "is a list of something else than strings")
		}
		list = append(list, text)
	}
	return list, nil
}

// words is list, where each string may hold several words with spaces between (RFC
// 8693 section 4.2).
func (c claims) words(name string) ([]string, error) {
	list, err := c.list(name)
	if err != nil {
		return nil, err
	}
	var words []string
	for _, text := range list {
		words = append(words, strings.Fields(text)...)
	}
	return words, nil
}

// maxNumericDate is the end of the year 9999: beyond it a number is no time, and may
// be none that fits.
const maxNumericDate = 253402300799

// time returns a claim that is a NumericDate (RFC 7519 section 2): seconds since
// 1970, of which a part is cut off.
func (c claims) time(name string) (time.Time, error) {
	value, there := c.find(name)
	if !there {
		return time.Time{}, errNoClaim(name)
	}
	number, ok := value.(json.Number)
	if !ok {
		return time.Time{}, errClaim(name, "is no number")
	}
	seconds, err := number.Float64()
	if err != nil || math.IsNaN(seconds) || seconds < 0 || seconds > maxNumericDate {
		return time.Time{}, errClaim(name, "is no time")
	}
	return time.Unix(int64(seconds), 0), nil
}

// thumbprintMember is the one confirmation method that we can check (RFC 8705
// section 3.1).
const thumbprintMember = "x5t#S256"

// thumbprintChars is the length of a SHA-256 digest in base64url.
const thumbprintChars = 43

// confirmation returns the certificate that a token is bound to (RFC 7800, RFC
// 8705), "" when it is bound to nothing. A token that is bound to what we cannot
// check (jkt, jwk, jwe, kid, jku) would be anybody's: it is refused.
func (c claims) confirmation() (thumbprint string, err error) {
	value, there := c["cnf"]
	if !there {
		return "", nil
	}
	members, ok := value.(map[string]any)
	if !ok || len(members) == 0 {
		return "", errClaim("cnf", "is no confirmation")
	}
	for name, member := range members {
		text, isText := member.(string)
		if name != thumbprintMember {
			return "", errClaim("cnf", "binds the token to something that is not checked here: only "+thumbprintMember+" is")
		}
		if !isText || len(text) != thumbprintChars {
			return "", errClaim("cnf", "has a malformed "+thumbprintMember)
		}
		thumbprint = text
	}
	return thumbprint, nil
}
