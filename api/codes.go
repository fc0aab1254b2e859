package api

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

// Codes returns the problem codes that the door answers with, by status. The page
// /docs/errors is made of it.
func Codes() []CodeDoc { return slices.Clone(codeDocs) }

var codeDocs = []CodeDoc{
	{"audit_user_missing", 400, "The audit user is missing", "Send the query parameter auditUser: the person or system on whose behalf you call."},
	{"audit_user_too_long", 400, "The audit user is too long", "Send at most 256 bytes of UTF-8."},
	{"audit_user_malformed", 400, "The audit user is malformed", "Send UTF-8 without control or invisible characters."},
	{"audit_user_contains_pan", 400, "The audit user holds a card number", "Never send card numbers: the audit user is stored. Name a person or a system."},
	{"audit_user_repeated", 400, "The audit user is given more than once", "Send auditUser once."},
	{"card_id_malformed", 400, "The card id is no number", "Send the id that the card was imported under: a whole number of at most 64 bits."},
	{"card_id_contains_pan", 400, "The card id reads like a card number", "Send the id of the card, not its number."},
	{"parameter_malformed", 400, "A parameter is malformed", "Compare the request with /openapi.json."},
	{"body_unexpected", 400, "The call takes no body", "Leave the body out."},
	{"credentials_missing", 401, "There are no credentials", "Send HTTP Basic with a client's id and secret, or a Bearer token."},
	{"credentials_invalid", 401, "The credentials are not valid", "Check id and secret, or the token's issuer, audience and signature."},
	{"token_expired", 401, "The token has expired", "Get a new token."},
	{"client_revoked", 401, "The client has been revoked", "Ask the operator for a new client."},
	{"certificate_required", 401, "The client's TLS certificate is missing", "Connect with the certificate that the client is bound to."},
	{"scope_missing", 403, "The client lacks the scope", "Ask the operator for a client with the scope that the detail names."},
	{"card_not_eligible", 403, "The card may not be put into this wallet", "The detail names the rule: the card's status, expiry, product or issuer."},
	{"scheme_mismatch", 403, "The card belongs to another scheme", "Use the call for the card's own scheme."},
	{"card_data_unusable", 403, "The card's data does not fit its scheme", "The detail names the rule; mend the card in the issuer's system and import it again."},
	{"path_not_found", 404, "There is nothing at this path", "Compare the path with /openapi.json."},
	{"card_not_found", 404, "There is no such card", "Check the id. A card of an issuer that your client is not bound to answers the same."},
	{"wallet_provider_not_found", 404, "There is no such wallet provider", "Send the id of a wallet provider of this server's configuration."},
	{"method_not_allowed", 405, "The path takes another method", "Use a method of the Allow header."},
	{"not_acceptable", 406, "The answer would not be acceptable", "Allow application/json in the Accept header, or leave the header out."},
	{"body_too_large", 413, "The body is too large", "Leave the body out."},
	{"payload_too_long", 422, "The payload is longer than the wallet takes", "The operator must use shorter keys or raise issuer_wallet.max_chars."},
	{"rate_limited", 429, "The client has made too many requests", "Wait as long as Retry-After says; ask the operator for a higher limit."},
	{"authentication_rate_limited", 429, "The address has failed to authenticate too often", "Mend the credentials, and wait as long as Retry-After says."},
	{"internal", 500, "Something went wrong here", "Tell the operator the request id."},
	{"card_damaged", 500, "The stored card cannot be used", "The operator must import the card again; its row was not written as it stands."},
	{"store_unavailable", 503, "The database does not answer", "Try again; the operator is needed if it lasts."},
	{"audit_unavailable", 503, "The audit trail cannot be written", "Try again; nothing was handed out. The operator is needed if it lasts."},
	{"key_unavailable", 503, "No key serves this card", "The operator must add or activate a key."},
	{"key_unusable", 503, "A key of this card cannot be used", "The operator must replace the key; the detail says why."},
	{"signing_unavailable", 503, "The signing key cannot sign at this moment", "Try again; the operator is needed if it lasts."},
	{"token_keys_unavailable", 503, "The token issuer's keys cannot be fetched", "Try again."},
	{"timed_out", 503, "The request took too long", "Try again."},
	{"request_canceled", 503, "The caller went away", "Nothing; whoever called did not wait for this answer."},
}

// titleOf returns the documented title, or the status's own for a code of a later
// feature.
func titleOf(code string, status int) string {
	for i := range codeDocs {
		if codeDocs[i].Code == code {
			return codeDocs[i].Title
		}
	}
	return http.StatusText(status)
}
