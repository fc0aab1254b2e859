package door

import (
	"net/http"
	"slices"
)

// CodeDoc documents one problem code.
type CodeDoc struct {
	Code   string
	Status int
	Title  string // what it means
	Remedy string // what to do about it
}

// AllCodes returns the codes of every door together with those of an API, by status.
func AllCodes(more []CodeDoc) []CodeDoc {
	all := slices.Concat(codeDocs, more)
	slices.SortStableFunc(all, func(a, b CodeDoc) int { return a.Status - b.Status })
	return all
}

// codeDocs are the codes that a door answers with, whatever the calls are.
var codeDocs = []CodeDoc{
	{Code: "body_unexpected", Status: 400, Title: "The call takes no body", Remedy: "Leave the body out."},
	{Code: "body_missing", Status: 400, Title: "The body is missing", Remedy: "Send the JSON object that /openapi.json describes."},
	{Code: "body_malformed", Status: 400, Title: "The body is malformed", Remedy: "Send one JSON object in UTF-8; errors[] names the members that are not as the call takes them."},
	{Code: "idempotency_key_malformed", Status: 400, Title: "The idempotency key is malformed", Remedy: "Send an Idempotency-Key of 1 to 64 visible characters of ASCII, a random UUID say, or none."},
	{Code: "idempotency_key_repeated", Status: 400, Title: "There are several idempotency keys", Remedy: "Send one Idempotency-Key header."},
	{Code: "scope_missing", Status: 403, Title: "The client lacks the scope", Remedy: "Ask the operator for a client with the scope that the detail names."},
	{Code: "path_not_found", Status: 404, Title: "There is nothing at this path", Remedy: "The detail says what is close; compare the path with /openapi.json."},
	{Code: "method_not_allowed", Status: 405, Title: "The path takes another method", Remedy: "Use a method of the Allow header."},
	{Code: "not_acceptable", Status: 406, Title: "The answer would not be acceptable", Remedy: "Allow application/json in the Accept header, or leave the header out."},
	{Code: "idempotency_in_progress", Status: 409, Title: "The same request with this idempotency key is under way", Remedy: "Wait as long as Retry-After says and send it again, with the same key."},
	{Code: "body_too_large", Status: 413, Title: "The body is too large", Remedy: "Send at most limits.body_bytes of the server's configuration: 64 KiB if nothing is configured."},
	{Code: "media_type_unsupported", Status: 415, Title: "The body is in a form that is not read", Remedy: "The detail says what is there; send application/json in UTF-8, not compressed."},
	{Code: "idempotency_key_reused", Status: 422, Title: "The idempotency key was used for another request", Remedy: "Nothing was done. Send each new request with a key of its own; the same request must be the same to the letter."},
	{Code: "rate_limited", Status: 429, Title: "The client has made too many requests", Remedy: "Wait as long as Retry-After says; ask the operator for a higher limit."},
	{Code: "issuer_rate_limited", Status: 429, Title: "There were too many calls on cards of this issuer", Remedy: "Wait as long as Retry-After says; the operator sets the limit for all clients of the issuer together."},
	{Code: "authentication_rate_limited", Status: 429, Title: "Authentication under this name has failed too often from this address", Remedy: "Mend the credentials, and wait as long as Retry-After says."},
	{Code: "internal", Status: 500, Title: "Something went wrong here", Remedy: "Tell the operator the request id."},
	{Code: "timed_out", Status: 503, Title: "The request took too long", Remedy: "Try again."},
	{Code: "request_canceled", Status: 503, Title: "The caller went away", Remedy: "Nothing; whoever called did not wait for this answer."},
}

func titles(more []CodeDoc) map[string]string {
	all := map[string]string{}
	for _, c := range AllCodes(more) {
		all[c.Code] = c.Title
	}
	return all
}

// titleOf returns the documented title, or the status's own for a code that nobody
// documented.
func (d *Door) titleOf(code string, status int) string {
	if title, ok := d.titles[code]; ok {
		return title
	}
	return http.StatusText(status)
}
