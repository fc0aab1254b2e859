package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/auth"
)

const demand = "rule: eba-sca, issuer: 'https://login.acme.example', audience: step-up, jwks_file: /keys/acme.json"

func TestWhatCountsForAnIssuer(t *testing.T) {
	t.Setenv("WALLETPORT_ISSUER_DEFAULTS__LIMITS__REQUESTS_PER_MINUTE", "600")
	settings, err := loaded(t, `
issuers:
  acme: {days_before_expiry: 90, products: [gold], step_up: {rule: none}}
  globex: {limits: {requests_per_minute: 0}, wallets: [googlepay.visa], step_up: {max_age: 1m}}
issuer_defaults: # which count wherever they stand
  days_before_expiry: 30
  step_up: {`+demand+`}
wallets: {googlepay: {visa: {enabled: true}, mastercard: {enabled: true}}}
`)
	must(t, err)
	acme, globex, other := settings.ForIssuer("acme"), settings.ForIssuer("globex"), settings.ForIssuer("initech")
	if acme.DaysBeforeExpiry != 90 || globex.DaysBeforeExpiry != 30 || other.DaysBeforeExpiry != 30 {
		t.Errorf("days before expiry: %d, %d, %d", acme.DaysBeforeExpiry, globex.DaysBeforeExpiry, other.DaysBeforeExpiry)
	}
	if acme.Limits.PerMinute != 600 || globex.Limits.PerMinute != 0 || other.Limits.PerMinute != 600 {
		t.Errorf("limits: %d, %d, %d", acme.Limits.PerMinute, globex.Limits.PerMinute, other.Limits.PerMinute)
	}
	if acme.StepUp.Asks() || globex.StepUp.MaxAge.Minutes() != 1 || globex.StepUp.Audience != "step-up" || other.StepUp.MaxAge.Minutes() != 5 {
		t.Errorf("step-up: %+v, %+v, %+v", acme.StepUp, globex.StepUp, other.StepUp)
	}
	if acme.Takes("googlepay", walletport.Mastercard) != true || globex.Takes("googlepay", walletport.Mastercard) || !globex.Takes("googlepay", walletport.Visa) || globex.Takes("samsungpay", walletport.Visa) {
		t.Errorf("wallets: %v, %v", acme.Wallets, globex.Wallets)
	}
	rules := settings.AuthInForce()
	must(t, rules.Validate())
	if len(rules.StepUp) != 2 || rules.StepUp[0].Asks() || rules.StepUp[1].Issuers[0] != "globex" || !rules.StepUpOfOthers.Asks() {
		t.Errorf("rules in force: %+v, of others %+v", rules.StepUp, rules.StepUpOfOthers)
	}
	var printed strings.Builder
	Print(&printed, settings)
	for _, want := range []string{
		"issuers.acme.days_before_expiry: 90", "issuers.globex.days_before_expiry: 30", "issuers.acme.products: [gold]",
		"issuers.acme.wallets: [googlepay.mastercard googlepay.visa]", "issuers.globex.wallets: [googlepay.visa]",
		"issuers.acme.step_up.rule: none", "issuers.globex.step_up.max_age: 1m0s", "issuer_defaults.limits.requests_per_minute: 600",
	} {
		if !strings.Contains(printed.String(), want+"\n") {
			t.Errorf("config print lacks %q:\n%s", want, printed.String())
		}
	}
}

func TestSectionsOfIssuersThatAreNone(t *testing.T) {
	for _, c := range []struct{ name, text, problem string }{
		{"a name with a space", "issuers: {'a b': {}}", "issuers.a b: the name of a card issuer"},
		{"a number for a name", "issuers: {0123: {}}", "quote it"},
		{"a setting that is none", "issuers: {acme: {wallet: [applepay]}}", "issuers.acme.wallet: there is no such setting; did you mean wallets?"},
		{"a wallet that is none", "issuers: {acme: {wallets: [aplepay]}}", `issuers.acme.wallets[0]: there is no wallet "aplepay"; did you mean applepay?`},
		{"a scheme that is none", "issuer_defaults: {wallets: [applepay.amex]}", "issuer_defaults.wallets[0]: there is no wallet"},
		{"none beside a wallet", "issuers: {acme: {wallets: [applepay, none]}}", "issuers.acme.wallets[1]: none stands alone"},
		{"too many days", "issuers: {acme: {days_before_expiry: 366}}", "issuers.acme.days_before_expiry: 0 to 365"},
		{"a day before", "issuer_defaults: {days_before_expiry: -1}", "issuer_defaults.days_before_expiry: 0 to 365"},
		{"a step-up without its rule", "issuers: {acme: {step_up: {audience: step-up}}}", "issuers.acme.step_up.rule is eba-sca"},
		{"a step-up in two forms", "auth: {step_up: [{issuers: [acme], " + demand + "}]}\nissuers: {acme: {step_up: {rule: none}}}", "auth.step_up[0]: the card issuer acme has its own issuers.acme.step_up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loaded(t, c.text)
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("error %v, want %q in it", err, c.problem)
			}
		})
	}
}

// TestAFaultOfTheDefaultsIsSaidOnce: sections have it from there.
func TestAFaultOfTheDefaultsIsSaidOnce(t *testing.T) {
	for _, c := range []struct {
		name, defaults, own string
		want                []string // the places that have a fault
	}{
		{"in a section that says nothing", "{days_before_expiry: 400, wallets: [aplepay], step_up: {rule: eba-sca, audience: a, jwks_file: f}}", "{}",
			[]string{"issuer_defaults.wallets[0]:", "issuer_defaults.days_before_expiry:", "issuer_defaults.step_up.issuer"}},
		{"in a section that says something else", "{days_before_expiry: 400, step_up: {rule: eba-sca, audience: a, jwks_file: f}}", "{products: [gold], step_up: {max_age: 1m}}",
			[]string{"issuer_defaults.days_before_expiry:", "issuer_defaults.step_up.issuer"}},
		{"in a section with the same fault of its own", "{days_before_expiry: 400, step_up: {rule: eba-sca, issuer: i, audience: a, jwks_url: 'http://bank.example/'}}",
			"{days_before_expiry: 500, step_up: {jwks_url: 'http://acme.example/'}}",
			[]string{"issuer_defaults.days_before_expiry:", "issuer_defaults.step_up.jwks_url", "issuers.acme.days_before_expiry:", "issuers.acme.step_up.jwks_url"}},
		{"in a section that makes it good", "{days_before_expiry: 400}", "{days_before_expiry: 30}", []string{"issuer_defaults.days_before_expiry:"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loaded(t, "issuer_defaults: "+c.defaults+"\nissuers: {acme: "+c.own+"}\n")
			if err == nil {
				t.Fatal("it is taken")
			}
			_, text, _ := strings.Cut(err.Error(), "\n")
			lines := strings.Split(text, "\n")
			if len(lines) != len(c.want) {
				t.Errorf("%d problems, want %d: %v", len(lines), len(c.want), err)
			}
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("no problem of %s: %v", want, err)
				}
			}
		})
	}
}

// TestASettingTakesThePlaceOfThoseItExcludes: what the defaults say of keys or factors does
// not clash with what a section says in their place. What it names itself does.
func TestASettingTakesThePlaceOfThoseItExcludes(t *testing.T) {
	const byURL = "rule: custom, factors: 2, issuer: i, audience: a, jwks_url: 'https://a/jwks'"
	for _, c := range []struct {
		name, defaults, own string
		url, file           string
		factors             int
		problem             string
	}{
		{"a file in the place of a URL", byURL, "jwks_file: /f", "", "/f", 2, ""},
		{"a URL in the place of a file", demand, "jwks_url: 'https://b/jwks'", "https://b/jwks", "", 0, ""},
		{"both at once", demand, "jwks_url: 'https://b/jwks', jwks_file: /f", "", "", 0, "issuers.acme.step_up.give either"},
		{"an empty text beside it", byURL, "jwks_url: '', jwks_file: /f", "", "/f", 2, ""},
		{"an empty text for what the defaults have not", byURL, "jwks_file: ''", "https://a/jwks", "", 2, ""},
		{"a preset in the place of a custom rule", byURL, "rule: eba-sca", "https://a/jwks", "", 0, ""},
		{"the same custom rule", byURL, "rule: custom", "https://a/jwks", "", 2, ""},
		{"a preset with factors", byURL, "rule: eba-sca, factors: 2", "", "", 0, "issuers.acme.step_up.factors is for a custom rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings, err := loaded(t, "issuer_defaults: {step_up: {"+c.defaults+"}}\nissuers: {acme: {step_up: {"+c.own+"}}}\n")
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("error %v, want %q", err, c.problem)
				}
				return
			}
			must(t, err)
			if got := settings.ForIssuer("acme").StepUp; got.JWKSURL != c.url || got.JWKSFile != c.file || got.Factors != c.factors {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestTheNewFormSaysTheSame loads a file in the older form, puts the form that config check
// shows into its place, and finds the same in force for each issuer.
func TestTheNewFormSaysTheSame(t *testing.T) {
	const offers = `
wallets:
  applepay: {mastercard: {enabled: true%s}, visa: {enabled: true}}
  googlepay: {visa: {enabled: true%s}}
wallet_providers: [{id: acme-wallet, token_requestor_id: "50199900001", scheme: MASTERCARD%s}]
`
	const rules = "auth: {step_up: [{issuers: [acme, initech], " + demand + ", max_age: 90s, methods: [pin, hwk]}, {issuers: ['0123'], rule: custom, factors: 2, issuer: i, audience: a, jwks_url: 'https://login.example/jwks'}]}\n"
	const defaults = "issuer_defaults: {products: [gold], days_before_expiry: 9, limits: {requests_per_second: 5}, wallets: [applepay], step_up: {rule: custom, factors: 1, mfa_suffices: true, " +
		"methods: [sms], algorithms: [ES256], issuer: i, audience: d, jwks_url: 'https://login.example/jwks'}}\n"
	const sections = "issuers: {globex: {products: [], limits: {requests_per_second: 0, requests_per_minute: 7}, step_up: {rule: none}}, initech: {days_before_expiry: 0}}\n"
	places := func(apple, google, provider string) string {
		text := offers
		for _, issuers := range []string{apple, google, provider} {
			if issuers != "" {
				issuers = ", issuers: [" + issuers + "]"
			}
			text = strings.Replace(text, "%s", issuers, 1)
		}
		return text
	}
	for _, c := range []struct{ name, older, rest string }{
		{"step-up rules", rules + places("", "", ""), places("", "", "")},
		{"issuers of offers", places("acme", "acme, globex", ""), places("", "", "")},
		{"issuers of every offer", strings.Replace(places("acme", "globex", "'0123'"), "visa: {enabled: true}}\n  google", "visa: {enabled: true, issuers: [acme]}}\n  google", 1), places("", "", "")},
		{"both", rules + places("acme", "", "globex"), places("", "", "")},
		{"beside defaults that ask for more, and for less", rules + defaults + places("", "", ""), places("", "", "")},
		{"beside sections and offers", rules + defaults + sections + places("acme", "globex, acme", ""), places("", "", "")},
		{"beside defaults that ask nothing in many words", rules + "issuer_defaults: {step_up: {rule: none, factors: 2, mfa_suffices: true, jwks_url: 'https://login.example/jwks'}}\n", ""},
		{"a rule that asks nothing where every other issuer asks", "auth: {step_up: [{issuers: [acme], rule: none}]}\n" + defaults, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			older, err := loaded(t, c.older)
			must(t, err)
			form := older.NewForm()
			newer, err := loaded(t, c.rest+form)
			if err != nil {
				t.Fatalf("the new form is refused: %v\n%s", err, form)
			}
			if newer.NewForm() != "" {
				t.Errorf("the new form is taken for the older:\n%s", newer.NewForm())
			}
			for _, id := range []walletport.IssuerID{"acme", "globex", "initech", "0123", "stranger"} {
				was, is := older.ForIssuer(id), newer.ForIssuer(id)
				if !was.StepUp.Asks() && !is.StepUp.Asks() { // whatever else there is of a demand that asks nothing
					was.StepUp, is.StepUp = auth.StepUpDemand{}, auth.StepUpDemand{}
				}
				if diff := cmp.Diff(was, is, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("issuer %s (-older form +new form):\n%s\n%s", id, diff, form)
				}
			}
		})
	}
	settings, err := loaded(t, places("", "", ""))
	must(t, err)
	if form := settings.NewForm(); form != "" {
		t.Errorf("without the older form there is a note:\n%s", form)
	}
}

// TestTheNewFormKeepsAnIssuerOutOfTheCommonRule: that nothing is asked of it has to be said.
func TestTheNewFormKeepsAnIssuerOutOfTheCommonRule(t *testing.T) {
	for common, othersAsk := range map[string]bool{"issuer_defaults: {step_up: {" + demand + "}}\n": true, "": false} {
		older, err := loaded(t, common+"auth: {step_up: [{issuers: [acme], rule: none}]}\n")
		must(t, err)
		newer, err := loaded(t, older.NewForm())
		must(t, err)
		for name, settings := range map[string]Config{"older": older, "new": newer} {
			if settings.ForIssuer("acme").StepUp.Asks() || settings.ForIssuer("globex").StepUp.Asks() != othersAsk {
				t.Errorf("in the %s form acme asks: %v, others: %v", name, settings.ForIssuer("acme").StepUp.Asks(), settings.ForIssuer("globex").StepUp.Asks())
			}
		}
	}
}

// TestTheNewFormShowsNoPassword: the note is read on terminals and kept by build systems.
func TestTheNewFormShowsNoPassword(t *testing.T) {
	settings, err := loaded(t, "auth: {step_up: [{issuers: [acme], rule: eba-sca, issuer: i, audience: a, jwks_url: 'https://bank:hunter22@login.example/jwks'}]}\n")
	must(t, err)
	form := settings.NewForm()
	if strings.Contains(form, "hunter22") || !strings.Contains(form, `jwks_url: "https://bank:xxxxx@login.example/jwks" # with its password`+"\n") {
		t.Errorf("the new form:\n%s", form)
	}
}

func TestKeySetsOfIssuersCountFromTheFilesFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "walletport.yaml")
	must(t, os.WriteFile(path, []byte("keys: {key_file: k}\nissuers: {acme: {step_up: {"+strings.Replace(demand, "/keys/", "keys/", 1)+"}}}\n"), 0o600))
	settings, err := Load(path)
	must(t, err)
	if got, want := settings.ForIssuer("acme").StepUp.JWKSFile, filepath.Join(filepath.Dir(path), "keys/acme.json"); got != want {
		t.Errorf("jwks_file %s, want %s", got, want)
	}
}
