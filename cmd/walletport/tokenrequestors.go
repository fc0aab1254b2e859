package main

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"

	"github.com/walletport/walletport"
)

// tokenRequestorConfig is what the schemes know a wallet by. It is data, not code:
// schemes assign new ids without asking us.
type tokenRequestorConfig struct {
	DisplayName string `koanf:"display_name"` // for people
	Visa        string `koanf:"visa"`         // 11 digits; empty where none is known
	Mastercard  string `koanf:"mastercard"`   // 11 digits; empty where none is known
	Confidence  string `koanf:"confidence"`   // how well public sources agree on the ids
}

//go:embed tokenrequestors.yaml
var knownTokenRequestors []byte

// loadTokenRequestors puts the table of well-known wallets below the configuration.
func loadTokenRequestors(into *koanf.Koanf) error {
	table := koanf.New(".")
	if err := table.Load(rawbytes.Provider(knownTokenRequestors), yaml.Parser()); err != nil {
		return fmt.Errorf("table of token requestors: %w", err)
	}
	return into.MergeAt(table, "token_requestors")
}

func (c tokenRequestorConfig) id(scheme walletport.SchemeID) string {
	switch scheme {
	case walletport.Visa:
		return c.Visa
	case walletport.Mastercard:
		return c.Mastercard
	}
	return ""
}

func (c tokenRequestorConfig) validate() error {
	for _, id := range []string{c.Visa, c.Mastercard} {
		if id != "" && !isTokenRequestorID(id) {
			return errors.New("a token requestor id has 11 digits")
		}
	}
	return nil
}

func isTokenRequestorID(text string) bool {
	return len(text) == 11 && strings.Trim(text, "0123456789") == ""
}

func validateTokenRequestors(all map[string]tokenRequestorConfig) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := all[name].validate(); err != nil {
			problems = append(problems, fmt.Errorf("token_requestors.%s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}
