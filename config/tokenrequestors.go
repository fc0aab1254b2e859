package config

import (
	_ "embed"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/walletport/walletport"
)

// TokenRequestor is what the schemes know a wallet by. It is data, not code:
// schemes assign new ids without asking us.
type TokenRequestor struct {
	DisplayName string `setting:"display_name"` // of its wallet, in lists of tokens; empty takes what the scheme calls it
	Visa        string `setting:"visa"`         // 11 digits; empty where none is known
	Mastercard  string `setting:"mastercard"`   // 11 digits; empty where none is known
	Confidence  string `setting:"confidence"`   // how well public sources agree on the ids
}

//go:embed tokenrequestors.yaml
var tokenRequestorTable []byte

// knownTokenRequestors is the table of well-known wallets, below the configuration's.
func knownTokenRequestors() map[string]TokenRequestor {
	table := map[string]TokenRequestor{}
	problems, err := decodeYAML(tokenRequestorTable, &table)
	if err = errors.Join(append(problems, err)...); err != nil {
		panic(err) // it is compiled in, and a test reads it
	}
	return table
}

// ID returns the wallet's id at a scheme, "" where none is known.
func (c TokenRequestor) ID(scheme walletport.SchemeID) string {
	switch scheme {
	case walletport.Visa:
		return c.Visa
	case walletport.Mastercard:
		return c.Mastercard
	}
	return ""
}

// RequestorNames returns the display names of token requestors by their ids. Of two entries
// with one id that with the first name in alphabetical order counts.
func (c Config) RequestorNames() map[string]string {
	names := map[string]string{}
	for _, key := range slices.Backward(slices.Sorted(maps.Keys(c.TokenRequestors))) {
		requestor := c.TokenRequestors[key]
		for _, id := range []string{requestor.Visa, requestor.Mastercard} {
			if id != "" && requestor.DisplayName != "" {
				names[id] = requestor.DisplayName
			}
		}
	}
	return names
}

func (c TokenRequestor) validate() error {
	var problems []error
	for _, scheme := range []struct{ name, id string }{{"visa", c.Visa}, {"mastercard", c.Mastercard}} {
		if scheme.id != "" && !isTokenRequestorID(scheme.id) {
			problems = append(problems, errors.New(scheme.name+": a token requestor id has 11 digits"))
		}
	}
	return errors.Join(problems...)
}

func isTokenRequestorID(text string) bool {
	return len(text) == 11 && strings.Trim(text, "0123456789") == ""
}

func validateTokenRequestors(all map[string]TokenRequestor) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := all[name].validate(); err != nil {
			problems = append(problems, at("token_requestors."+name, err))
		}
	}
	return errors.Join(problems...)
}
