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
	if lower := lowerFixed(p); r.leads(lower) || r.leads(basePath+lower) {
		return ": its fixed parts are written in small letters, but for VISA, and the calls are below " + basePath
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

// lowerFixed lowers all letters but those of VISA and of the last part, which may be the name
// of a wallet provider.
func lowerFixed(p string) string {
	head, last := path.Split(p)
	if lower := strings.ToLower(last); endsACall(lower) {
		last = lower
	}
	return strings.Replace(strings.ToLower(head), "/click2pay/visa/", "/click2pay/VISA/", 1) + last
}

// endsACall reports whether text is the last part of a call's route, and no argument.
func endsACall(text string) bool {
	for _, o := range operations {
		if path.Base(o.route) == text {
			return true
		}
	}
	return false
}
