package customerservice

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// readExactly decodes JSON into a pointer to a struct as encoding/json does, but takes the
// names of members by the letter: a client that writes accountPan for AccountPan has not
// sent it. Members that are not known are passed over.
func readExactly(data []byte, into any) error {
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return err
	}
	known := map[string]bool{}
	addNames(known, reflect.TypeOf(into))
	dropOthers(tree, known)
	exact, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	return json.Unmarshal(exact, into)
}

// addNames collects the names of members in a type and within its members.
func addNames(known map[string]bool, t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for field := range t.Fields() {
		if !field.IsExported() && !field.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		if !field.Anonymous {
			known[name] = true
		}
		addNames(known, field.Type)
	}
}

func dropOthers(tree any, known map[string]bool) {
	switch node := tree.(type) {
	case map[string]any:
		for name, value := range node {
			if !known[name] {
				delete(node, name)
				continue
			}
			dropOthers(value, known)
		}
	case []any:
		for _, value := range node {
			dropOthers(value, known)
		}
	}
}
