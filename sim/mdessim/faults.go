package mdessim

import "github.com/walletport/walletport/sim"

// The text as a whole.
var (
	inputEmpty    = sim.Kind{Code: "input_empty", Remedy: "hand over the digitizationData string of the answer, or a TAV"}
	inputTooLarge = sim.Kind{Code: "input_too_large", Remedy: "hand over one payload: the digitizationData of a card has about 2,500 characters"}
)

// The shape and the members of the encrypted payload.
var (
	shapeBoth            = sim.Kind{Code: "shape_both", Remedy: "send either cardInfo or fundingAccountInfo, not both"}
	shapeNone            = sim.Kind{Code: "shape_none", Remedy: "send exactly one of cardInfo and fundingAccountInfo, with a value"}
	shapeMemberCase      = sim.Kind{Code: "shape_member_case", Remedy: "spell the member cardInfo or fundingAccountInfo, in camelCase"}
	shapeNotObject       = sim.Kind{Code: "shape_not_object", Remedy: "cardInfo, fundingAccountInfo and encryptedPayload are JSON objects, not strings"}
	fundingChoice        = sim.Kind{Code: "funding_account_choice", Remedy: "fundingAccountInfo holds exactly one of encryptedPayload, pushAccountReceipt, panUniqueReference, tokenUniqueReference"}
	fundingFlat          = sim.Kind{Code: "funding_account_flat", Remedy: "put the encrypted members into fundingAccountInfo.encryptedPayload"}
	cardInfoNested       = sim.Kind{Code: "card_info_nested", Remedy: "cardInfo holds the encrypted members directly, without encryptedPayload"}
	referenceUnknown     = sim.Kind{Code: "reference_unknown", Remedy: "this simulator issued no such receipt or reference: send the encrypted card"}
	memberMissing        = sim.Kind{Code: "member_missing", Remedy: "send encryptedData, encryptedKey and publicKeyFingerprint"}
	memberCase           = sim.Kind{Code: "member_case", Remedy: "spell the members in camelCase: encryptedData, encryptedKey, publicKeyFingerprint"}
	memberNull           = sim.Kind{Code: "member_null", Remedy: "leave a member out instead of sending null"}
	memberEmpty          = sim.Kind{Code: "member_empty", Remedy: "leave a member out instead of sending an empty string"}
	memberNotString      = sim.Kind{Code: "member_not_string", Remedy: "every member of the encrypted payload is a JSON string"}
	fingerprintNotHex    = sim.Kind{Code: "fingerprint_not_hex", Remedy: "write the fingerprint in hex without colons: 40 characters for SHA-1"}
	fingerprintLength    = sim.Kind{Code: "fingerprint_length", Remedy: "a fingerprint has 32 to 64 hex characters, 40 for SHA-1"}
	encryptedKeyBase64   = sim.Kind{Code: "encrypted_key_base64", Remedy: "write encryptedKey in hex, not base64"}
	encryptedKeyNotHex   = sim.Kind{Code: "encrypted_key_not_hex", Remedy: "write encryptedKey in hex"}
	encryptedKeyLength   = sim.Kind{Code: "encrypted_key_length", Remedy: "encryptedKey is the RSA output whole: 512 hex characters for RSA-2048"}
	encryptedKeyUnpadded = sim.Kind{Code: "encrypted_key_unpadded", Remedy: "send the RSA output as long as the modulus, 256 bytes for RSA-2048: a big integer loses its leading zeros, once in about 256 requests"}
	encryptedKeySign     = sim.Kind{Code: "encrypted_key_sign_byte", Remedy: "send the RSA output as long as the modulus, without the sign byte of a Java BigInteger"}
	encryptedKeyModulus  = sim.Kind{Code: "encrypted_key_modulus", Remedy: "send the RSA output as long as the modulus of the key that the fingerprint names"}
	dataDoubled          = sim.Kind{Code: "encrypted_data_doubled", Remedy: "send the ciphertext once: it stands there twice in a row"}
	dataJWE              = sim.Kind{Code: "encrypted_data_jwe", Remedy: "make encryptedKey, iv and encryptedData in hex: of Mastercard's libraries use the field-level encryption, not the JWE one"}
	dataBase64           = sim.Kind{Code: "encrypted_data_base64", Remedy: "write encryptedData in hex, not base64"}
	dataNotHex           = sim.Kind{Code: "encrypted_data_not_hex", Remedy: "write encryptedData in hex"}
	dataLength           = sim.Kind{Code: "encrypted_data_length", Remedy: "encryptedData has at most 256,000 hex characters"}
	ivBase64             = sim.Kind{Code: "iv_base64", Remedy: "write iv in hex, not base64"}
	ivNotHex             = sim.Kind{Code: "iv_not_hex", Remedy: "write iv in hex"}
	ivLength             = sim.Kind{Code: "iv_length", Remedy: "the iv has 16 bytes (32 hex characters) for CBC and 12 bytes (24) for GCM"}
	oaepHashHyphen       = sim.Kind{Code: "oaep_hash_hyphen", Remedy: "write SHA256 or SHA512, without a hyphen"}
	oaepHashUnknown      = sim.Kind{Code: "oaep_hash_unknown", Remedy: "oaepHashingAlgorithm is exactly SHA256 or SHA512; leave it out for PKCS#1 v1.5"}
	cipherModeUnknown    = sim.Kind{Code: "cipher_mode_unknown", Remedy: "algorithmCipherMode is CBC or GCM; leave it out for CBC"}
	gcmTagMissing        = sim.Kind{Code: "gcm_tag_missing", Remedy: "with GCM send the 16-byte tag in hex as the member tag; encryptedData is the ciphertext without it"}
	gcmTagForm           = sim.Kind{Code: "gcm_tag_form", Remedy: "tag is the 16-byte GCM tag in hex, 32 characters"}
	gcmAADMissing        = sim.Kind{Code: "gcm_aad_missing", Remedy: "with GCM send the additional authenticated data in hex as the member aad"}
	gcmAADForm           = sim.Kind{Code: "gcm_aad_form", Remedy: "aad is hex, at most 36 characters"}
)

// The RSA key: which one, and how it was used.
var (
	fingerprintSHA1Certificate   = sim.Kind{Code: "fingerprint_sha1_certificate", Remedy: "this MDES knows the key by another name: use the fingerprint that it gave with the key"}
	fingerprintSHA256Certificate = sim.Kind{Code: "fingerprint_sha256_certificate", Remedy: "use SHA-1 over the DER certificate, not SHA-256"}
	fingerprintSHA1SPKI          = sim.Kind{Code: "fingerprint_sha1_spki", Remedy: "hash the whole DER certificate with SHA-1, not the public key in it"}
	fingerprintSHA256SPKI        = sim.Kind{Code: "fingerprint_sha256_spki", Remedy: "hash the whole DER certificate with SHA-1, not the public key with SHA-256"}
	fingerprintPKCS1             = sim.Kind{Code: "fingerprint_pkcs1_key", Remedy: "hash the whole DER certificate with SHA-1, not the PKCS#1 public key"}
	fingerprintOfPEM             = sim.Kind{Code: "fingerprint_of_pem", Remedy: "hash the DER bytes of the certificate, not its PEM text"}
	fingerprintUnknown           = sim.Kind{Code: "fingerprint_unknown", Remedy: "use SHA-1 over the DER certificate of the current payload encryption key; the key may have been replaced"}

	wrapPKCS1     = sim.Kind{Code: "key_wrapped_pkcs1v15", Remedy: "wrap the AES key with RSA-OAEP and the labelled hash, or leave oaepHashingAlgorithm out"}
	wrapMGF1SHA1  = sim.Kind{Code: "key_wrapped_mgf1_sha1", Remedy: "use the same hash for MGF1 as for OAEP; in Java pass an OAEPParameterSpec, the bare transformation uses MGF1 with SHA-1"}
	wrapSHA1      = sim.Kind{Code: "key_wrapped_sha1", Remedy: "use OAEP with SHA-256 or SHA-512, not the SHA-1 default"}
	wrapOtherHash = sim.Kind{Code: "key_wrapped_other_hash", Remedy: "name the hash in oaepHashingAlgorithm that the AES key was wrapped with"}
	wrapUnnamed   = sim.Kind{Code: "key_wrapped_oaep_unlabelled", Remedy: "add oaepHashingAlgorithm: without it the key is read as PKCS#1 v1.5"}
	wrapOtherKey  = sim.Kind{Code: "key_wrapped_for_other_key", Remedy: "the AES key was wrapped with another certificate than the fingerprint names: take both from one file"}
	wrapFailed    = sim.Kind{Code: "key_unwrap_failed", Remedy: "wrap the raw AES key with the public key that the fingerprint names, RSA-OAEP, MGF1 with the same hash, empty label"}
	aesKeyLength  = sim.Kind{Code: "aes_key_length", Remedy: "the AES key has 16 bytes (required) or 32 bytes (optional)"}
	aesKeyText    = sim.Kind{Code: "aes_key_text", Remedy: "wrap the raw bytes of the AES key, not its hex or base64 text"}
)

// The AES layer and what was found inside.
var (
	dataTruncated   = sim.Kind{Code: "ciphertext_truncated", Remedy: "send the whole ciphertext: a multiple of 16 bytes, padding block included"}
	dataPadding     = sim.Kind{Code: "ciphertext_padding", Remedy: "pad with PKCS#7, also when the plaintext fills its last block"}
	dataCorrupt     = sim.Kind{Code: "ciphertext_corrupt", Remedy: "encrypt with the key that encryptedKey wraps, AES-CBC, and send the bytes unchanged"}
	dataECB         = sim.Kind{Code: "cipher_ecb", Remedy: "use CBC with the iv that is sent, not ECB"}
	ivPrefixed      = sim.Kind{Code: "iv_prefixed", Remedy: "send the iv in its own member only, not in front of encryptedData"}
	ivMismatch      = sim.Kind{Code: "iv_mismatch", Remedy: "send the iv that was used; without the member the iv is 16 zero bytes"}
	gcmTagWrong     = sim.Kind{Code: "gcm_tag_mismatch", Remedy: "ciphertext, iv, aad and tag must be those of one encryption"}
	plaintextNested = sim.Kind{Code: "plaintext_wrapped", Remedy: "encrypt the object itself, without a member around it"}
	plaintextShape  = sim.Kind{Code: "plaintext_other_shape", Remedy: "cardInfo holds accountNumber at the top; fundingAccountInfo holds it in cardAccountData"}

	panEncrypted      = sim.Kind{Code: "pan_encrypted", Remedy: "for Mastercard put primaryAccountNumber into the pass data in clear; only Visa opens an encrypted one"}
	panMemberName     = sim.Kind{Code: "pan_member_name", Remedy: "the member is called accountNumber"}
	panMissing        = sim.Kind{Code: "pan_missing", Remedy: "send accountNumber"}
	panNotString      = sim.Kind{Code: "pan_not_string", Remedy: "send accountNumber as a JSON string"}
	panSpaces         = sim.Kind{Code: "pan_spaces", Remedy: "send the digits of the PAN only, without spaces or hyphens"}
	panNotDigits      = sim.Kind{Code: "pan_not_digits", Remedy: "send the digits of the PAN only"}
	panLength         = sim.Kind{Code: "pan_length", Remedy: "accountNumber has 9 to 19 digits"}
	panLuhn           = sim.Kind{Code: "pan_luhn", Remedy: "check the PAN: its check digit is wrong"}
	expiryMissing     = sim.Kind{Code: "expiry_missing", Remedy: "send expiryMonth as MM and expiryYear as YY"}
	expiryCombined    = sim.Kind{Code: "expiry_combined", Remedy: "send two members: expiryMonth as MM and expiryYear as YY"}
	expirySwapped     = sim.Kind{Code: "expiry_yymm", Remedy: "month and year are swapped: expiryMonth is MM, expiryYear is YY"}
	expiryLongYear    = sim.Kind{Code: "expiry_year_four_digits", Remedy: "send expiryYear with two digits"}
	expiryForm        = sim.Kind{Code: "expiry_form", Remedy: "expiryMonth is 01 to 12 and expiryYear two digits, both JSON strings"}
	cardExpired       = sim.Kind{Code: "card_expired", Remedy: "the card is past its month of expiry: send a valid card"}
	sourceMissing     = sim.Kind{Code: "source_missing", Remedy: "send source; CARD_ADDED_VIA_APPLICATION or ACCOUNT_ADDED_VIA_APPLICATION for push provisioning"}
	sourceWrongShape  = sim.Kind{Code: "source_wrong_shape", Remedy: "cardInfo takes CARD_… values, fundingAccountInfo takes ACCOUNT_… values"}
	sourceUnknown     = sim.Kind{Code: "source_unknown", Remedy: "send CARD_ADDED_VIA_APPLICATION (cardInfo) or ACCOUNT_ADDED_VIA_APPLICATION (fundingAccountInfo)"}
	validUntilForm    = sim.Kind{Code: "data_valid_until_malformed", Remedy: "write dataValidUntilTimestamp as ISO 8601 with zone, 2030-01-31T12:00:00Z"}
	validUntilPast    = sim.Kind{Code: "data_valid_until_past", Remedy: "make the payload when the cardholder asks for it, valid for 30 minutes; check the clock"}
	fieldNull         = sim.Kind{Code: "field_null", Remedy: "leave an optional member out instead of sending null"}
	fieldEmpty        = sim.Kind{Code: "field_empty", Remedy: "leave an optional member out instead of sending an empty string"}
	fieldTooLong      = sim.Kind{Code: "field_too_long", Remedy: "shorten the value; a cardholder name has at most 27 characters"}
	securityCodeForm  = sim.Kind{Code: "security_code_form", Remedy: "securityCode has three digits; on push leave it out, the TAV replaces it"}
	fieldWrongType    = sim.Kind{Code: "field_wrong_type", Remedy: "card data members are JSON strings"}
	fieldObjectNeeded = sim.Kind{Code: "field_not_object", Remedy: "cardAccountData is a JSON object"}
)
