package main

import (
	"fmt"
	"reflect"
	"strings"
)

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Read the configuration and say everything that is wrong with it."`
	Print configPrintCommand `cmd:"" help:"Print the configuration in force, defaults and environment included."`
}

type configCheckCommand struct{ location }

func (c configCheckCommand) Run(con console) error {
	if _, err := c.load(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(con.Out, "the configuration is good")
	return err
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
		name, _, _ := strings.Cut(field.Tag.Get("koanf"), ",")
		if name == "" || name == "-" {
			continue
		}
		name = strings.TrimPrefix(path+"."+name, ".")
		printSetting(con, name, value)
	}
}

func printSetting(con console, name string, value reflect.Value) {
	switch {
	case value.Kind() == reflect.Struct:
		printSection(con, name, value)
	case value.Kind() == reflect.Map:
		for _, key := range value.MapKeys() {
			printSetting(con, name+"."+key.String(), value.MapIndex(key))
		}
	case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
		for i := range value.Len() {
			printSetting(con, fmt.Sprintf("%s[%d]", name, i), value.Index(i))
		}
	case name == "database.url":
		fmt.Fprintf(con.Out, "%s: %s\n", name, redactURL(value.String()))
	default:
		fmt.Fprintf(con.Out, "%s: %v\n", name, value.Interface())
	}
}

// redactURL strikes out the password of a database URL.
func redactURL(text string) string {
	head, tail, ok := strings.Cut(text, "@")
	if !ok {
		return text
	}
	start := strings.Index(head, "://") + len("://")
	user, _, hasPassword := strings.Cut(head[start:], ":")
	if !hasPassword {
		return text
	}
	return head[:start] + user + ":[redacted]@" + tail
}
