package mdessim

import "github.com/walletport/walletport/sim"

// The TAV: its layers and members. Its base64 and JSON faults are those of
// faults.go with the prefix "tav_".
var (
	tavMissing        = sim.Kind{Code: "tav_missing", Remedy: "add tokenizationAuthenticationValue; without it the cardholder has to pass a step-up", Tolerated: true}
	activationForm    = sim.Kind{Code: "activation_data_malformed", Remedy: "set the activation data to the JSON bytes of a TAV"}
	activationBase64  = sim.Kind{Code: "activation_data_base64", Remedy: "decode the API's base64 before the app sets activationData: PassKit encodes the bytes itself"}
	tavMemberName     = sim.Kind{Code: "tav_member_name", Remedy: "call the member tokenizationAuthenticationValue and put it beside cardInfo or fundingAccountInfo"}
	tavEmpty          = sim.Kind{Code: "tav_empty", Remedy: "leave tokenizationAuthenticationValue out, or send a TAV"}
	tavNotString      = sim.Kind{Code: "tav_not_string", Remedy: "send the TAV as a base64 string, not as an object"}
	tavRawJSON        = sim.Kind{Code: "tav_raw_json", Remedy: "base64 the TAV's JSON before putting it into the payload"}
	tavTooLong        = sim.Kind{Code: "tav_too_long", Remedy: "a TAV has at most 2048 characters"}
	tavMemberMissing  = sim.Kind{Code: "tav_member_missing", Remedy: "a TAV v2 has expirationDateIncluded, tokenUniqueReferenceIncluded and signature; v3 and v4 have dataValidUntilTimestamp, includedFieldsInOrder and signature"}
	tavMemberType     = sim.Kind{Code: "tav_member_type", Remedy: "send the members of a TAV as JSON strings"}
	tavVersionNumber  = sim.Kind{Code: "tav_version_number", Remedy: `send version as a JSON string: "3", not 3`}
	tavVersionMissing = sim.Kind{Code: "tav_version_missing", Remedy: `send version: "2", "3" or "4"`}
	tavVersionUnknown = sim.Kind{Code: "tav_version_unknown", Remedy: `version is "2", "3" or "4"`}
	tavAlgorithm      = sim.Kind{Code: "tav_algorithm", Remedy: "signatureAlgorithm is RSA-SHA256"}
	tavFlagForm       = sim.Kind{Code: "tav_flag_form", Remedy: `the flags of a TAV v2 are "true" or "false"`}
	tavNeedsToken     = sim.Kind{Code: "tav_needs_token", Remedy: "the TAV names a token that is not part of the payload: use it to activate that token, or set tokenUniqueReferenceIncluded to false"}
	tavFieldsForm     = sim.Kind{Code: "tav_fields_form", Remedy: "includedFieldsInOrder is one string of field names joined with |"}
	tavFieldUnknown   = sim.Kind{Code: "tav_field_unknown", Remedy: "name only accountNumber, accountExpiry, dataValidUntilTimestamp and tokenUniqueReference in includedFieldsInOrder"}
	tavFieldRepeated  = sim.Kind{Code: "tav_field_repeated", Remedy: "name every field of includedFieldsInOrder once"}
	tavFieldsNoPAN    = sim.Kind{Code: "tav_fields_without_pan", Remedy: "include accountNumber in includedFieldsInOrder and in the signature"}
	tavFieldsNoTime   = sim.Kind{Code: "tav_fields_without_timestamp", Remedy: "include dataValidUntilTimestamp in includedFieldsInOrder and in the signature"}
	tavTimestampForm  = sim.Kind{Code: "tav_timestamp_malformed", Remedy: "write dataValidUntilTimestamp as ISO 8601 with zone, 2030-01-31T12:00:00Z"}
	tavExpired        = sim.Kind{Code: "tav_expired", Remedy: "make a TAV per request, valid for 30 minutes, and never keep one; check the clock"}
	tavTooFarAhead    = sim.Kind{Code: "tav_too_far_ahead", Remedy: "a TAV is valid for at most 30 days; use 30 minutes"}
	tavAliasLength    = sim.Kind{Code: "tav_alias_length", Remedy: "keyAlias has at most 10 characters"}
	tavAliasUnknown   = sim.Kind{Code: "tav_alias_unknown", Remedy: "keyAlias is the Key Unique Reference that MDES Manager shows for the TAV key"}
)

// The TAV's signature.
var (
	tavSignatureHex    = sim.Kind{Code: "tav_signature_hex", Remedy: "write the signature in base64, not hex"}
	tavSignatureForm   = sim.Kind{Code: "tav_signature_form", Remedy: "write the signature in standard base64, padded, in one line"}
	tavSignatureLength = sim.Kind{Code: "tav_signature_length", Remedy: "the signature is as long as the RSA key: 256 bytes for RSA-2048"}
	tavSignaturePSS    = sim.Kind{Code: "tav_signature_pss", Remedy: "sign with RSASSA-PKCS1-v1_5, not PSS"}
	tavSignatureSHA1   = sim.Kind{Code: "tav_signature_sha1", Remedy: "sign with SHA-256, not SHA-1"}
	tavSignatureHash   = sim.Kind{Code: "tav_signature_other_hash", Remedy: "sign with SHA-256"}
	tavSignatureNoHash = sim.Kind{Code: "tav_signature_without_digest_info", Remedy: "let the signer hash and add the DigestInfo of RFC 8017 section 9.2: a raw RSA operation over the digest is not enough"}
	tavUnknownKey      = sim.Kind{Code: "tav_unknown_key", Remedy: "sign with the private half of the TAV key that was given to MDES"}
	tavExpiryYYMM      = sim.Kind{Code: "tav_expiry_yymm", Remedy: "sign the expiry as MMYY, not YYMM"}
	tavExpirySlash     = sim.Kind{Code: "tav_expiry_slash", Remedy: "sign the expiry as MMYY, without a slash"}
	tavExpiryForm      = sim.Kind{Code: "tav_expiry_form", Remedy: "sign the expiry as MMYY, four digits"}
	tavPANSpaced       = sim.Kind{Code: "tav_pan_spaced", Remedy: "sign the digits of the PAN only, without spaces or hyphens"}
	tavSeparator       = sim.Kind{Code: "tav_separator", Remedy: "join the signed values with | and nothing else (v3, v4), or with nothing (v2)"}
	tavFieldOrder      = sim.Kind{Code: "tav_field_order", Remedy: "sign the values in the order that includedFieldsInOrder names"}
	tavTimestampOther  = sim.Kind{Code: "tav_timestamp_reformatted", Remedy: "sign the timestamp byte for byte as it stands in the JSON"}
	tavLineBreak       = sim.Kind{Code: "tav_line_break", Remedy: "sign without a line break at the end (echo -n, printf)"}
	tavUTF16           = sim.Kind{Code: "tav_signed_utf16", Remedy: "sign the UTF-8 bytes of the text: in .NET Encoding.UTF8, not Encoding.Unicode"}
	tavHashedTwice     = sim.Kind{Code: "tav_hashed_twice", Remedy: "hand the text to the signer, not its hash: the signer hashes"}
	tavFlagsUnsigned   = sim.Kind{Code: "tav_flags_not_signed", Remedy: "the signed text of a TAV v2 is PAN, Y, MMYY, N: the flags are letters in it"}
	tavOtherExpiry     = sim.Kind{Code: "tav_other_expiry", Remedy: "make card data and TAV from the same card record: the expiry dates differ"}
	tavOtherCard       = sim.Kind{Code: "tav_other_card", Remedy: "make card data and TAV from the same card in one request; do not change the timestamp after signing"}
)
