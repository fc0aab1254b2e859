package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// envPrefix marks walletport's environment variables; two underscores step into
// a section, as one may stand within a name.
const envPrefix = "WALLETPORT_"

// configVariable is the path of the configuration file, and no setting of it.
const configVariable = envPrefix + "CONFIG"

// linkVariable is what Kubernetes and Docker tell each container of a service that
// happens to be called walletport: WALLETPORT_PORT=tcp://…, WALLETPORT_SERVICE_HOST.
var linkVariable = regexp.MustCompile(`[A-Z0-9]_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?)$`)

// variable is one of walletport's environment variables that has a value.
type variable struct{ name, value string }

// variables returns those of environ, sorted. An empty one counts as not set, for
// that is what templates make of a value that they do not have.
func variables(environ []string) []variable {
	var all []variable
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, envPrefix) && value != "" {
			all = append(all, variable{name, value})
		}
	}
	slices.SortFunc(all, func(a, b variable) int { return strings.Compare(a.name, b.name) })
	return all
}

// isSetting tells the settings among walletport's variables: those with two
// underscores between section and name. Every setting stands in a section.
func (v variable) isSetting() bool {
	return strings.Contains(strings.TrimPrefix(v.name, envPrefix), "__")
}

// path returns the full name of the setting, as the file has it.
func (v variable) path() string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(v.name, envPrefix)), "__", ".")
}

// place is the setting's full name with the variable's, for errors.
func (v variable) place() string { return v.path() + " (environment variable " + v.name + ")" }

func variableName(setting string) string {
	return envPrefix + strings.ReplaceAll(strings.ToUpper(setting), ".", "__")
}

// decodeEnvironment lays the settings of the environment over config and reports
// what is wrong with them. The environment has only texts, so each is read as its
// setting's type asks.
func decodeEnvironment(environ []string, config *Config) []error {
	var problems []error
	for _, v := range variables(environ) {
		if !v.isSetting() {
			continue
		}
		if instead, isEnded := endedSettings[v.path()]; isEnded {
			problems = append(problems, endedError{v.place(), instead})
			continue
		}
		if err := v.set(reflect.ValueOf(config).Elem()); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", v.place(), err))
		}
	}
	return problems
}

func (v variable) set(into reflect.Value) error {
	for name := range strings.SplitSeq(v.path(), ".") {
		if into.Kind() != reflect.Struct || isScalar(into.Type()) {
			return v.unknown()
		}
		if into = settingField(into, name); !into.IsValid() {
			return v.unknown()
		}
		if isFileOnly(into.Type()) {
			return errors.New("entries of lists and of sections with names of your own are set in the file only")
		}
	}
	switch {
	case isScalar(into.Type()):
		return setText(into, v.value)
	case into.Kind() == reflect.Slice:
		return setList(into, v.value)
	}
	return v.unknown()
}

// isFileOnly tells what cannot be named by a variable: maps, and lists of sections.
func isFileOnly(t reflect.Type) bool {
	return t.Kind() == reflect.Map || t.Kind() == reflect.Slice && !isScalar(t.Elem())
}

// namingVariables adds the variable to each problem of a setting that one of these gives: in the file
// nobody would find it.
func namingVariables(problems []error, given []variable) []error {
	for i, problem := range problems {
		for _, v := range given {
			if rest, isOfThis := strings.CutPrefix(problem.Error(), v.path()+": "); isOfThis && v.isSetting() {
				problems[i] = problemOfVariable{v.place() + ": " + rest, problem}
			}
		}
	}
	return problems
}

// problemOfVariable is a problem under the names of setting and variable.
type problemOfVariable struct {
	text string
	err  error
}

func (p problemOfVariable) Error() string { return p.text }
func (p problemOfVariable) Unwrap() error { return p.err }

// unknown says that there is no such setting. A variable that Kubernetes makes of a
// service's name is none of ours, whatever underscores that name has.
func (v variable) unknown() error {
	if linkVariable.MatchString(v.name) {
		return nil
	}
	return fmt.Errorf("there is no such setting%s", DidYouMean(v.name, settingVariables()))
}

func setList(into reflect.Value, text string) error {
	items := reflect.MakeSlice(into.Type(), 0, 4)
	for item := range strings.SplitSeq(text, ",") {
		value := reflect.New(into.Type().Elem()).Elem()
		if err := setText(value, strings.TrimSpace(item)); err != nil {
			return err
		}
		items = reflect.Append(items, value)
	}
	into.Set(items)
	return nil
}

// settingVariables lists the variables that are settings.
func settingVariables() []string {
	names := settingNamesBelow("", reflect.TypeFor[Config]())
	for i, name := range names {
		names[i] = variableName(name)
	}
	return names
}

// misspeltVariables warns of variables that are no settings and look like slips of
// one: WALLETPORT_HTTP_LISTEN, with one underscore, does nothing.
func misspeltVariables(environ []string) []string {
	var warnings []string
	known := settingVariables()
	withSingles := make([]string, len(known))
	for i, name := range known {
		withSingles[i] = strings.ReplaceAll(name, "__", "_")
	}
	for _, v := range variables(environ) {
		if v.isSetting() || v.name == configVariable {
			continue
		}
		if meant := nearest(v.name, withSingles); meant != "" {
			warnings = append(warnings, fmt.Sprintf("%s is no setting and does nothing: did you mean %s?", v.name, known[slices.Index(withSingles, meant)]))
		}
	}
	return warnings
}

// Warnings tells of variables in this process's environment that do nothing, and look like
// slips of a setting.
func Warnings() []string { return misspeltVariables(os.Environ()) }
