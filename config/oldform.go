package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/walletport/walletport/auth"
)

// NewForm returns as YAML the sections of issuers that say what c says of them, also in an
// older form: the rules of auth.step_up, and the issuers of offers and of wallet providers.
// "" where it says nothing in that form, or nothing that counts. Who puts it into the file in the place of both
// changes nothing, but has to put back a password in a URL, which is struck out.
func (c Config) NewForm() string {
	offered := slices.ContainsFunc(c.NamedIssuers(), func(n NamedIssuer) bool {
		return strings.HasPrefix(n.Setting, "wallets.") || strings.HasPrefix(n.Setting, "wallet_providers[")
	})
	if !offered && len(c.Auth.StepUp) == 0 {
		return ""
	}
	var out strings.Builder
	every := Issuer{Wallets: c.walletsFor("", Issuer{})}
	if lines := yamlIssuer("  ", c.IssuerDefaults, every, offered); len(lines) > 0 {
		fmt.Fprintf(&out, "issuer_defaults:\n%s\n", strings.Join(lines, "\n"))
	}
	heading := "issuers:\n"
	for _, name := range slices.Sorted(maps.Keys(c.Issuers)) {
		if lines := yamlIssuer("    ", c.Issuers[name], c.IssuerDefaults, offered); len(lines) > 0 {
			fmt.Fprintf(&out, "%s  %q:\n%s\n", heading, name, strings.Join(lines, "\n"))
			heading = ""
		}
	}
	return out.String()
}

// yamlLines are lines of one section, each behind its indent.
type yamlLines struct {
	indent string
	lines  []string
}

// add says what a setting is, unless a section that begins as another one has it already.
func (y *yamlLines) add(name, value, before string) {
	if value != before {
		y.lines = append(y.lines, y.indent+name+": "+value)
	}
}

func (y *yamlLines) section(name string, lines []string) {
	if len(lines) > 0 {
		y.lines = append(append(y.lines, y.indent+name+":"), lines...)
	}
}

// yamlIssuer returns what makes own of a section that begins as before: a setting that is
// left out would be taken from there.
func yamlIssuer(indent string, own, before Issuer, withWallets bool) []string {
	y := yamlLines{indent: indent}
	wallets := yamlList(before.Wallets)
	if withWallets {
		wallets = ""
	}
	y.add("wallets", yamlList(own.Wallets), wallets)
	y.add("no_activation", fmt.Sprint(own.NoActivation), fmt.Sprint(before.NoActivation))
	y.add("products", yamlList(own.Products), yamlList(before.Products))
	y.add("days_before_expiry", fmt.Sprint(own.DaysBeforeExpiry), fmt.Sprint(before.DaysBeforeExpiry))
	limits := yamlLines{indent: indent + "  "}
	limits.add("requests_per_second", fmt.Sprint(own.Limits.PerSecond), fmt.Sprint(before.Limits.PerSecond))
	limits.add("requests_per_minute", fmt.Sprint(own.Limits.PerMinute), fmt.Sprint(before.Limits.PerMinute))
	y.section("limits", limits.lines)
	y.section("step_up", yamlStepUp(indent+"  ", own.StepUp, before.StepUp))
	return y.lines
}

func yamlStepUp(indent string, own, before auth.StepUpDemand) []string {
	y := yamlLines{indent: indent}
	switch {
	case own.Asks():
	case before.Asks():
		y.add("rule", `"none"`, "")
		return y.lines
	default:
		return nil
	}
	lines, inherited, zero := yamlDemand(own), yamlDemand(before), yamlDemand(auth.StepUpDemand{})
	if slices.Equal(lines, inherited) {
		return nil
	}
	// What is not before and not set can be left out. Everything else is said: whoever puts
	// this into a file may leave its issuer_defaults there or not where none are shown, which
	// is so where they ask nothing, whatever else stands beside a rule of none.
	for i, line := range lines {
		if line != zero[i] || line != inherited[i] {
			y.add(line.name, line.value, "")
		}
	}
	return y.lines
}

type yamlSetting struct{ name, value string }

// yamlDemand lists every setting of a demand.
func yamlDemand(d auth.StepUpDemand) []yamlSetting {
	return []yamlSetting{
		{"rule", fmt.Sprintf("%q", d.Rule)},
		{"issuer", fmt.Sprintf("%q", d.Issuer)},
		{"audience", fmt.Sprintf("%q", d.Audience)},
		{"jwks_file", fmt.Sprintf("%q", d.JWKSFile)},
		{"jwks_url", yamlURL(d.JWKSURL)},
		{"algorithms", yamlList(d.Algorithms)},
		{"max_age", d.MaxAge.String()},
		{"methods", yamlList(d.Methods)},
		{"factors", fmt.Sprint(d.Factors)},
		{"mfa_suffices", fmt.Sprint(d.MFASuffices)},
	}
}

// yamlURL strikes out the password of a URL and says so.
func yamlURL(url string) string {
	shown, note := RedactURL(url), ""
	if shown != url {
		note = " # with its password"
	}
	return fmt.Sprintf("%q%s", shown, note)
}

func yamlList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = fmt.Sprintf("%q", text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
