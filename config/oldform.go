package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport/auth"
)

// NewForm returns as YAML, in sections of issuers, what c says of issuers in an older form:
// the rules of auth.step_up, and the issuers of offers and of wallet providers. "" where it
// says nothing in that form. Who puts it into the file in their place changes nothing, but
// has to put back a password in a URL, which is struck out.
func (c Config) NewForm() string {
	offered := slices.ContainsFunc(c.NamedIssuers(), func(n NamedIssuer) bool {
		return strings.HasPrefix(n.Setting, "wallets.") || strings.HasPrefix(n.Setting, "wallet_providers[")
	})
	if !offered && len(c.Auth.StepUp) == 0 {
		return ""
	}
	var out strings.Builder
	if offered {
		fmt.Fprintf(&out, "issuer_defaults:\n  wallets: %s\n", yamlList(c.IssuerDefaults.Wallets))
	}
	out.WriteString("issuers:\n")
	for _, name := range slices.Sorted(maps.Keys(c.Issuers)) {
		own := c.Issuers[name]
		var lines []string
		if offered {
			lines = append(lines, "    wallets: "+yamlList(own.Wallets))
		}
		if own.StepUp.Asks() {
			lines = append(lines, "    step_up:")
			lines = append(lines, yamlStepUp(own.StepUp)...)
		}
		if len(lines) > 0 {
			fmt.Fprintf(&out, "  %q:\n%s\n", name, strings.Join(lines, "\n"))
		}
	}
	return out.String()
}

func yamlStepUp(d auth.StepUpDemand) []string {
	var lines []string
	add := func(wanted bool, name, value string) {
		if wanted {
			lines = append(lines, "      "+name+": "+value)
		}
	}
	for _, text := range []struct{ name, value string }{
		{"rule", d.Rule}, {"issuer", d.Issuer}, {"audience", d.Audience}, {"jwks_file", d.JWKSFile},
	} {
		add(text.value != "", text.name, fmt.Sprintf("%q", text.value))
	}
	shown, note := RedactURL(d.JWKSURL), ""
	if shown != d.JWKSURL {
		note = " # with its password"
	}
	add(d.JWKSURL != "", "jwks_url", fmt.Sprintf("%q%s", shown, note))
	add(len(d.Algorithms) > 0, "algorithms", yamlList(d.Algorithms))
	add(d.MaxAge != 0, "max_age", d.MaxAge.Round(time.Millisecond).String())
	add(len(d.Methods) > 0, "methods", yamlList(d.Methods))
	add(d.Rule == "custom" && d.Factors != 0, "factors", fmt.Sprint(d.Factors))
	add(d.MFASuffices, "mfa_suffices", "true")
	return lines
}

func yamlList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = fmt.Sprintf("%q", text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
