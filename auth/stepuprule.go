package auth

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/walletport/walletport"
)

// StepUpDemand is what a card issuer asks of a request that makes a token of a card:
// proof that the cardholder was strongly authenticated a moment ago. The presets
// are named after what they serve; whether one is enough for an issuer is for its
// compliance people to say:
//
//   - eba-sca: two factors of different kinds, as the EU's strong customer
//     authentication asks (PSD2 article 4(30); Delegated Regulation (EU) 2018/389,
//     articles 4 and 24, for tying a card to a wallet over a remote channel)
//   - sg-no-sms-otp, hk-no-sms-otp: something the holder has or is, and no code by
//     text message on the way, as the supervisors of Singapore (MAS) and Hong Kong
//     (HKMA) have asked banks to move to
//   - custom: what factors and methods say
//   - none: nothing is asked, whatever is asked of others; so does the zero value
type StepUpDemand struct {
	Rule        string        `setting:"rule"`         // eba-sca, sg-no-sms-otp, hk-no-sms-otp, custom, or none
	Issuer      string        `setting:"issuer"`       // the proof's iss claim, exactly: the identity provider of the card issuer
	Audience    string        `setting:"audience"`     // must be in the proof's aud claim; give it another one than Bearer tokens have
	JWKSURL     string        `setting:"jwks_url"`     // https URL of the identity provider's keys (http on loopback only); this or jwks_file
	JWKSFile    string        `setting:"jwks_file"`    // file with its keys, a JWK set (RFC 7517)
	JWKS        []byte        `setting:"-"`            // the keys themselves, for a program that makes them
	Algorithms  []string      `setting:"algorithms"`   // of ES256, RS256, PS256, EdDSA; empty takes all four
	MaxAge      time.Duration `setting:"max_age"`      // how old the authentication (auth_time) may be; 0 is 5m, at most 1h
	Methods     []string      `setting:"methods"`      // amr values that count as factors, of RFC 8176; empty takes all that name one
	Factors     int           `setting:"factors"`      // of a custom rule: how many kinds of factors are needed, 1 to 3; 0 is 1
	MFASuffices bool          `setting:"mfa_suffices"` // take the amr value mfa for two kinds of factors, though it names none
}

// StepUpRule is what several card issuers ask alike.
type StepUpRule struct {
	Issuers []walletport.IssuerID `setting:"issuers"` // card issuers that ask; each stands in one rule
	StepUpDemand
	Setting string `setting:"-"` // where it stands in the configuration, for operators; may be empty
}

const (
	defaultProofAge = 5 * time.Minute // the longest pause that 2018/389 article 4(3)(d) allows a session
	minProofAge     = time.Second
	maxProofAge     = time.Hour
	maxFactors      = 3
	customRule      = "custom"
	noRule          = "none"
)

// policy is what a proof's methods must show.
type policy struct {
	factors    int    // different kinds
	holderOnly bool   // something the holder has or is must be among them
	refused    method // that must not be there at all
}

var presets = map[string]policy{
	"eba-sca":       {factors: 2},
	"sg-no-sms-otp": {factors: 1, holderOnly: true, refused: methodSMS},
	"hk-no-sms-otp": {factors: 1, holderOnly: true, refused: methodSMS},
	customRule:      {factors: 1},
}

func (r StepUpDemand) policy() policy {
	p := presets[r.Rule]
	if r.Factors > 0 {
		p.factors = r.Factors
	}
	return p
}

func (r StepUpDemand) authority() authority {
	return authority{
		issuer: r.Issuer, audiences: []string{r.Audience}, jwksURL: r.JWKSURL, jwksFile: r.JWKSFile, jwks: r.JWKS, algorithms: r.Algorithms,
	}
}

// Asks reports whether proof is asked for.
func (r StepUpDemand) Asks() bool { return r.Rule != noRule && !r.isZero() }

func (r StepUpDemand) isZero() bool { return reflect.ValueOf(r).IsZero() }

// DropReplaced takes away what r had from elsewhere and what the settings that were named
// in it replace: keys are in one place, and only a custom rule has factors.
func (r *StepUpDemand) DropReplaced(named func(setting string) bool) {
	switch file, url := named("jwks_file"), named("jwks_url"); {
	case file && !url && r.JWKSFile != "":
		r.JWKSURL = ""
	case url && !file && r.JWKSURL != "":
		r.JWKSFile = ""
	}
	if r.Rule != customRule && !named("factors") {
		r.Factors = 0
	}
}

// Validate reports everything that is wrong with r, each with the setting's name. Nothing
// is wrong where nothing is asked.
func (r StepUpDemand) Validate() error {
	var errs []error
	for _, fault := range r.faults() {
		errs = append(errs, errors.New(fault))
	}
	return errors.Join(errs...)
}

func (r StepUpDemand) faults() []string {
	if !r.Asks() {
		return nil
	}
	faults := r.authority().faults()
	fault := func(wrong bool, text string) {
		if wrong {
			faults = append(faults, text)
		}
	}
	_, known := presets[r.Rule]
	fault(!known, "rule is eba-sca, sg-no-sms-otp, hk-no-sms-otp, custom or none")
	fault(r.MaxAge != 0 && (r.MaxAge < minProofAge || r.MaxAge > maxProofAge), "max_age is 1s to 1h, or 0, which is 5m")
	fault(r.Factors != 0 && r.Rule != customRule, "factors is for a custom rule")
	fault(r.Factors < 0 || r.Factors > maxFactors, "factors is 1 to 3")
	fault(slices.ContainsFunc(r.Methods, func(m string) bool { return kinds[method(m)] == "" }), "methods are of "+methodNames())
	return faults
}

// WithDefaults returns r with what is in force for fields that are zero.
func (r StepUpDemand) WithDefaults() StepUpDemand {
	if !r.Asks() {
		return r
	}
	return r.withDefaults()
}

func (r StepUpDemand) withDefaults() StepUpDemand {
	r.MaxAge = cmp.Or(r.MaxAge, defaultProofAge)
	if r.Factors == 0 && r.Rule == customRule {
		r.Factors = presets[customRule].factors
	}
	return r
}

func (r StepUpRule) faults() []string {
	faults := r.StepUpDemand.faults()
	if r.isZero() {
		faults = append(faults, "rule is required")
	}
	if len(r.Issuers) == 0 {
		faults = append(faults, "issuers is required, else nobody asks")
	}
	return append(faults, issuerFaults(r.Issuers)...)
}

// WithDefaults returns r with what is in force for fields that are zero.
func (r StepUpRule) WithDefaults() StepUpRule {
	r.StepUpDemand = r.withDefaults()
	return r
}

func validateRules(rules []StepUpRule) error {
	var errs []error
	seen := make(map[walletport.IssuerID]bool)
	for i, r := range rules {
		place := fmt.Sprintf("step_up[%d]", i)
		errs = append(errs, joinFaults(place, r.faults()))
		for _, id := range r.Issuers {
			if seen[id] {
				errs = append(errs, fmt.Errorf("%s: another rule is for the card issuer %s", place, id))
			}
			seen[id] = true
		}
	}
	return errors.Join(errs...)
}

// method is how somebody was authenticated, a value of the claim amr (RFC 8176
// section 2).
type method string

const (
	methodSMS method = "sms"
	methodMFA method = "mfa" // several factors, without saying which
)

// kind is what a factor rests on (PSD2 article 4(30)).
type kind string

const (
	knowledge  kind = "knowledge"
	possession kind = "possession"
	inherence  kind = "inherence"
)

// kinds maps the methods of RFC 8176 that are factors. The others say where, how
// risky or over how many channels (geo, rba, mca), or that somebody was there
// (user): they prove no factor. A code by text message proves the telephone.
var kinds = map[method]kind{
	"pwd": knowledge, "pin": knowledge, "kba": knowledge,
	"hwk": possession, "swk": possession, "pop": possession, "sc": possession, "otp": possession, methodSMS: possession, "tel": possession,
	"face": inherence, "fpt": inherence, "iris": inherence, "retina": inherence, "vbm": inherence,
}

func methodNames() string {
	names := make([]string, 0, len(kinds))
	for m := range kinds {
		names = append(names, string(m))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
