package config

import (
	"cmp"
	"encoding"
	"reflect"
	"slices"
	"strings"
	"time"
)

// settingTag is the key of the struct tags by which the rooms name their settings:
// `setting:"listen"`. The tag "-" is of a field that is none.
const settingTag = "setting"

type textUnmarshaler = encoding.TextUnmarshaler

func isDuration(t reflect.Type) bool { return t == reflect.TypeFor[time.Duration]() }

// unmarshalsText reports whether a type reads its own text, as slog.Level does.
func unmarshalsText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[textUnmarshaler]())
}

// isScalar reports whether a setting of this type is one value, and not a list or a
// section.
func isScalar(t reflect.Type) bool {
	if unmarshalsText(t) {
		return true
	}
	return !slices.Contains([]reflect.Kind{reflect.Struct, reflect.Slice, reflect.Map}, t.Kind())
}

// wantsText reports whether a setting of this type is written as a text.
func wantsText(t reflect.Type) bool {
	return t.Kind() == reflect.String || isDuration(t) || unmarshalsText(t)
}

// typeName says how a setting of this type is written.
func typeName(t reflect.Type) string {
	switch {
	case isDuration(t):
		return "a time with its unit, such as 250ms, 30s, 5m or 720h"
	case wantsText(t):
		return "a text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Float64:
		return "a number, such as 0.25"
	}
	return "a whole number"
}

// settingName returns what a field is called in the configuration, "" if nothing.
func settingName(field reflect.StructField) string {
	name := field.Tag.Get(settingTag)
	if name == "-" {
		return ""
	}
	return name
}

// settingField returns the field of that name, or the zero Value.
func settingField(section reflect.Value, name string) reflect.Value {
	for _, field := range settingFields(section.Type()) {
		if settingName(field) == name {
			return section.FieldByIndex(field.Index)
		}
	}
	return reflect.Value{}
}

// settingFields lists the settings of a section, those of a struct that it embeds among
// them, in their order.
func settingFields(section reflect.Type) []reflect.StructField {
	var fields []reflect.StructField
	for _, field := range reflect.VisibleFields(section) {
		if settingName(field) != "" {
			fields = append(fields, field)
		}
	}
	return fields
}

func settingNames(section reflect.Type) []string {
	var names []string
	for _, field := range settingFields(section) {
		names = append(names, settingName(field))
	}
	return names
}

func joinName(section, name string) string { return strings.TrimPrefix(section+"."+name, ".") }

// DidYouMean returns "; did you mean WORD?" with the known word that text is a slip
// of, or "".
func DidYouMean(text string, known []string) string {
	if word := nearest(text, known); word != "" {
		return "; did you mean " + word + "?"
	}
	return ""
}

// nearest returns the known word that text is a slip of: at most two letters apart,
// one in a short word. "" if there is none.
func nearest(text string, known []string) string {
	limit := 2
	if len(text) < 6 {
		limit = 1
	}
	found := ""
	for _, word := range known {
		if d := editDistance(text, word); d <= limit {
			found, limit = word, d-1
		}
	}
	return found
}

// editDistance is Levenshtein's: how many letters have to be put in, left out or
// replaced to make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// settingNamesBelow lists the full names of every setting that the environment can
// set: those that stand in no list and in no section with names of the operator's.
func settingNamesBelow(path string, t reflect.Type) []string {
	switch {
	case isScalar(t), t.Kind() == reflect.Slice && isScalar(t.Elem()):
		return []string{path}
	case t.Kind() != reflect.Struct:
		return nil
	}
	var names []string
	for _, field := range settingFields(t) {
		names = append(names, settingNamesBelow(joinName(path, settingName(field)), field.Type)...)
	}
	slices.SortFunc(names, cmp.Compare)
	return names
}
