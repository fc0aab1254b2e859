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
	{"request_id_contains_pan", 400, "The request id holds the card's number", "Never send card numbers: the request id is stored. Send a random id as X-Request-Id, or none."},
	{"query_malformed", 400, "The query is malformed", "errors[] names the rule: escape what stands in a value, write & between parameters, send each once."},
	{"audit_user_repeated", 400, "The audit user is given more than once", "Send auditUser once."},
	{"card_id_malformed", 400, "The card id is no number", "Send the id that the card was imported under: a whole number of at most 64 bits."},
	{"card_id_contains_pan", 400, "The card id reads like a card number", "Send the id of the card, not its number."},
	{"parameter_malformed", 400, "A parameter is malformed", "Compare the request with /openapi.json."},
	{"body_unexpected", 400, "The call takes no body", "Leave the body out."},
	{"body_missing", 400, "The body is missing", "Send the JSON object that /openapi.json describes."},
	{"body_malformed", 400, "The body is malformed", "Send one JSON object in UTF-8; errors[] names the members that are not as the call takes them."},
	{"step_up_repeated", 400, "There are several step-up assertions", "Send one Step-Up-Assertion header."},
	{"step_up_too_long", 400, "The step-up assertion is too long", "Send at most 8 KiB."},
	{"apple_certificates_missing", 400, "Apple's certificates are missing", "Send what PassKit gave the app: the leaf and the certificate authority above it."},
	{"apple_certificates_count", 400, "The number of certificates is not Apple's", "Send the leaf and the certificate authority above it, with or without the root."},
	{"apple_certificate_too_large", 400, "A certificate is too large", "Send each certificate as PassKit gave it to the app, at most 16,384 characters."},
	{"apple_certificate_encoding", 400, "A certificate is in no encoding that is read", "Send base64 or base64url of DER, or PEM; one certificate an entry."},
	{"apple_certificate_malformed", 400, "A certificate is no X.509 certificate", "Send each certificate as PassKit gave it to the app."},
	{"apple_certificate_duplicate", 400, "A certificate is there twice", "Send the leaf and the certificate authority above it, each once."},
	{"apple_leaf_missing", 400, "Apple's leaf certificate is missing", "Send both certificates that PassKit gave the app; none of these is marked as a leaf for in-app provisioning."},
	{"apple_leaf_ambiguous", 400, "There are two leaf certificates", "Send the certificates of one callback only."},
	{"apple_leaf_rsa", 400, "Apple's leaf has an RSA key", "The app must ask PassKit for the encryption scheme ECC_V2."},
	{"apple_leaf_key", 400, "The key of Apple's leaf is on another curve", "Send the certificates as PassKit gave them to the app."},
	{"apple_leaf_usage", 400, "Apple's leaf is for another use", "Send the certificates as PassKit gave them to the app, not those of another Apple service."},
	{"apple_leaf_expired", 400, "Apple's leaf has expired", "Start again in the app; PassKit gives fresh certificates."},
	{"apple_leaf_not_yet_valid", 400, "Apple's leaf is not valid yet", "Check the clocks; start again in the app."},
	{"apple_sub_ca_missing", 400, "The certificate authority above Apple's leaf is missing", "Send all certificates that PassKit gave the app."},
	{"apple_sub_ca_invalid", 400, "The certificate above Apple's leaf is not the right authority", "Send the certificates as PassKit gave them to the app."},
	{"apple_sub_ca_expired", 400, "The certificate authority above Apple's leaf has expired", "Start again in the app; PassKit gives fresh certificates."},
	{"apple_sub_ca_not_yet_valid", 400, "The certificate authority above Apple's leaf is not valid yet", "Check the clocks; start again in the app."},
	{"apple_chain_untrusted", 400, "The certificates are not Apple's", "Send the certificates as PassKit gave them to the app; against a sandbox, those of its own root."},
	{"apple_nonce_missing", 400, "The nonce is missing", "Send the nonce that PassKit gave the app."},
	{"apple_nonce_too_long", 400, "The nonce is too long", "Send the nonce as PassKit gave it to the app, at most 64 bytes."},
	{"apple_nonce_malformed", 400, "The nonce is no lower-case hexadecimal", "Write each byte as two digits of 0-9 and a-f."},
	{"apple_nonce_signature_missing", 400, "The nonce's signature is missing", "Send the nonce signature that PassKit gave the app."},
	{"apple_nonce_signature_too_long", 400, "The nonce's signature is too long", "Send the nonce signature as PassKit gave it to the app, at most 512 bytes."},
	{"apple_nonce_signature_malformed", 400, "The nonce's signature is no lower-case hexadecimal", "Write each byte as two digits of 0-9 and a-f."},
	{"client_app_id_too_long", 400, "The client's app id is too long", "Send at most 36 characters."},
	{"client_app_id_malformed", 400, "The client's app id is malformed", "Send the id that Visa gave the app; errors[] names the rule."},
	{"client_app_id_contains_pan", 400, "The client's app id holds a card number", "Send the id that Visa gave the app."},
	{"client_device_id_missing", 400, "The client's device id is missing", "Visa cards need it: send clientDeviceID as the wallet gave it to the app."},
	{"client_device_id_too_long", 400, "The client's device id is too long", "Send clientDeviceID as the wallet gave it to the app; errors[] names the limit."},
	{"client_device_id_malformed", 400, "The client's device id is malformed", "Send clientDeviceID as the wallet gave it to the app; errors[] names the rule."},
	{"client_device_id_contains_pan", 400, "The client's device id holds a card number", "Send clientDeviceID as the wallet gave it to the app."},
	{"client_wallet_account_id_missing", 400, "The client's wallet account id is missing", "Visa cards need it: send clientWalletAccountID as the wallet gave it to the app."},
	{"client_wallet_account_id_too_long", 400, "The client's wallet account id is too long", "Send clientWalletAccountID as the wallet gave it to the app; errors[] names the limit."},
	{"client_wallet_account_id_malformed", 400, "The client's wallet account id is malformed", "Send clientWalletAccountID as the wallet gave it to the app; errors[] names the rule."},
	{"client_wallet_account_id_contains_pan", 400, "The client's wallet account id holds a card number", "Send clientWalletAccountID as the wallet gave it to the app."},
	{"server_session_id_missing", 400, "The session id is missing", "Send serverSessionId, which the Google Wallet SDK made, or do not ask for an opaque payment card."},
	{"server_session_id_malformed", 400, "The session id is no UUID", "Send serverSessionId as the Google Wallet SDK made it."},
	{"nonce_malformed", 400, "The nonce is no lower-case hexadecimal", "Write each byte as two digits of 0-9 and a-f, or leave the nonce out."},
	{"nonce_too_long", 400, "The nonce is too long", "Send the nonce as the wallet gave it; the detail names the limit."},
	{"token_unique_reference_malformed", 400, "The token unique reference is malformed", "Send Mastercard's reference of the token, or leave it out."},
	{"token_unique_reference_contains_pan", 400, "The token unique reference holds a card number", "Send Mastercard's reference of the token, or leave it out."},
	{"credentials_missing", 401, "There are no credentials", "Send HTTP Basic with a client's id and secret, or a Bearer token."},
	{"credentials_invalid", 401, "The credentials are not valid", "Check id and secret, or the token's issuer, audience and signature; the detail names what can be seen from outside."},
	{"token_expired", 401, "The token has expired", "Get a new token."},
	{"client_revoked", 401, "The client has been revoked", "Ask the operator for a new client."},
	{"client_expired", 401, "The client's end has come", "Ask the operator for a new end, or for a new client."},
	{"certificate_required", 401, "The client's TLS certificate is missing", "Connect with the certificate that the client is bound to."},
	{"certificate_mismatch", 401, "The TLS certificate is not the client's", "Connect with the certificate that the client is bound to, or ask the operator to bind the client to this one."},
	{"client_id_contains_pan", 403, "The client's name holds the card's number", "The token's issuer must name clients by something else: the name is stored."},
	{"scope_missing", 403, "The client lacks the scope", "Ask the operator for a client with the scope that the detail names."},
	{"card_not_eligible", 403, "The card may not be put into this wallet", "The detail names the rule: the card's status, expiry, product or issuer."},
	{"scheme_mismatch", 403, "The card belongs to another scheme", "Use the call for the card's own scheme."},
	{"wallet_not_offered", 403, "The wallet is not set up for the card's scheme", "The operator must configure the wallet for this scheme."},
	{"activation_not_offered", 403, "Activation is not set up for the card's scheme", "The operator must configure it for this scheme."},
	{"activation_needs_nonce", 403, "Activation data of this scheme answer a nonce", "Send the wallet's nonce; where it gives none, push the card from the app, or activate the token at the scheme."},
	{"card_data_unusable", 403, "The card's data does not fit its scheme", "The detail names the rule; mend the card in the issuer's system and import it again."},
	{"step_up_required", 403, "The card holder must be strongly authenticated", "Authenticate the card holder again, and send the identity provider's fresh assertion as Step-Up-Assertion; the detail says what was lacking."},
	{"step_up_invalid", 403, "The step-up assertion is not valid", "Check the assertion's issuer, audience, signature and claims; asking the card holder again does not help."},
	{"step_up_subject_mismatch", 403, "The step-up assertion is of another customer", "Send the assertion of the card's own holder."},
	{"step_up_binding_mismatch", 403, "The step-up assertion is for another card or wallet", "Ask the identity provider for an assertion about this card and this wallet."},
	{"path_not_found", 404, "There is nothing at this path", "The detail says what is close; compare the path with /openapi.json."},
	{"card_not_found", 404, "There is no such card", "Check the id. A card of an issuer that your client is not bound to answers the same."},
	{"wallet_provider_not_found", 404, "There is no such wallet provider", "Send the id of a wallet provider of this server's configuration."},
	{"method_not_allowed", 405, "The path takes another method", "Use a method of the Allow header."},
	{"not_acceptable", 406, "The answer would not be acceptable", "Allow application/json in the Accept header, or leave the header out."},
	{"nonce_reused", 409, "The nonce was used before", "Start again in the wallet, which makes a new nonce."},
	{"body_too_large", 413, "The body is too large", "Send at most limits.body_bytes of the server's configuration: 64 KiB if nothing is configured."},
	{"media_type_unsupported", 415, "The body is in a form that is not read", "The detail says what is there; send application/json in UTF-8, not compressed."},
	{"payload_too_long", 422, "The payload is longer than the wallet takes", "The operator must use shorter keys or raise max_chars of the wallet: issuer_wallet, or the format of wallets.googlepay or wallets.samsungpay."},
	{"samsung_needs_card_info", 422, "Samsung Pay cannot read the card in this form", "The operator must set shape to cardInfo in the MDES profile of Samsung Pay."},
	{"rate_limited", 429, "The client has made too many requests", "Wait as long as Retry-After says; ask the operator for a higher limit."},
	{"authentication_rate_limited", 429, "Authentication under this name has failed too often from this address", "Mend the credentials, and wait as long as Retry-After says."},
	{"internal", 500, "Something went wrong here", "Tell the operator the request id."},
	{"card_damaged", 500, "The stored card cannot be used", "The operator must import the card again; its row was not written as it stands."},
	{"store_unavailable", 503, "The database does not answer", "Try again; the operator is needed if it lasts."},
	{"database_rights", 503, "The database denies walletport a right", "The operator must grant it: see the roles in docs/operations.md. The detail of /readyz says which."},
	{"audit_unavailable", 503, "The audit trail cannot be written", "Try again; nothing was handed out. The operator is needed if it lasts."},
	{"key_unavailable", 503, "No key serves this card", "The operator must add or activate a key."},
	{"key_unusable", 503, "A key of this card cannot be used", "The operator must replace the key; the detail says why."},
	{"signing_unavailable", 503, "The signing key cannot sign at this moment", "Try again; the operator is needed if it lasts."},
	{"sealing_unavailable", 503, "The key shared with the scheme cannot be used at this moment", "Try again; the operator is needed if it lasts."},
	{"opc_recipient_unfit", 503, "Google's key for opaque payment cards does not fit", "The operator must replace the certificate of purpose opc-encryption: it needs an RSA encryption subkey of 2048 bits or more, version 4."},
	{"opc_recipient_expired", 503, "Google's key for opaque payment cards is not valid now", "The operator must import Google's current certificate."},
	{"opc_signer_unfit", 503, "The issuer's key for opaque payment cards does not fit", "The operator must replace the key of purpose opc-signing, or its certificate: the detail says why."},
	{"apple_root_expired", 503, "The pinned root of Apple is not valid", "The operator must configure the current one."},
	{"token_keys_unavailable", 503, "The token issuer's keys cannot be read", "Try again; the operator finds the cause in the log and in the warnings of /readyz."},
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
