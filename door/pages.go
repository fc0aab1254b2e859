package door

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed docs/index.html docs/errors.html docs/page.css docs/redoc.standalone.js
var docs embed.FS

// errorsPage is where problem codes are explained; the type of a problem links there.
const errorsPage = "/docs/errors"

// docsPolicy is the Content-Security-Policy of the pages: everything from here,
// but Redoc styles itself inline and searches in a worker made of a blob.
var docsPolicy = []string{"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; worker-src blob:; child-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}

// newPages returns what is served beside the calls, by path.
func (d *Door) newPages() (map[string]http.Handler, error) {
	pages := map[string]http.Handler{
		"/healthz": http.HandlerFunc(d.serveHealth),
		"/readyz":  http.HandlerFunc(d.serveReady),
	}
	if d.MetricsPage != nil {
		pages["/metrics"] = d.MetricsPage
	}
	codes, err := d.renderErrors()
	if err != nil {
		return nil, err
	}
	pages[errorsPage] = servePage("text/html; charset=utf-8", codes)
	files := map[string]docsFile{"/docs/page.css": {"docs/page.css", "text/css; charset=utf-8"}}
	if d.API.Specification != nil {
		spec, err := specificationJSON(d.API.Specification, d.API.ServerURLs)
		if err != nil {
			return nil, err
		}
		pages["/openapi.json"] = servePage("application/json", spec)
		for _, path := range []string{"/docs", "/docs/"} {
			files[path] = docsFile{"docs/index.html", "text/html; charset=utf-8"}
		}
		files["/docs/redoc.standalone.js"] = docsFile{"docs/redoc.standalone.js", "text/javascript; charset=utf-8"}
	}
	for path, file := range files {
		content, err := docs.ReadFile(file.name)
		if err != nil {
			return nil, fmt.Errorf("read page: %w", err)
		}
		pages[path] = servePage(file.contentType, content)
	}
	return pages, nil
}

type docsFile struct{ name, contentType string }

func servePage(contentType string, content []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Cache-Control", "public, max-age=300")
		h["Content-Security-Policy"] = docsPolicy
		_, _ = w.Write(content) // a caller who went away misses nothing
	})
}

func (d *Door) renderErrors() ([]byte, error) {
	page, err := template.ParseFS(docs, "docs/errors.html")
	if err != nil {
		return nil, fmt.Errorf("parse page: %w", err)
	}
	var out bytes.Buffer
	shown := struct {
		Codes    []CodeDoc
		HasCalls bool // there is a page of the calls
	}{AllCodes(d.API.Codes), d.API.Specification != nil}
	if err := page.Execute(&out, shown); err != nil {
		return nil, fmt.Errorf("render page: %w", err)
	}
	return out.Bytes(), nil
}
