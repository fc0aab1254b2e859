package mdes

import "net/url"

// OAuthBaseString shows what is signed, which the published vectors compare: a signature
// alone would not say which part of it is wrong.
func OAuthBaseString(method string, at *url.URL, parameters [][2]string) string {
	all := make([]oauthParameter, len(parameters))
	for i, p := range parameters {
		all[i] = oauthParameter{p[0], p[1]}
	}
	return oauthBaseString(method, at, all)
}

// OAuthBaseURL shows the second part of it.
func OAuthBaseURL(at *url.URL) string { return oauthBaseURL(at) }
