package main

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Try what serve would need and say everything that is wrong."`
	Print configPrintCommand `cmd:"" help:"Print the configuration in force, defaults and environment included."`
}

func (configCommand) Help() string {
	return `Examples:
  walletport config check --config walletport.yaml
  WALLETPORT_HTTP__LISTEN=127.0.0.1:9000 walletport config print --config walletport.yaml`
}

type configPrintCommand struct{ location }

func (c configPrintCommand) Run(con console) error {
	config, err := c.load()
	if err != nil {
		return err
	}
	printSection(con, "", reflect.ValueOf(config))
	return nil
}

// printSection writes one setting a line. Secrets are references and print as
// such; a password inside a URL is struck out.
func printSection(con console, path string, section reflect.Value) {
	for i := range section.NumField() {
		field, value := section.Type().Field(i), section.Field(i)
		if name := settingName(field); name != "" {
			printSetting(con, joinName(path, name), value)
		}
	}
}

func printSetting(con console, name string, value reflect.Value) {
	switch {
	case value.Kind() == reflect.Struct:
		printSection(con, name, value)
	case value.Kind() == reflect.Map:
		keys := value.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			printSetting(con, name+"."+key.String(), value.MapIndex(key))
		}
	case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
		for i := range value.Len() {
			printSetting(con, fmt.Sprintf("%s[%d]", name, i), value.Index(i))
		}
	case value.Kind() == reflect.String:
		fmt.Fprintf(con.Out, "%s: %s\n", name, redactURL(value.String()))
	default:
		fmt.Fprintf(con.Out, "%s: %v\n", name, value.Interface())
	}
}

const struckOut = "xxxxx" // as url.URL.Redacted writes it

// redactURL strikes out the password of a URL, also one among the parameters of a
// PostgreSQL address. What is no URL is returned as it is.
func redactURL(text string) string {
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
