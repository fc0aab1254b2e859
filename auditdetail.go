package walletport

import (
	"slices"
	"strings"
)

// AuditDetail is one named fact of an audited act that no field of AuditRecord holds.
type AuditDetail struct {
	Name  DetailName
	Value string // never "": what is not known is not a detail
}

// DetailName names a fact: a lower-case word, or several with underscores. The names
// are the constants below; docs/audit.md says what each holds.
type DetailName string

// The details of audited acts. A new one is a line here and a row of docs/audit.md,
// and nothing else: it changes neither tables, hashes nor exports.
const (
	DetailCommand     DetailName = "command"    // the operator's command without its arguments: "keys generate"
	DetailHost        DetailName = "host"       // the machine that the command ran on
	DetailLoginUser   DetailName = "login_user" // who logged in there, as the kernel keeps it
	DetailSudoUser    DetailName = "sudo_user"  // who called sudo, as the environment says
	DetailChange      DetailName = "change"     // what was done to a key, a client or a card
	DetailRows        DetailName = "rows"       // of an import's file
	DetailInserted    DetailName = "inserted"   // cards
	DetailUpdated     DetailName = "updated"    // cards
	DetailUnchanged   DetailName = "unchanged"  // cards
	DetailRejected    DetailName = "rejected"   // rows
	DetailRead        DetailName = "read"       // cards or records that were shown
	DetailMoved       DetailName = "moved"      // data keys
	DetailFailed      DetailName = "failed"     // data keys
	DetailLeft        DetailName = "left"       // data keys of issuers without a key to move them to
	DetailFormat      DetailName = "format"     // of an import's file: csv or jsonl
	DetailBytes       DetailName = "bytes"      // size of an import's file
	DetailSHA256      DetailName = "sha256"     // digest of an import's file, hex
	DetailMode        DetailName = "mode"       // of an import: row_by_row, all_or_nothing or dry_run
	DetailFields      DetailName = "fields"     // names of what changes of a card
	DetailFrom        DetailName = "from_status"
	DetailTo          DetailName = "to_status"
	DetailAltered     DetailName = "altered"       // cards whose row is not as it was stored
	DetailNoKey       DetailName = "without_key"   // cards whose key is not in the key store
	DetailClient      DetailName = "client"        // id of the API client that is changed
	DetailScopes      DetailName = "scopes"        // of a client, with commas between
	DetailIssuers     DetailName = "issuers"       // of a client, with commas between
	DetailEnds        DetailName = "ends"          // when a client ends, RFC 3339
	DetailOverlap     DetailName = "overlap_until" // when a client's secret before ends, RFC 3339
	DetailCertificate DetailName = "certificate"   // that a client is bound to, hex SHA-256
	DetailCalls       DetailName = "calls"         // that a sum stands for
	DetailJob         DetailName = "job"           // id of the parked job that is changed
	DetailRepeats     DetailName = "repeats"       // request id of the call whose answer was given again
)

// The details of looks at the trail and of migrations.
const (
	DetailFirst       DetailName = "first"        // number of the first record of an export, or that was verified
	DetailLast        DetailName = "last"         // of the last one
	DetailFromVersion DetailName = "from_version" // of the tables, before a migration
	DetailToVersion   DetailName = "to_version"   // after it
)

// The details of customers.
const (
	DetailCustomer DetailName = "customer" // the issuer's number of the customer
)

// The details of tokens.
const (
	DetailTokenID  DetailName = "token_id"  // see TokenID
	DetailChangeID DetailName = "change_id" // of a change of a token, also in the token's history
	DetailReason   DetailName = "reason"    // of a change of a token, where one was given
	DetailNumbers  DetailName = "numbers"   // of tokens that an answer has whole
	DetailFoundBy  DetailName = "found_by"  // what found out about a change that nobody waited for any more: sweep or job
)

// The details of Click to Pay; who the customer is, DetailCustomer has.
const (
	DetailRequest DetailName = "request" // id of the request, as it is asked for by
	DetailResult  DetailName = "result"  // how the request ended: SUCCESS or FAILED; absent before
	DetailBID     DetailName = "bid"     // that the customer is enrolled with
	DetailChannel DetailName = "channel" // where the request came from: api, command or portfolio

	DetailProduct  DetailName = "product"  // of the cards of a portfolio; absent for all
	DetailAccepted DetailName = "accepted" // requests of a portfolio
	DetailLeftOut  DetailName = "left_out" // cards of a portfolio, or consumers of a comparison
	DetailDrifts   DetailName = "drifts"   // consumers that the scheme has otherwise
	DetailRepaired DetailName = "repaired" // of these
)

// The details of keys.
const (
	DetailPurpose     DetailName = "purpose"     // of a key
	DetailVersion     DetailName = "version"     // of a key, within purpose and issuer
	DetailFingerprint DetailName = "fingerprint" // of a public key
	DetailCheckValue  DetailName = "check_value" // of a secret key
	DetailState       DetailName = "state"       // of a key at the time of the record
	DetailInsisted    DetailName = "insisted"    // the operator had something done that was refused without it
)

// MaxAuditDetails bounds the details of a record.
const MaxAuditDetails = 32

// maxDetailNameBytes bounds the name of a detail.
const maxDetailNameBytes = 48

// Valid reports whether n is spelled as a name: 1 to 48 lower-case letters, digits
// and underscores, a letter first.
func (n DetailName) Valid() bool {
	if n == "" || len(n) > maxDetailNameBytes || n[0] < 'a' || n[0] > 'z' {
		return false
	}
	return strings.Trim(string(n), "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// AuditDetails are the details of a record, each name once, in the order of their
// names. With and Get keep them so.
type AuditDetails []AuditDetail

// With returns d and the detail, in place of an earlier one of that name. It leaves d
// as it is; an empty value takes the detail away.
func (d AuditDetails) With(name DetailName, value string) AuditDetails {
	at, found := d.find(name)
	switch {
	case value == "" && !found:
		return d
	case value == "":
		return slices.Delete(slices.Clone(d), at, at+1)
	case found:
		d = slices.Clone(d)
		d[at].Value = value
		return d
	}
	return slices.Insert(slices.Clip(d), at, AuditDetail{Name: name, Value: value})
}

// Get returns the value of a detail, or "".
func (d AuditDetails) Get(name DetailName) string {
	if at, found := d.find(name); found {
		return d[at].Value
	}
	return ""
}

func (d AuditDetails) find(name DetailName) (at int, found bool) {
	return slices.BinarySearchFunc(d, name, func(e AuditDetail, name DetailName) int {
		return strings.Compare(string(e.Name), string(name))
	})
}
