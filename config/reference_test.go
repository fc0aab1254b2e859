package config

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport/scheme/mdes"
)

var update = flag.Bool("update", false, "rewrite docs/configuration.md")

const (
	referencePath = "../docs/configuration.md"
	examplePath   = "testdata/walletport.yaml"
	modulePath    = "github.com/walletport/walletport"
)

// setting is one line of the reference.
type setting struct {
	path    []string // as in YAML; "NAME" stands for a name of the operator's, "[]" for an item of a list
	typ     reflect.Type
	value   reflect.Value // the default
	comment string
}

func (s setting) String() string { return strings.ReplaceAll(strings.Join(s.path, "."), ".[]", "[]") }

// section is one member of Config.
type section struct {
	name, comment string
	settings      []setting
}

// sections lists every setting there is, by reflection.
func sections(t *testing.T) []section {
	t.Helper()
	comments := fieldComments{}
	var all []section
	config := reflect.ValueOf(defaultConfig().withDefaults())
	for i := range config.NumField() {
		field := config.Type().Field(i)
		name := field.Tag.Get(settingTag)
		if name == "-" {
			continue
		}
		if name == "" {
			t.Errorf("Config.%s has no name for the configuration", field.Name)
			continue
		}
		s := section{name: name, comment: comments.of(t, config.Type(), field)}
		s.settings = settingsOf(t, comments, []string{name}, config.Field(i), s.comment)
		all = append(all, s)
	}
	return all
}

// settingsOf lists the settings at value and below. What a file may hold many of
// is shown once, with the defaults of a new one.
func settingsOf(t *testing.T, comments fieldComments, path []string, value reflect.Value, comment string) []setting {
	t.Helper()
	below := func(name string) []string { return append(path[:len(path):len(path)], name) }
	switch {
	case defaultProfiles[value.Type()] != nil:
		value = reflect.ValueOf(defaultProfiles[value.Type()])
	case value.Kind() == reflect.Map:
		return settingsOf(t, comments, below("NAME"), reflect.Zero(value.Type().Elem()), comment)
	case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
		return settingsOf(t, comments, below("[]"), newItem(value.Type().Elem()), comment)
	case value.Kind() != reflect.Struct:
		return []setting{{path, value.Type(), value, comment}}
	}
	var all []setting
	for _, field := range reflect.VisibleFields(value.Type()) {
		name := field.Tag.Get(settingTag)
		if name == "-" || field.Anonymous {
			continue
		}
		if name == "" {
			t.Errorf("%s.%s has no name for the configuration", value.Type(), field.Name)
			continue
		}
		owner := value.FieldByIndex(field.Index[:len(field.Index)-1]).Type()
		fieldComment := comments.of(t, owner, field)
		all = append(all, settingsOf(t, comments, below(name), value.FieldByIndex(field.Index), fieldComment)...)
	}
	return all
}

// newItem returns what an item of a list is before the file says anything.
func newItem(item reflect.Type) reflect.Value {
	value := reflect.Zero(item)
	if method := value.MethodByName("WithDefaults"); method.IsValid() {
		return method.Call(nil)[0]
	}
	return value
}

// fieldComments are the comments of struct fields by package and type, read from
// the sources.
type fieldComments map[string]map[string]string

func (c fieldComments) of(t *testing.T, owner reflect.Type, field reflect.StructField) string {
	t.Helper()
	if c[owner.PkgPath()] == nil {
		c[owner.PkgPath()] = readFieldComments(t, owner.PkgPath())
	}
	text := c[owner.PkgPath()][owner.Name()+"."+field.Name]
	if text == "" && field.Type.Kind() != reflect.Struct {
		t.Errorf("%s.%s has no comment", owner, field.Name)
	}
	// A doc comment begins with Go's name of the field; the reader knows another.
	if rest, ok := strings.CutPrefix(text, field.Name); ok {
		text = field.Tag.Get(settingTag) + rest
	}
	return text
}

func readFieldComments(t *testing.T, pkgPath string) map[string]string {
	t.Helper()
	folder := ".." + strings.TrimPrefix(pkgPath, modulePath)
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	must(t, err)
	comments := map[string]string{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		must(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if body, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range body.Fields.List {
					for _, id := range field.Names {
						comments[spec.Name.Name+"."+id.Name] = strings.Join(strings.Fields(field.Doc.Text()+" "+field.Comment.Text()), " ")
					}
				}
			}
			return false
		})
	}
	return comments
}

var referenceHead = `# Configuration

<!-- Generated from the sources by go generate ./config. Do not edit. -->

` + "`walletport serve --config FILE`" + ` reads one YAML file. A setting that is absent has its default; a name that is not below is
an error. ` + "`walletport config check`" + ` says everything that is wrong at once, ` + "`walletport config print`" + ` shows what counts in the end.

- **Types.** Nothing is converted. A text that YAML could read as something else is quoted: ` + "`issuers: [\"0123\", \"no\"]`" + `. A time
  has its unit, a number has decimal digits only, a name without a value is an error, and so is a name that stands twice.
- **Environment.** ` + "`WALLETPORT_` + the path in capitals, `__` between the parts" + ` beats the file: ` + "`WALLETPORT_HTTP__LISTEN`" + ` sets
  ` + "`http.listen`" + `. A list of texts is written with commas. Lists of sections (` + "`wallet_providers`" + `) and sections with names of
  your own (` + "`profiles`, `issuers`" + `) are set in the file only. An empty variable counts as not set. ` + "`WALLETPORT_CONFIG`" + ` is the path of the
  file itself. A variable without ` + "`__`" + ` is no setting, so that those which Kubernetes makes for a Service named walletport
  (` + "`WALLETPORT_PORT`, `WALLETPORT_SERVICE_HOST`" + `) do no harm; one that looks like a slip of a setting is warned of.
- **Secrets** are references, never values: ` + "`file:PATH`" + ` (one line break at the end is dropped) or ` + "`env:NAME`" + `. Choose a
  NAME without the prefix ` + "`WALLETPORT_`" + `.
- **Check.** ` + "`walletport config check`" + ` tries what ` + "`serve`" + ` would need: files, secrets, keys, certificates, addresses, the database,
  its schema and the rights that ` + "`serve`" + ` needs in it (give it the URL of the role that serves), and whether a card, client or key knows each issuer that is named. It connects to nothing but the database,
  and says what it could not check. A database that refuses is a problem; one that does not answer is ` + "`not checked`" + `. What the file says in an
  older form, which is taken as before, is shown in the new one.
- **Signals.** SIGTERM ends the server in order: readiness says no for ` + "`http.drain`" + ` and answers close their connections, then
  requests in hand get ` + "`http.shutdown`" + `. SIGHUP reads key store, certificates, client roots, key sets and Apple's roots at once;
  without it a changed file counts within seconds. This file is read at start only.
- **Log.** Lines are JSON on standard error, also those of libraries. A server whose log nobody reads any more goes on, and
  ` + "`/readyz`" + ` warns. A client that reaches its rate limit, an address that guesses, and a client that is revoked or whose end has come have a
  line a minute each.
- **Paths** that are relative count from the folder of the file.
- **Times** are written ` + "`250ms`, `30s`, `5m`, `720h`" + `.

A complete file for production:

` + "```yaml\n"

// reference is docs/configuration.md as it should be.
func reference(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	out.WriteString(referenceHead)
	out.Write(mustRead(t, examplePath))
	out.WriteString("```\n")
	for _, s := range sections(t) {
		fmt.Fprintf(&out, "\n## `%s`\n\n%s\n", s.name, sentence(s.comment))
		if s.name == "visa_profiles" {
			out.WriteString("\nThe profile named `default` is the one of the defaults below, unless the file has its own. Each setting names its sources and how\n" +
				"sure they make us; [`scheme/vts/doc.go`](../scheme/vts/doc.go) lists them.\n")
		}
		if s.name == "schemes" {
			out.WriteString("\nAn interface without a `url` is switched off: calls on tokens of its scheme are 503 `scheme_not_configured`. With which keys it is\n" +
				"called, [Keys](keys.md) says. Each setting of a profile names its sources and how sure they make us;\n" +
				"[`scheme/mdes/customerservice/doc.go`](../scheme/mdes/customerservice/doc.go) and\n" +
				"[`scheme/vts/tokenapi/doc.go`](../scheme/vts/tokenapi/doc.go) list them.\n")
		}
		if s.name == "clicktopay" {
			out.WriteString("\nWithout `visa.url` it is switched off: calls of Click to Pay are 503 `scheme_not_configured`. With which keys it is called,\n" +
				"[Keys](keys.md) says. Each setting of the profile names its sources and how sure they make us;\n" +
				"[`scheme/vts/clicktopay/doc.go`](../scheme/vts/clicktopay/doc.go) lists them.\n")
		}
		if s.name == "profiles" {
			out.WriteString("\nThe profile named `default` is the one of the defaults below, unless the file has its own. Each setting names its sources and how\n" +
				"sure they make us; [`scheme/mdes/doc.go`](../scheme/mdes/doc.go) lists them.\n")
		}
		out.WriteString("\n| setting | type | default | meaning |\n| --- | --- | --- | --- |\n")
		for _, line := range s.settings {
			fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", line, typeText(line.typ), defaultText(line.value), cell(line.comment))
		}
	}
	return out.String()
}

// sentence gives a comment its capital and its full stop.
func sentence(comment string) string {
	return strings.ToUpper(comment[:1]) + comment[1:] + strings.Repeat(".", 1-strings.Count(comment[len(comment)-1:], "."))
}

var cell = strings.NewReplacer("|", `\|`, "<", "&lt;").Replace

func typeText(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t == reflect.TypeFor[slog.Level]():
		return "level"
	case t == reflect.TypeFor[SecretRef]():
		return "secret reference"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "list"
	}
	return "number"
}

func defaultText(v reflect.Value) string {
	switch {
	case v.Type() == reflect.TypeFor[time.Duration](): // 30m0s is 30m
		return "`" + strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(fmt.Sprint(v)) + "`"
	case v.Type() == reflect.TypeFor[slog.Level]():
		return "`" + strings.ToLower(fmt.Sprint(v)) + "`"
	case v.Kind() == reflect.String && v.Len() == 0:
		return ""
	case v.Kind() == reflect.Slice && v.Len() == 0:
		return "`[]`"
	case v.Kind() == reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = fmt.Sprint(v.Index(i))
		}
		return "`[" + strings.Join(items, ", ") + "]`"
	}
	if text := fmt.Sprint(v); strings.Contains(text, "`") {
		return "`` " + text + " ``" // as CommonMark has code with a backtick in it
	}
	return fmt.Sprintf("`%v`", v)
}

func TestConfigurationReference(t *testing.T) {
	want := reference(t)
	if *update {
		must(t, os.WriteFile(referencePath, []byte(want), 0o644))
	}
	if diff := cmp.Diff(want, string(mustRead(t, referencePath))); diff != "" {
		t.Errorf("docs/configuration.md is not current, run go generate ./config (-want +got):\n%s", diff)
	}
}

func TestExampleConfigurationIsGood(t *testing.T) {
	config, err := Load(examplePath)
	must(t, err)
	if config.Profiles["watch"].TAVVersion != 4 || config.Profiles["watch"].AESBits != mdes.DefaultProfile().AESBits || len(config.WalletProviders) != 2 {
		t.Errorf("the example says something else: %+v", config.Profiles)
	}
}

// TestEverySettingDecodesUnderItsDocumentedName sets each setting of the reference
// to something of its own, and finds it again in the struct.
func TestEverySettingDecodesUnderItsDocumentedName(t *testing.T) {
	count := 0
	for _, s := range sections(t) {
		for i, line := range s.settings {
			count++
			text, want := sample(line, i)
			t.Run(line.String(), func(t *testing.T) {
				config := defaultConfig()
				must(t, decodeAll(nested(line.path, text), &config))
				if got := fmt.Sprint(find(t, reflect.ValueOf(config), line.path)); got != want {
					t.Errorf("it decodes to %s, want %s", got, want)
				}
			})
		}
	}
	if count < 60 {
		t.Errorf("only %d settings were found", count)
	}
}

// sample returns a value for a setting that is not its default: as YAML, and as
// fmt prints it.
func sample(s setting, n int) (yamlText, printed string) {
	switch {
	case s.typ == reflect.TypeFor[time.Duration]():
		return fmt.Sprintf("%ds", 11+n), fmt.Sprint(time.Duration(11+n) * time.Second)
	case s.typ == reflect.TypeFor[slog.Level]():
		return "error", "ERROR"
	case s.typ.Kind() == reflect.String:
		return fmt.Sprintf("text-%d", n), fmt.Sprintf("text-%d", n)
	case s.typ.Kind() == reflect.Bool:
		return fmt.Sprint(!s.value.Bool()), fmt.Sprint(!s.value.Bool())
	case s.typ.Kind() == reflect.Slice:
		return fmt.Sprintf("[a-%d, b]", n), fmt.Sprintf("[a-%d b]", n)
	case s.typ.Kind() == reflect.Float64:
		return "0.25", "0.25"
	}
	return fmt.Sprint(17 + n), fmt.Sprint(17 + n)
}

// nested writes value at path in YAML's flow style.
func nested(path []string, value string) string {
	text := value
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == "[]" {
			text = "[" + text + "]"
			continue
		}
		text = "{" + path[i] + ": " + text + "}"
	}
	return text
}

func find(t *testing.T, v reflect.Value, path []string) reflect.Value {
	t.Helper()
	for _, name := range path {
		if v.Kind() == reflect.Slice {
			v = v.Index(0)
			continue
		}
		if v.Kind() == reflect.Map {
			v = v.MapIndex(reflect.ValueOf(name))
			continue
		}
		v = member(t, v, name)
	}
	return v
}

func member(t *testing.T, v reflect.Value, name string) reflect.Value {
	t.Helper()
	if field := settingField(v, name); field.IsValid() {
		return field
	}
	t.Fatalf("there is no %s", name)
	return v
}
