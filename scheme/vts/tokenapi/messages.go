package tokenapi

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
)

// Config is what Messages are made of. A configuration file names its fields by their tags.
type Config struct {
	// BaseURL is where the API is, without the version: https://api.visa.com. A path of its own, of a
	// proxy that takes it away again, is not signed.
	BaseURL string  `setting:"url"`
	Profile Profile `setting:"profile"`
}

// Validate returns every problem but those of the Profile, joined, or nil. The texts name
// fields as a configuration file does.
func (c Config) Validate() error { return scheme.CheckBaseURL(c.BaseURL) }

// Messages makes requests of Visa's token API and reads the answers. It is immutable and
// safe for concurrent use. A request costs one HMAC, and a question for a card's tokens two
// RSA operations more, one of them private.
type Messages struct {
	base    string
	profile Profile
}

var _ scheme.TokenManager = (*Messages)(nil)

// New checks the configuration.
func New(c Config) (*Messages, error) {
	if err := errors.Join(c.Validate(), c.Profile.Validate()); err != nil {
		return nil, fmt.Errorf("token API: %w", err)
	}
	return &Messages{base: strings.TrimSuffix(c.BaseURL, "/"), profile: c.Profile}, nil
}

// Scheme returns walletport.Visa.
func (m *Messages) Scheme() walletport.SchemeID { return walletport.Visa }

// tokenPath is the path of one token, without the leading slash.
func tokenPath(ref walletport.TokenRef, call string) (string, error) {
	rule := ref.Rule()
	switch {
	case rule != "":
	case ref.Scheme != walletport.Visa:
		rule = "the token is not Visa's"
	case strings.Trim(ref.Reference, ".") == "": // a path would lose it
		rule = "a token's reference is not of dots alone"
	default:
		return "vtis/v1/tokenRequestors/" + ref.Requestor + "/tokens/" + url.PathEscape(ref.Reference) + "/" + call, nil
	}
	return "", walletport.Errorf(walletport.CodeInvalid, "token_reference_malformed", "%s", rule)
}

// errKey is about a key that an operator must replace.
func errKey(rule string) *walletport.Error {
	return walletport.Errorf(walletport.CodeUnavailable, "key_unusable", "a key of Visa's token API cannot be used; an operator must replace it: %s", rule)
}
