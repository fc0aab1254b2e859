package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/walletport/walletport/disk"
)

// maxConfigBytes bounds the configuration file: one of a hundred issuers has some
// 50 kB.
const maxConfigBytes = 1 << 20

// readConfigFile returns the text of the configuration file.
func readConfigFile(path string) ([]byte, error) { return disk.ReadArgument(path, maxConfigBytes) }

// decodeYAML lays the settings of a YAML document over those that into, a pointer,
// holds, and reports everything in it that is no setting or no value of one. The
// error is for a text that is no YAML. An entry of a section with names of the operator's
// begins as the value of its type in begin, or as its default.
//
// It is stricter than YAML's own reading, in which an issuer 0123 is the number 83,
// no is false, and a time of 5 is five nanoseconds: nothing is converted. A text has
// to be a text, and what YAML could take for something else has to be quoted.
func decodeYAML(text []byte, into any, begin ...any) ([]error, error) {
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	var document yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil // nothing but comments
		}
		if strings.Contains(err.Error(), "unknown anchor") { // whose name could be a password that begins with *
			return nil, errors.New("yaml: an alias (*NAME) has no anchor; a text that begins with * is quoted")
		}
		return nil, withLine(err, text)
	}
	r := yamlReader{begin: begin}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		r.problems = append(r.problems, errors.New("the file holds more than one document (a line ---): only one is read"))
	}
	root := document.Content[0]
	if root.ShortTag() != "!!null" {
		r.value("", root, reflect.ValueOf(into).Elem())
	}
	return r.problems, nil
}

// withLine says on which line a fault of the syntax is. The library leaves the first
// line out, and counts from 0 where its parser, and not its scanner, finds the fault.
func withLine(err error, text []byte) error {
	var line int
	if n, _ := fmt.Sscanf(err.Error(), "yaml: line %d:", &line); n == 0 {
		return fmt.Errorf("line %d: %w", firstBadLine(text), err)
	}
	_, what, _ := strings.Cut(err.Error(), ": did not find expected ")
	for _, ofParser := range []string{"node content", "',' or", "'-' indicator", "key", "<document start>"} {
		if strings.HasPrefix(what, ofParser) {
			return fmt.Errorf("yaml: line %d: did not find expected %s", line+1, what)
		}
	}
	return err
}

// firstBadLine returns the first line with a character that YAML does not take. It is 1
// where there is none: of a fault on the first line the parser does not say where it is.
func firstBadLine(text []byte) int {
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		bad := func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) || r == 0x7f }
		if !utf8.ValidString(line) || strings.ContainsFunc(line, bad) {
			return number
		}
	}
	return 1
}

// yamlReader collects what is wrong on its way through a document.
type yamlReader struct {
	begin      []any
	problems   []error
	merged     int  // what merge keys have named so far
	overMerged bool // it was too much, which is said once
}

func (r *yamlReader) problem(name string, at *yaml.Node, format string, args ...any) {
	if name == "" {
		name = "the file"
	}
	r.problems = append(r.problems, fmt.Errorf("%s: %s (line %d)", name, fmt.Sprintf(format, args...), at.Line))
}

// value reads one node into a setting, a list, or a section. What does not fit
// leaves the default, so that the rest can be judged too.
func (r *yamlReader) value(name string, n *yaml.Node, into reflect.Value) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	target := into.Type()
	switch {
	case n.ShortTag() == "!!null":
		r.problem(name, n, "has no value: write one, or remove the line (an empty list is [], an empty text \"\")")
	case isScalar(target):
		r.scalar(name, n, into)
	case target.Kind() == reflect.Slice:
		r.list(name, n, into)
	case n.Kind != yaml.MappingNode:
		r.problem(name, n, "is a section: its settings stand below it, as NAME: VALUE")
	case target.Kind() == reflect.Map:
		r.named(name, n, into)
	default:
		r.section(name, n, into)
	}
}

func (r *yamlReader) list(name string, n *yaml.Node, into reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		r.problem(name, n, "is a list: write [a, b], or one - ITEM a line")
		return
	}
	items := reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		r.value(fmt.Sprintf("%s[%d]", name, i), item, items.Index(i))
	}
	into.Set(items)
}

// section reads a mapping into a struct whose fields are the settings.
func (r *yamlReader) section(name string, n *yaml.Node, into reflect.Value) {
	pairs := r.pairs(name, n, maxMerges)
	for _, p := range pairs {
		if instead, isEnded := endedSettings[joinName(name, p.name)]; isEnded {
			r.problems = append(r.problems, endedError{fmt.Sprintf("%s (line %d)", joinName(name, p.name), p.key.Line), instead})
			continue
		}
		field := settingField(into, p.name)
		if !field.IsValid() {
			r.problem(joinName(name, p.name), p.key, "there is no such setting%s", DidYouMean(p.name, settingNames(into.Type())))
			continue
		}
		r.value(joinName(name, p.name), p.value, field)
	}
	if own, ok := into.Addr().Interface().(replacer); ok {
		own.DropReplaced(func(setting string) bool {
			return slices.ContainsFunc(pairs, func(p pair) bool { return p.name == setting })
		})
	}
}

// replacer is a section in which one setting stands in the place of others. What it
// began with of those goes, unless the file names it too: then the two contradict each
// other, and somebody should know.
type replacer interface {
	DropReplaced(named func(setting string) bool)
}

// named reads a mapping whose names are the operator's own. An entry that is there
// already keeps what the file does not say.
func (r *yamlReader) named(name string, n *yaml.Node, into reflect.Value) {
	if into.IsNil() {
		into.Set(reflect.MakeMap(into.Type()))
	}
	for _, p := range r.pairs(name, n, maxMerges) {
		key := reflect.ValueOf(p.name).Convert(into.Type().Key())
		entry := reflect.New(into.Type().Elem()).Elem()
		if known := into.MapIndex(key); known.IsValid() {
			entry.Set(known)
		} else if start := r.start(entry.Type()); start.IsValid() {
			entry.Set(start)
		}
		r.value(joinName(name, p.name), p.value, entry)
		into.SetMapIndex(key, entry)
	}
}

// start returns what a new entry of that type begins as, or the zero Value.
func (r *yamlReader) start(entry reflect.Type) reflect.Value {
	for _, start := range r.begin {
		if reflect.TypeOf(start) == entry {
			return reflect.ValueOf(start)
		}
	}
	if profile, ok := defaultProfiles[entry]; ok {
		return reflect.ValueOf(profile)
	}
	return reflect.Value{}
}

// pair is one NAME: VALUE of a mapping.
type pair struct {
	name       string
	key, value *yaml.Node
}

// The bounds of merge keys (<<: *DEFAULTS): how deep they may go, for a mapping that
// merges itself has no end, and how many mappings they name in all, for each level may
// name the one below many times.
const (
	maxMerges = 10
	maxMerged = 10_000
)

// pairs returns the members of a mapping, each once. Those of a merge key come last
// and give way to the mapping's own.
func (r *yamlReader) pairs(name string, n *yaml.Node, merges int) []pair {
	var own, merged []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case key.ShortTag() == "!!merge":
			merged = append(merged, r.mergedPairs(name, value, merges-1)...)
		case key.Kind != yaml.ScalarNode || !isText(key):
			r.problem(name, key, "has a name that is %s: quote it", mistakenFor(key))
		case hasName(own, key.Value):
			r.problem(joinName(name, key.Value), key, "stands twice")
		default:
			own = append(own, pair{key.Value, key, value})
		}
	}
	for _, p := range merged {
		if !hasName(own, p.name) {
			own = append(own, p)
		}
	}
	return own
}

func (r *yamlReader) mergedPairs(name string, n *yaml.Node, merges int) []pair {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	r.merged++
	switch {
	case r.overMerged:
	case r.merged > maxMerged:
		r.overMerged = true
		r.problem(name, n, "merges (<<) more than %d mappings in all", maxMerged)
	case merges == 0:
		r.overMerged = true
		r.problem(name, n, "merges (<<) too deep, or itself")
	case n.Kind == yaml.MappingNode:
		return r.pairs(name, n, merges)
	case n.Kind == yaml.SequenceNode:
		var all []pair
		for _, part := range n.Content {
			all = append(all, r.mergedPairs(name, part, merges-1)...)
		}
		return all
	default:
		r.problem(name, n, "merges (<<) what is no mapping")
	}
	return nil
}

func hasName(pairs []pair, name string) bool {
	return slices.ContainsFunc(pairs, func(p pair) bool { return p.name == name })
}

// scalar reads one value. Where only quotation marks or a unit are missing, the
// setting gets what was meant, so that the checks that follow judge that.
func (r *yamlReader) scalar(name string, n *yaml.Node, into reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		r.problem(name, n, "must be %s, not a list or a section", typeName(into.Type()))
		return
	}
	if fault := misfit(n, into.Type()); fault != "" {
		r.problem(name, n, "%s", fault)
		if into.Kind() == reflect.String {
			into.SetString(n.Value)
		}
		return
	}
	if err := setText(into, n.Value); err != nil {
		r.problem(name, n, "%v", err)
	}
}

// misfit says why a scalar is no value of that type as it is written, and how to
// write it; "" when it is one.
func misfit(n *yaml.Node, target reflect.Type) string {
	tag := n.ShortTag()
	switch {
	case isDuration(target) && tag == "!!int" && n.Value == "0":
		return ""
	case isDuration(target) && (tag == "!!int" || tag == "!!float"):
		return "is a time without its unit: write " + withSeconds(n.Value)
	case wantsText(target):
		if isText(n) {
			return ""
		}
		return "is " + mistakenFor(n) + " where a text belongs: quote it"
	case target.Kind() == reflect.Bool && tag != "!!bool", target.Kind() != reflect.Bool && tag != "!!int" && tag != "!!float":
		return "must be " + typeName(target) + ", without quotation marks"
	}
	return ""
}

// withSeconds shows how a number of seconds is written.
func withSeconds(number string) string {
	if n, err := strconv.ParseUint(number, 10, 32); err != nil || strconv.FormatUint(n, 10) != number {
		return "250ms, 30s, 5m or 720h"
	}
	return number + "s for seconds; ms, m and h are units too"
}

// isText reports whether every reader of YAML takes a scalar for a text. Words that
// YAML 1.1 takes for true and false are no text unless they are quoted: this reader
// would let them pass, the tool that wrote or templates the file might not.
func isText(n *yaml.Node) bool {
	const marked = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle | yaml.TaggedStyle
	quoted := n.Style&marked != 0
	return n.ShortTag() == "!!str" && (quoted || !isTruthWord(n.Value))
}

func isTruthWord(text string) bool {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off":
		return true
	}
	return false
}

// mistakenFor names what YAML reads where a text was meant.
func mistakenFor(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!int", "!!float":
		return "a number"
	case "!!bool", "!!str":
		return "a word for true or false"
	case "!!timestamp":
		return "a date"
	case "!!null":
		return "nothing"
	}
	return "no text"
}

// setText gives a setting the value that text stands for.
func setText(into reflect.Value, text string) error {
	target := into.Type()
	if isDuration(target) {
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("must be " + typeName(target))
		}
		into.SetInt(int64(d))
		return nil
	}
	if into.CanAddr() {
		if u, ok := into.Addr().Interface().(textUnmarshaler); ok {
			err := u.UnmarshalText([]byte(text))
			if err != nil && target == reflect.TypeFor[slog.Level]() {
				return errors.New("must be debug, info, warn or error")
			}
			return err
		}
	}
	switch {
	case target.Kind() == reflect.String:
		into.SetString(text)
		return nil
	case target.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("must be " + typeName(target))
		}
		into.SetBool(b)
		return nil
	case target.Kind() == reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.ContainsAny(text, "_xX") {
			return errors.New("must be " + typeName(target))
		}
		into.SetFloat(f)
		return nil
	}
	return setInteger(into, text)
}

// setInteger takes decimal digits only: 0100 is 64 to some readers of YAML and 100 to
// others.
func setInteger(into reflect.Value, text string) error {
	number, err := strconv.ParseInt(text, 10, into.Type().Bits())
	switch {
	case errors.Is(err, strconv.ErrRange):
		return errors.New("is too large a number")
	case err != nil || strconv.FormatInt(number, 10) != text:
		return errors.New("must be a whole number in decimal digits, without zeros before it")
	}
	into.SetInt(number)
	return nil
}
