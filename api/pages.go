package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"

	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var specification []byte

//go:embed docs/index.html docs/errors.html docs/page.css docs/redoc.standalone.js
var docs embed.FS

// docsPolicy is the Content-Security-Policy of the pages: everything from here,
// but Redoc styles itself inline and searches in a worker made of a blob.
var docsPolicy = []string{"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; worker-src blob:; child-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}

// newPages returns what is served outside of the specification, by path.
func (d *Door) newPages() (map[string]http.Handler, error) {
	spec, err := specificationJSON(d.Config.ServerURLs)
	if err != nil {
		return nil, err
	}
	errorsPage, err := renderErrors()
	if err != nil {
		return nil, err
	}
	pages := map[string]http.Handler{
		"/healthz":      http.HandlerFunc(d.serveHealth),
		"/readyz":       http.HandlerFunc(d.serveReady),
		"/openapi.json": servePage("application/json", spec),
		"/docs/errors":  servePage("text/html; charset=utf-8", errorsPage),
	}
	for path, file := range map[string]struct{ name, contentType string }{
		"/docs":                     {"docs/index.html", "text/html; charset=utf-8"},
		"/docs/page.css":            {"docs/page.css", "text/css; charset=utf-8"},
		"/docs/redoc.standalone.js": {"docs/redoc.standalone.js", "text/javascript; charset=utf-8"},
	} {
		content, err := docs.ReadFile(file.name)
		if err != nil {
			return nil, fmt.Errorf("read page: %w", err)
		}
		pages[path] = servePage(file.contentType, content)
	}
	pages["/docs/"] = pages["/docs"]
	if d.MetricsPage != nil {
		pages["/metrics"] = d.MetricsPage
	}
	return pages, nil
}

func servePage(contentType string, content []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Cache-Control", "public, max-age=300")
		h["Content-Security-Policy"] = docsPolicy
		_, _ = w.Write(content) // a caller who went away misses nothing
	})
}

func renderErrors() ([]byte, error) {
	page, err := template.ParseFS(docs, "docs/errors.html")
	if err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, Codes()); err != nil {
		return nil, fmt.Errorf("render page: %w", err)
	}
	return out.Bytes(), nil
}

// specificationJSON returns the specification as JSON, in its own order, with the
// servers given.
func specificationJSON(servers []string) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(specification, &document); err != nil {
		return nil, fmt.Errorf("read specification: %w", err)
	}
	if len(servers) > 0 {
		setServers(document.Content[0], servers)
	}
	var out bytes.Buffer
	if err := writeNode(&out, document.Content[0]); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func setServers(root *yaml.Node, servers []string) {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, url := range servers {
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
			{Kind: yaml.ScalarNode, Tag: "!!str", Value: "url"}, {Kind: yaml.ScalarNode, Tag: "!!str", Value: url},
		}})
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "servers" {
			root.Content[i+1] = list
		}
	}
}

// writeNode writes YAML as JSON and keeps the order of members, which the page
// shows; encoding/json would sort them.
func writeNode(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		return writeMembers(out, n)
	case yaml.SequenceNode:
		out.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeNode(out, item); err != nil {
				return err
			}
		}
		out.WriteByte(']')
		return nil
	case yaml.ScalarNode, yaml.DocumentNode, yaml.AliasNode:
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return fmt.Errorf("read specification: %w", err)
	}
	return writeValue(out, value)
}

func writeMembers(out *bytes.Buffer, n *yaml.Node) error {
	out.WriteByte('{')
	for i := 0; i+1 < len(n.Content); i += 2 {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := writeValue(out, n.Content[i].Value); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := writeNode(out, n.Content[i+1]); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func writeValue(out *bytes.Buffer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write specification: %w", err)
	}
	out.Write(text)
	return nil
}
