package mdessim

// kind is a fault that the simulator can name: a stable code and what to do.
type kind struct {
	code   string
	remedy string
	// tolerated faults do not refuse the card.
	tolerated bool
}

// of returns the same fault of another layer: "base64_twice" of "tav_" is
// "tav_base64_twice".
func (k kind) of(layer string) kind {
	k.code = layer + k.code
	return k
}

// The text as a whole, and any base64 or JSON layer.
var (
	inputEmpty    = kind{code: "input_empty", remedy: "hand over the digitizationData string of the answer, or a TAV"}
	inputTooLarge = kind{code: "input_too_large", remedy: "hand over one payload: the digitizationData of a card has about 2,500 characters"}

	base64Invalid    = kind{code: "base64_invalid", remedy: "encode with standard base64 (RFC 4648 section 4), padded, in one line"}
	base64LineBreaks = kind{code: "base64_line_breaks", remedy: "encode base64 in one line; on Android use Base64.NO_WRAP, with openssl use -A"}
	base64URLSafe    = kind{code: "base64_url_safe", remedy: "use the standard alphabet with + and /, not the URL-safe one with - and _"}
	base64Unpadded   = kind{code: "base64_unpadded", remedy: "keep the = padding at the end"}
	base64Spaces     = kind{code: "base64_spaces", remedy: "a form decoder turned + into spaces: percent-encode + as %2B, or send JSON"}
	base64Percent    = kind{code: "base64_percent_encoded", remedy: "remove one percent-encoding: the value is plain base64"}
	base64Twice      = kind{code: "base64_twice", remedy: "apply base64 once: the decoded text is base64 again"}
	base64Hex        = kind{code: "hex_instead_of_base64", remedy: "encode the JSON text as base64, not as hex"}

	jsonInvalid   = kind{code: "json_invalid", remedy: "encode one JSON object (RFC 8259), without byte order mark or trailing text"}
	jsonTruncated = kind{code: "json_truncated", remedy: "the JSON stops in the middle: look for a length limit between encoder and wallet"}
	jsonNotUTF8   = kind{code: "json_not_utf8", remedy: "encode the JSON text as UTF-8"}
	jsonNotObject = kind{code: "json_not_object", remedy: "the value must be one JSON object, not an array, string, number or null"}
	jsonDuplicate = kind{code: "json_duplicate_member", remedy: "give every member once"}
)

// The shape and the members of the encrypted payload.
var (
	shapeBoth          = kind{code: "shape_both", remedy: "send either cardInfo or fundingAccountInfo, not both"}
	shapeNone          = kind{code: "shape_none", remedy: "send exactly one of cardInfo and fundingAccountInfo, with a value"}
	shapeMemberCase    = kind{code: "shape_member_case", remedy: "spell the member cardInfo or fundingAccountInfo, in camelCase"}
	shapeNotObject     = kind{code: "shape_not_object", remedy: "cardInfo, fundingAccountInfo and encryptedPayload are JSON objects, not strings"}
	fundingChoice      = kind{code: "funding_account_choice", remedy: "fundingAccountInfo holds exactly one of encryptedPayload, pushAccountReceipt, panUniqueReference, tokenUniqueReference"}
	fundingFlat        = kind{code: "funding_account_flat", remedy: "put the encrypted members into fundingAccountInfo.encryptedPayload"}
	cardInfoNested     = kind{code: "card_info_nested", remedy: "cardInfo holds the encrypted members directly, without encryptedPayload"}
	referenceUnknown   = kind{code: "reference_unknown", remedy: "this simulator issued no such receipt or reference: send the encrypted card"}
	memberMissing      = kind{code: "member_missing", remedy: "send encryptedData, encryptedKey and publicKeyFingerprint"}
	memberCase         = kind{code: "member_case", remedy: "spell the members in camelCase: encryptedData, encryptedKey, publicKeyFingerprint"}
	memberNull         = kind{code: "member_null", remedy: "leave a member out instead of sending null"}
	memberEmpty        = kind{code: "member_empty", remedy: "leave a member out instead of sending an empty string"}
	memberNotString    = kind{code: "member_not_string", remedy: "every member of the encrypted payload is a JSON string"}
	fingerprintNotHex  = kind{code: "fingerprint_not_hex", remedy: "write the fingerprint in hex without colons: 40 characters for SHA-1"}
	fingerprintLength  = kind{code: "fingerprint_length", remedy: "a fingerprint has 32 to 64 hex characters, 40 for SHA-1"}
	encryptedKeyBase64 = kind{code: "encrypted_key_base64", remedy: "write encryptedKey in hex, not base64"}
	encryptedKeyNotHex = kind{code: "encrypted_key_not_hex", remedy: "write encryptedKey in hex"}
	encryptedKeyLength = kind{code: "encrypted_key_length", remedy: "encryptedKey is the RSA output whole: 512 hex characters for RSA-2048"}
	dataBase64         = kind{code: "encrypted_data_base64", remedy: "write encryptedData in hex, not base64"}
	dataNotHex         = kind{code: "encrypted_data_not_hex", remedy: "write encryptedData in hex"}
	dataLength         = kind{code: "encrypted_data_length", remedy: "encryptedData has at most 256,000 hex characters"}
	ivBase64           = kind{code: "iv_base64", remedy: "write iv in hex, not base64"}
	ivNotHex           = kind{code: "iv_not_hex", remedy: "write iv in hex"}
	ivLength           = kind{code: "iv_length", remedy: "the iv has 16 bytes (32 hex characters) for CBC and 12 bytes (24) for GCM"}
	oaepHashHyphen     = kind{code: "oaep_hash_hyphen", remedy: "write SHA256 or SHA512, without a hyphen"}
	oaepHashUnknown    = kind{code: "oaep_hash_unknown", remedy: "oaepHashingAlgorithm is exactly SHA256 or SHA512; leave it out for PKCS#1 v1.5"}
	cipherModeUnknown  = kind{code: "cipher_mode_unknown", remedy: "algorithmCipherMode is CBC or GCM; leave it out for CBC"}
	gcmTagMissing      = kind{code: "gcm_tag_missing", remedy: "with GCM send the 16-byte tag in hex as the member tag; encryptedData is the ciphertext without it"}
	gcmTagForm         = kind{code: "gcm_tag_form", remedy: "tag is the 16-byte GCM tag in hex, 32 characters"}
	gcmAADMissing      = kind{code: "gcm_aad_missing", remedy: "with GCM send the additional authenticated data in hex as the member aad"}
	gcmAADForm         = kind{code: "gcm_aad_form", remedy: "aad is hex, at most 36 characters"}
)

// The RSA key: which one, and how it was used.
var (
	fingerprintSHA1Certificate   = kind{code: "fingerprint_sha1_certificate", remedy: "this MDES knows the key by another name: use the fingerprint that it gave with the key"}
	fingerprintSHA256Certificate = kind{code: "fingerprint_sha256_certificate", remedy: "use SHA-1 over the DER certificate, not SHA-256"}
	fingerprintSHA1SPKI          = kind{code: "fingerprint_sha1_spki", remedy: "hash the whole DER certificate with SHA-1, not the public key in it"}
	fingerprintSHA256SPKI        = kind{code: "fingerprint_sha256_spki", remedy: "hash the whole DER certificate with SHA-1, not the public key with SHA-256"}
	fingerprintPKCS1             = kind{code: "fingerprint_pkcs1_key", remedy: "hash the whole DER certificate with SHA-1, not the PKCS#1 public key"}
	fingerprintOfPEM             = kind{code: "fingerprint_of_pem", remedy: "hash the DER bytes of the certificate, not its PEM text"}
	fingerprintUnknown           = kind{code: "fingerprint_unknown", remedy: "use SHA-1 over the DER certificate of the current payload encryption key; the key may have been replaced"}

	wrapPKCS1     = kind{code: "key_wrapped_pkcs1v15", remedy: "wrap the AES key with RSA-OAEP and the labelled hash, or leave oaepHashingAlgorithm out"}
	wrapMGF1SHA1  = kind{code: "key_wrapped_mgf1_sha1", remedy: "use the same hash for MGF1 as for OAEP; in Java pass an OAEPParameterSpec, the bare transformation uses MGF1 with SHA-1"}
	wrapSHA1      = kind{code: "key_wrapped_sha1", remedy: "use OAEP with SHA-256 or SHA-512, not the SHA-1 default"}
	wrapOtherHash = kind{code: "key_wrapped_other_hash", remedy: "name the hash in oaepHashingAlgorithm that the AES key was wrapped with"}
	wrapUnnamed   = kind{code: "key_wrapped_oaep_unlabelled", remedy: "add oaepHashingAlgorithm: without it the key is read as PKCS#1 v1.5"}
	wrapOtherKey  = kind{code: "key_wrapped_for_other_key", remedy: "the AES key was wrapped with another certificate than the fingerprint names: take both from one file"}
	wrapFailed    = kind{code: "key_unwrap_failed", remedy: "wrap the raw AES key with the public key that the fingerprint names, RSA-OAEP, MGF1 with the same hash, empty label"}
	aesKeyLength  = kind{code: "aes_key_length", remedy: "the AES key has 16 bytes (required) or 32 bytes (optional)"}
	aesKeyText    = kind{code: "aes_key_text", remedy: "wrap the raw bytes of the AES key, not its hex or base64 text"}
)

// The AES layer and what was found inside.
var (
	dataTruncated   = kind{code: "ciphertext_truncated", remedy: "send the whole ciphertext: a multiple of 16 bytes, padding block included"}
	dataPadding     = kind{code: "ciphertext_padding", remedy: "pad with PKCS#7, also when the plaintext fills its last block"}
	dataCorrupt     = kind{code: "ciphertext_corrupt", remedy: "encrypt with the key that encryptedKey wraps, AES-CBC, and send the bytes unchanged"}
	dataECB         = kind{code: "cipher_ecb", remedy: "use CBC with the iv that is sent, not ECB"}
	ivPrefixed      = kind{code: "iv_prefixed", remedy: "send the iv in its own member only, not in front of encryptedData"}
	ivMismatch      = kind{code: "iv_mismatch", remedy: "send the iv that was used; without the member the iv is 16 zero bytes"}
	gcmTagWrong     = kind{code: "gcm_tag_mismatch", remedy: "ciphertext, iv, aad and tag must be those of one encryption"}
	plaintextTwice  = kind{code: "plaintext_base64", remedy: "encrypt the JSON text itself, not its base64"}
	plaintextNested = kind{code: "plaintext_wrapped", remedy: "encrypt the object itself, without a member around it"}
	plaintextShape  = kind{code: "plaintext_other_shape", remedy: "cardInfo holds accountNumber at the top; fundingAccountInfo holds it in cardAccountData"}

	panMemberName     = kind{code: "pan_member_name", remedy: "the member is called accountNumber"}
	panMissing        = kind{code: "pan_missing", remedy: "send accountNumber"}
	panNotString      = kind{code: "pan_not_string", remedy: "send accountNumber as a JSON string"}
	panSpaces         = kind{code: "pan_spaces", remedy: "send the digits of the PAN only, without spaces or hyphens"}
	panNotDigits      = kind{code: "pan_not_digits", remedy: "send the digits of the PAN only"}
	panLength         = kind{code: "pan_length", remedy: "accountNumber has 9 to 19 digits"}
	panLuhn           = kind{code: "pan_luhn", remedy: "check the PAN: its check digit is wrong"}
	expiryMissing     = kind{code: "expiry_missing", remedy: "send expiryMonth as MM and expiryYear as YY"}
	expiryCombined    = kind{code: "expiry_combined", remedy: "send two members: expiryMonth as MM and expiryYear as YY"}
	expirySwapped     = kind{code: "expiry_yymm", remedy: "month and year are swapped: expiryMonth is MM, expiryYear is YY"}
	expiryLongYear    = kind{code: "expiry_year_four_digits", remedy: "send expiryYear with two digits"}
	expiryForm        = kind{code: "expiry_form", remedy: "expiryMonth is 01 to 12 and expiryYear two digits, both JSON strings"}
	cardExpired       = kind{code: "card_expired", remedy: "the card is past its month of expiry: send a valid card"}
	sourceMissing     = kind{code: "source_missing", remedy: "send source; CARD_ADDED_VIA_APPLICATION or ACCOUNT_ADDED_VIA_APPLICATION for push provisioning"}
	sourceWrongShape  = kind{code: "source_wrong_shape", remedy: "cardInfo takes CARD_… values, fundingAccountInfo takes ACCOUNT_… values"}
	sourceUnknown     = kind{code: "source_unknown", remedy: "send CARD_ADDED_VIA_APPLICATION (cardInfo) or ACCOUNT_ADDED_VIA_APPLICATION (fundingAccountInfo)"}
	validUntilForm    = kind{code: "data_valid_until_malformed", remedy: "write dataValidUntilTimestamp as ISO 8601 with zone, 2030-01-31T12:00:00Z"}
	validUntilPast    = kind{code: "data_valid_until_past", remedy: "make the payload when the cardholder asks for it, valid for 30 minutes; check the clock"}
	fieldNull         = kind{code: "field_null", remedy: "leave an optional member out instead of sending null"}
	fieldEmpty        = kind{code: "field_empty", remedy: "leave an optional member out instead of sending an empty string"}
	fieldTooLong      = kind{code: "field_too_long", remedy: "shorten the value; a cardholder name has at most 27 characters"}
	securityCodeForm  = kind{code: "security_code_form", remedy: "securityCode has three digits; on push leave it out, the TAV replaces it"}
	fieldWrongType    = kind{code: "field_wrong_type", remedy: "card data members are JSON strings"}
	fieldObjectNeeded = kind{code: "field_not_object", remedy: "cardAccountData is a JSON object"}
)
