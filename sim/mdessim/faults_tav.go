package mdessim

// The TAV: its layers and members. Its base64 and JSON faults are those of
// faults.go with the prefix "tav_".
var (
	tavMissing        = kind{code: "tav_missing", remedy: "add tokenizationAuthenticationValue; without it the cardholder has to pass a step-up", tolerated: true}
	tavMemberName     = kind{code: "tav_member_name", remedy: "call the member tokenizationAuthenticationValue and put it beside cardInfo or fundingAccountInfo"}
	tavEmpty          = kind{code: "tav_empty", remedy: "leave tokenizationAuthenticationValue out, or send a TAV"}
	tavNotString      = kind{code: "tav_not_string", remedy: "send the TAV as a base64 string, not as an object"}
	tavRawJSON        = kind{code: "tav_raw_json", remedy: "base64 the TAV's JSON before putting it into the payload"}
	tavTooLong        = kind{code: "tav_too_long", remedy: "a TAV has at most 2048 characters"}
	tavMemberMissing  = kind{code: "tav_member_missing", remedy: "a TAV v2 has expirationDateIncluded, tokenUniqueReferenceIncluded and signature; v3 and v4 have dataValidUntilTimestamp, includedFieldsInOrder and signature"}
	tavMemberType     = kind{code: "tav_member_type", remedy: "send the members of a TAV as JSON strings"}
	tavVersionNumber  = kind{code: "tav_version_number", remedy: `send version as a JSON string: "3", not 3`}
	tavVersionMissing = kind{code: "tav_version_missing", remedy: `send version: "2", "3" or "4"`}
	tavVersionUnknown = kind{code: "tav_version_unknown", remedy: `version is "2", "3" or "4"`}
	tavAlgorithm      = kind{code: "tav_algorithm", remedy: "signatureAlgorithm is RSA-SHA256"}
	tavFlagForm       = kind{code: "tav_flag_form", remedy: `the flags of a TAV v2 are "true" or "false"`}
	tavNeedsToken     = kind{code: "tav_needs_token", remedy: "the TAV names a token that is not part of the payload: use it to activate that token, or set tokenUniqueReferenceIncluded to false"}
	tavFieldsForm     = kind{code: "tav_fields_form", remedy: "includedFieldsInOrder is one string of field names joined with |"}
	tavFieldUnknown   = kind{code: "tav_field_unknown", remedy: "name only accountNumber, accountExpiry, dataValidUntilTimestamp and tokenUniqueReference in includedFieldsInOrder"}
	tavFieldRepeated  = kind{code: "tav_field_repeated", remedy: "name every field of includedFieldsInOrder once"}
	tavFieldsNoPAN    = kind{code: "tav_fields_without_pan", remedy: "include accountNumber in includedFieldsInOrder and in the signature"}
	tavFieldsNoTime   = kind{code: "tav_fields_without_timestamp", remedy: "include dataValidUntilTimestamp in includedFieldsInOrder and in the signature"}
	tavTimestampForm  = kind{code: "tav_timestamp_malformed", remedy: "write dataValidUntilTimestamp as ISO 8601 with zone, 2030-01-31T12:00:00Z"}
	tavExpired        = kind{code: "tav_expired", remedy: "make a TAV per request, valid for 30 minutes, and never keep one; check the clock"}
	tavTooFarAhead    = kind{code: "tav_too_far_ahead", remedy: "a TAV is valid for at most 30 days; use 30 minutes"}
	tavAliasLength    = kind{code: "tav_alias_length", remedy: "keyAlias has at most 10 characters"}
	tavAliasUnknown   = kind{code: "tav_alias_unknown", remedy: "keyAlias is the Key Unique Reference that MDES Manager shows for the TAV key"}
)

// The TAV's signature.
var (
	tavSignatureHex    = kind{code: "tav_signature_hex", remedy: "write the signature in base64, not hex"}
	tavSignatureForm   = kind{code: "tav_signature_form", remedy: "write the signature in standard base64, padded, in one line"}
	tavSignatureLength = kind{code: "tav_signature_length", remedy: "the signature is as long as the RSA key: 256 bytes for RSA-2048"}
	tavSignaturePSS    = kind{code: "tav_signature_pss", remedy: "sign with RSASSA-PKCS1-v1_5, not PSS"}
	tavSignatureSHA1   = kind{code: "tav_signature_sha1", remedy: "sign with SHA-256, not SHA-1"}
	tavSignatureHash   = kind{code: "tav_signature_other_hash", remedy: "sign with SHA-256"}
	tavSignatureNoHash = kind{code: "tav_signature_without_digest_info", remedy: "let the signer hash and add the DigestInfo of RFC 8017 section 9.2: a raw RSA operation over the digest is not enough"}
	tavUnknownKey      = kind{code: "tav_unknown_key", remedy: "sign with the private half of the TAV key that was given to MDES"}
	tavExpiryYYMM      = kind{code: "tav_expiry_yymm", remedy: "sign the expiry as MMYY, not YYMM"}
	tavExpirySlash     = kind{code: "tav_expiry_slash", remedy: "sign the expiry as MMYY, without a slash"}
	tavExpiryForm      = kind{code: "tav_expiry_form", remedy: "sign the expiry as MMYY, four digits"}
	tavPANSpaced       = kind{code: "tav_pan_spaced", remedy: "sign the digits of the PAN only, without spaces or hyphens"}
	tavSeparator       = kind{code: "tav_separator", remedy: "join the signed values with | and nothing else (v3, v4), or with nothing (v2)"}
	tavFieldOrder      = kind{code: "tav_field_order", remedy: "sign the values in the order that includedFieldsInOrder names"}
	tavTimestampOther  = kind{code: "tav_timestamp_reformatted", remedy: "sign the timestamp byte for byte as it stands in the JSON"}
	tavLineBreak       = kind{code: "tav_line_break", remedy: "sign without a line break at the end (echo -n, printf)"}
	tavHashedTwice     = kind{code: "tav_hashed_twice", remedy: "hand the text to the signer, not its hash: the signer hashes"}
	tavFlagsUnsigned   = kind{code: "tav_flags_not_signed", remedy: "the signed text of a TAV v2 is PAN, Y, MMYY, N: the flags are letters in it"}
	tavOtherExpiry     = kind{code: "tav_other_expiry", remedy: "make card data and TAV from the same card record: the expiry dates differ"}
	tavOtherCard       = kind{code: "tav_other_card", remedy: "make card data and TAV from the same card in one request; do not change the timestamp after signing"}
)
