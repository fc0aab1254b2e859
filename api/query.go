package api

import (
	"net/url"
	"strings"

	"github.com/walletport/walletport"
)

// userParameter is the one parameter that the calls take in the query.
const userParameter = "auditUser"

// query is what the calls read of a URL's query.
type query struct {
	user   string
	given  bool // there is an auditUser
	nearBy bool // there is a parameter with almost its name
}

// readQuery reads the query of a call, and refuses what two readers might read in two
// ways: Go's own reader, which the generated decoder uses, drops a malformed pair and
// takes the first of two values. The error repeats nothing of the query.
func readQuery(raw string) (query, error) {
	var q query
	var seen map[string]bool // of other parameters, which are passed over
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, err := readPair(pair)
		switch {
		case err != nil:
			return query{}, err
		case name == userParameter && q.given:
			return query{}, walletport.ErrField("audit_user_repeated", userParameter, "must be given once")
		case name == userParameter:
			q.user, q.given = value, true
			continue
		case seen[name]:
			return query{}, errQuery("must have each parameter once")
		case seen == nil:
			seen = make(map[string]bool)
		}
		seen[name] = true
		q.nearBy = q.nearBy || isNearby(name)
	}
	return q, nil
}

func readPair(pair string) (name, value string, err error) {
	if strings.Contains(pair, ";") {
		return "", "", errQuery("has a semicolon: write & between two parameters, and %3B for a semicolon in a value")
	}
	name, value, _ = strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(name)
	value, valueErr := url.QueryUnescape(value)
	if nameErr != nil || valueErr != nil {
		return "", "", errQuery("has a percent sign without two hexadecimal digits after it: write %25 for a percent sign")
	}
	return name, value, nil
}

// isNearby reports whether a name is that of the parameter in another spelling.
func isNearby(name string) bool {
	return strings.EqualFold(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name), userParameter)
}

// auditUser returns the audit user that the query names.
func (q query) auditUser() (walletport.AuditUser, error) {
	if !q.given && q.nearBy {
		return "", walletport.ErrField("audit_user_missing", userParameter, "must name the user who asks; the parameter is there in another spelling, and names are case-sensitive")
	}
	return walletport.ParseAuditUser(q.user)
}

func errQuery(rule string) *walletport.Error {
	err := walletport.ErrField("query_malformed", "query", rule)
	err.Message = "the " + err.Message
	return err
}
