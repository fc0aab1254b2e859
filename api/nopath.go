package api

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/walletport/walletport"
)

// errNoSuchPath says that there is nothing at a path, and what may be wrong with it,
// where a small change makes it one of the specification. It repeats nothing of it.
func (r *router) errNoSuchPath(u *url.URL) error {
	// A slash in the wallet provider makes another path, but means this.
	if parts := strings.Split(strings.TrimPrefix(u.Path, basePath), "/"); len(parts) > 6 && parts[6] != "" && parts[1] == "v1" && parts[3] == "provision" && parts[4] == "issuerwallet" {
		return walletport.ErrWalletProviderNotFound()
	}
	return walletport.Errorf(walletport.CodeNotFound, "path_not_found", "there is nothing at this path%s; /openapi.json describes what there is", r.nearestPath(u.Path))
}

// nearestPath names the first change that makes of p a path of the specification;
// "" if there is none.
func (r *router) nearestPath(p string) string {
	for _, try := range []struct {
		changed string
		hint    string
	}{
		{strings.TrimRight(p, "/"), ": leave the slash at its end out"},
		{basePath + p, ": the calls are below " + basePath},
		{strings.TrimPrefix(p, basePath), ": " + basePath + " is there twice"},
		{path.Clean(p), ": it has an empty part between two slashes"},
	} {
		if r.leads(try.changed) {
			return try.hint
		}
	}
	if route := routeInOtherLetters(p); route != "" {
		return ": the call is written " + basePath + route
	}
	for _, version := range []string{"v1", "v2", "v3"} {
		if parts := strings.SplitN(p, "/", 4); len(parts) == 4 && r.leads(parts[0]+"/"+parts[1]+"/"+version+"/"+parts[3]) {
			return ": the call has the version " + version
		}
	}
	return ""
}

func (r *router) leads(p string) bool {
	return slices.ContainsFunc([]string{http.MethodPost, http.MethodGet, http.MethodPut}, func(method string) bool {
		_, ok := r.server.FindPath(method, &url.URL{Path: p})
		return ok
	})
}

// routeInOtherLetters returns the route that p has but for small and capital letters, with the
// base path or without; "" if there is none.
func routeInOtherLetters(p string) string {
	if head := min(len(p), len(basePath)); strings.EqualFold(p[:head], basePath) {
		p = p[head:]
	}
	parts := strings.Split(p, "/")
	for _, o := range operations {
		if slices.EqualFunc(strings.Split(o.route, "/"), parts, isPartOfRoute) {
			return o.route
		}
	}
	return ""
}

// isPartOfRoute reports whether text may stand in a part of a route, whatever its letters are.
func isPartOfRoute(part, text string) bool {
	if strings.HasPrefix(part, "{") {
		return text != ""
	}
	return strings.EqualFold(part, text)
}
