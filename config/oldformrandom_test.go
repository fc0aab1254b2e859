package config

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
)

// olderFile is a configuration in the older form, in the pieces that the new form takes the
// place of, and what of it stays.
type olderFile struct{ stays, rules, defaults, sections string }

// made writes files of random settings, which are valid by themselves.
type made struct{ *rand.Rand }

func (m made) oneOf(texts ...string) string { return texts[m.IntN(len(texts))] }
func (m made) some(texts ...string) (found []string) {
	for _, text := range texts {
		if m.IntN(2) == 0 {
			found = append(found, text)
		}
	}
	return found
}

// demand is a whole step_up, or one that asks nothing.
func (m made) demand() string {
	rule := m.oneOf("eba-sca", "custom", "sg-no-sms-otp", "none")
	settings := []string{
		"rule: " + rule, "issuer: https://" + m.oneOf("a", "b"), "audience: " + m.oneOf("a", "b"),
		m.oneOf("jwks_file: /a.json", "jwks_file: /b.json", "jwks_url: 'https://a/jwks'", "jwks_url: 'https://b/jwks'"),
	}
	settings = append(settings, m.some("mfa_suffices: true", "methods: ["+m.oneOf("sms, pwd", "hwk")+"]", "algorithms: ["+m.oneOf("RS256", "ES256")+"]",
		"max_age: "+m.oneOf("1m", "90500ms", "61000001us"))...)
	if rule == "custom" {
		settings = append(settings, m.some("factors: "+m.oneOf("1", "2", "3"))...)
	}
	return "{" + strings.Join(settings, ", ") + "}"
}

// terms are settings of a section, without a step_up.
func (m made) terms() []string {
	return m.some("wallets: ["+m.oneOf("applepay", "none", "googlepay.visa, acme-wallet", "googlepay")+"]", "products: ["+m.oneOf("", "gold", "gold, blue")+"]",
		"days_before_expiry: "+m.oneOf("0", "30"), "no_activation: "+m.oneOf("true", "false"), "limits: {requests_per_second: "+m.oneOf("0", "5")+"}", "limits: {requests_per_minute: "+m.oneOf("0", "50")+"}")
}

func (m made) issuers() string {
	if found := m.some("acme", "globex"); len(found) > 0 && m.IntN(2) == 0 {
		return ", issuers: [" + strings.Join(found, ", ") + "]"
	}
	return ""
}

func (m made) file() (f olderFile) {
	const offers = "wallets: {applepay: {mastercard: {enabled: true%s}, visa: {enabled: true%s}}, googlepay: {visa: {enabled: true%s}}}\n" +
		"wallet_providers: [{id: acme-wallet, token_requestor_id: '50199900001', scheme: MASTERCARD%s}]\n"
	f.stays = fmt.Sprintf(offers, m.issuers(), m.issuers(), m.issuers(), m.issuers())
	section := func(terms []string) string { return "{" + strings.Join(dropRepeated(terms), ", ") + "}" }
	byRule := m.some("acme", "globex", "initech")
	var rules []string
	for _, id := range byRule {
		rules = append(rules, "{issuers: ["+id+"], "+strings.TrimPrefix(m.demand(), "{"))
	}
	f.rules = "auth: {step_up: [" + strings.Join(rules, ", ") + "]}\n"
	defaults := m.terms()
	if m.IntN(3) > 0 {
		defaults = append(defaults, "step_up: "+m.demand())
	}
	f.defaults = "issuer_defaults: " + section(defaults) + "\n"
	f.sections = "issuers: {"
	for _, id := range m.some("acme", "globex", "umbrella") {
		terms := m.terms()
		if !strings.Contains(strings.Join(byRule, " "), id) && m.IntN(2) == 0 {
			terms = append(terms, "step_up: "+m.demand())
		}
		f.sections += id + ": " + section(terms) + ", "
	}
	f.sections += "}\n"
	return f
}

// dropRepeated keeps the first setting of each name.
func dropRepeated(settings []string) (kept []string) {
	seen := map[string]bool{}
	for _, setting := range settings {
		name, _, _ := strings.Cut(setting, ":")
		if !seen[name] {
			kept = append(kept, setting)
		}
		seen[name] = true
	}
	return kept
}

// inForce is what counts for an issuer in every respect.
func inForce(c Config, id walletport.IssuerID) (Issuer, auth.StepUpDemand) {
	own, gate := c.ForIssuer(id), c.AuthInForce()
	asked := gate.StepUpOfOthers
	for _, rule := range gate.StepUp {
		for _, named := range rule.Issuers {
			if named == id {
				asked = rule.StepUpDemand
			}
		}
	}
	for _, demand := range []*auth.StepUpDemand{&own.StepUp, &asked} {
		if !demand.Asks() {
			*demand = auth.StepUpDemand{}
		}
		*demand = demand.WithDefaults()
	}
	return own, asked
}

// TestWhateverTheOlderFormSaysTheNewFormSaysToo puts the form into the place of what it
// replaces, once with and once without the issuer_defaults of the file where it has none.
func TestWhateverTheOlderFormSaysTheNewFormSaysToo(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	m := made{rand.New(rand.NewPCG(seed, 1))}
	tried := 0
	for range 300 {
		f := m.file()
		text := f.stays + f.rules + f.defaults + f.sections
		older, err := loaded(t, text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text) // the settings were made to be valid
		}
		form := older.NewForm()
		if form == "" {
			continue
		}
		tried++
		rest := strings.NewReplacer(", issuers: [acme, globex]", "", ", issuers: [acme]", "", ", issuers: [globex]", "").Replace(f.stays)
		places := []string{rest + form}
		if !strings.Contains(form, "issuer_defaults:") {
			places = append(places, rest+f.defaults+form)
		}
		for _, place := range places {
			newer, err := loaded(t, place)
			if err != nil {
				t.Fatalf("the new form is refused: %v\n%s\nof\n%s", err, place, text)
			}
			for _, id := range []walletport.IssuerID{"acme", "globex", "initech", "umbrella", "stranger"} {
				was, asked := inForce(older, id)
				is, asks := inForce(newer, id)
				if diff := cmp.Diff(was, is, cmpopts.EquateEmpty()) + cmp.Diff(asked, asks, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("issuer %s (-older form +new form):\n%s\n%s\nof\n%s", id, diff, place, text)
				}
			}
		}
	}
	if tried < 50 {
		t.Errorf("only %d files had the older form", tried)
	}
}
