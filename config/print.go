package config

import (
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Print writes what counts, one setting a line: NAME: VALUE. Secrets are references and
// print as such; a password inside a URL is struck out.
func Print(w io.Writer, c Config) { printSection(w, "", reflect.ValueOf(c)) }

func printSection(w io.Writer, path string, section reflect.Value) {
	for _, field := range settingFields(section.Type()) {
		printSetting(w, joinName(path, settingName(field)), section.FieldByIndex(field.Index))
	}
}

func printSetting(w io.Writer, name string, value reflect.Value) {
	switch {
	case value.Kind() == reflect.Struct:
		printSection(w, name, value)
	case value.Kind() == reflect.Map:
		keys := value.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			printSetting(w, name+"."+key.String(), value.MapIndex(key))
		}
	case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
		for i := range value.Len() {
			printSetting(w, fmt.Sprintf("%s[%d]", name, i), value.Index(i))
		}
	case value.Kind() == reflect.String:
		fmt.Fprintf(w, "%s: %s\n", name, RedactURL(value.String()))
	default:
		fmt.Fprintf(w, "%s: %v\n", name, value.Interface())
	}
}

const struckOut = "xxxxx" // as url.URL.Redacted writes it

// RedactURL strikes out the password of a URL, also one among the parameters of a
// PostgreSQL address. What is no URL is returned as it is.
func RedactURL(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || strings.Contains(text, "#") || strings.Contains(u.EscapedPath()+u.RawQuery, "@") {
		return struckOut // who knows where in it the password is
	}
	parameters := u.Query()
	for _, name := range []string{"password", "sslpassword"} {
		if parameters.Has(name) {
			parameters.Set(name, struckOut)
			u.RawQuery = parameters.Encode()
		}
	}
	return u.Redacted()
}
