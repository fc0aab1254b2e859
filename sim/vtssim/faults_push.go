package vtssim

import "github.com/walletport/walletport/sim"

// The text as a whole.
var (
	inputEmpty      = sim.Kind{Code: "input_empty", Remedy: "hand over the JWE of the answer, or the activation data"}
	inputTooLarge   = sim.Kind{Code: "input_too_large", Remedy: "hand over one payload: a JWE has at most 8162 characters"}
	outerBase64     = sim.Kind{Code: "outer_base64", Remedy: "hand over the compact JWE itself, eyJ….….….….…, without base64 around it"}
	outerTwice      = sim.Kind{Code: "outer_base64_twice", Remedy: "hand over the compact JWE itself: it stands in base64 of base64"}
	outerSpaces     = sim.Kind{Code: "outer_line_breaks", Remedy: "hand over the JWE in one line, without white space"}
	outerMark       = sim.Kind{Code: "outer_byte_order_mark", Remedy: "hand over the JWE without a byte order mark before it"}
	outerQuotes     = sim.Kind{Code: "outer_quotes", Remedy: "hand over the JWE without quotes: they belong to the JSON around it"}
	outerJSON       = sim.Kind{Code: "outer_json_serialization", Remedy: "use the compact serialization (five segments joined by dots), not the JSON one"}
	outerMDES       = sim.Kind{Code: "outer_other_scheme", Remedy: "this is Mastercard's digitizationData: hand it to the Mastercard side, or check which card was asked for"}
	outerWSD        = sim.Kind{Code: "outer_activation_data", Remedy: "this is Visa's activation data for Apple Pay; Google Pay and Samsung Pay take the JWE"}
	tooLong         = sim.Kind{Code: "jwe_too_long", Remedy: "the JWE has at most 8162 characters: leave optional members out"}
	segmentsJWS     = sim.Kind{Code: "segments_jws", Remedy: "this is a signed token (JWS); encrypt the card as JWE"}
	segmentsCount   = sim.Kind{Code: "segments_count", Remedy: "a compact JWE has five segments: header, encrypted key, IV, ciphertext, tag"}
	segmentsDoubled = sim.Kind{Code: "segments_doubled", Remedy: "hand over the JWE once: it stands there twice in a row"}
	segmentPadded   = sim.Kind{Code: "segment_padded", Remedy: "leave the = at the end of base64url out (RFC 7515 section 2)"}
	segmentStd      = sim.Kind{Code: "segment_standard_base64", Remedy: "use the URL-safe alphabet with - and _, not + and /"}
	segmentInvalid  = sim.Kind{Code: "segment_not_base64url", Remedy: "encode every segment with base64url, unpadded (RFC 4648 section 5)"}
	segmentHex      = sim.Kind{Code: "segment_hex", Remedy: "encode the bytes as base64url, not as hex"}
)

// The protected header. Its JSON faults are those of sim with the prefix "header_".
var (
	algMissing     = sim.Kind{Code: "alg_missing", Remedy: "add alg: A256GCMKW"}
	algRSA         = sim.Kind{Code: "alg_rsa", Remedy: "the push payload takes A256GCMKW under the shared secret; RSA is for other calls of Visa"}
	algOther       = sim.Kind{Code: "alg_wrong", Remedy: "alg is exactly A256GCMKW"}
	encMissing     = sim.Kind{Code: "enc_missing", Remedy: "add enc: A256GCM"}
	encShort       = sim.Kind{Code: "enc_a128gcm", Remedy: "enc is A256GCM, with a content key of 32 bytes"}
	encOther       = sim.Kind{Code: "enc_wrong", Remedy: "enc is exactly A256GCM"}
	zipPresent     = sim.Kind{Code: "zip_present", Remedy: "do not compress the plaintext; leave zip out"}
	typWrong       = sim.Kind{Code: "typ_wrong", Remedy: "write typ JOSE, or leave it out", Tolerated: true}
	kidMissing     = sim.Kind{Code: "kid_missing", Remedy: "add kid: the id of the encryption API key"}
	kidNotString   = sim.Kind{Code: "kid_not_string", Remedy: "kid is a JSON string"}
	kidUnknown     = sim.Kind{Code: "kid_unknown", Remedy: "use the id of the encryption API key of this environment, sandbox or production"}
	kidRequest     = sim.Kind{Code: "kid_of_request_signing", Remedy: "this API key signs requests (x-pay-token): encrypt with the pair issued for encryption"}
	channelRSA     = sim.Kind{Code: "channel_rsa_pki", Remedy: "write channelSecurityContext SHARED_SECRET: RSA_PKI goes with RSA"}
	channelOther   = sim.Kind{Code: "channel_wrong", Remedy: "channelSecurityContext is exactly SHARED_SECRET"}
	iatMissing     = sim.Kind{Code: "iat_missing", Remedy: "add iat, the Unix time in seconds", Tolerated: true}
	iatMillis      = sim.Kind{Code: "iat_milliseconds", Remedy: "write iat in seconds: divide by 1000"}
	iatForm        = sim.Kind{Code: "iat_malformed", Remedy: "iat is the Unix time in whole seconds, as text or number"}
	iatFuture      = sim.Kind{Code: "iat_future", Remedy: "check the server's clock: the payload is from the future"}
	iatStale       = sim.Kind{Code: "iat_stale", Remedy: "make the payload when the cardholder asks for it, and check the server's clock"}
	ivMissing      = sim.Kind{Code: "iv_missing", Remedy: "write the IV: 12 random bytes in base64url"}
	ivSixteen      = sim.Kind{Code: "iv_16_bytes", Remedy: "GCM takes an IV of 12 bytes here (RFC 7518): 16 is for CBC"}
	ivLength       = sim.Kind{Code: "iv_length", Remedy: "the IV has 12 bytes, 16 base64url characters"}
	ivJava         = sim.Kind{Code: "iv_java_object", Remedy: "write the bytes of the IV: this is the text of a Java object, IvParameterSpec.toString()"}
	tagMissing     = sim.Kind{Code: "tag_missing", Remedy: "write the tag: 16 bytes in base64url; Java's doFinal returns it behind the ciphertext"}
	tagLength      = sim.Kind{Code: "tag_length", Remedy: "the tag has 16 bytes (128 bits)"}
	tagAppended    = sim.Kind{Code: "tag_appended", Remedy: "split the output of GCM: the last 16 bytes are the tag and have a place of their own; Java's doFinal returns both"}
	keyEmpty       = sim.Kind{Code: "encrypted_key_empty", Remedy: "draw a content key of 32 bytes, wrap it with A256GCMKW and put it into the second segment"}
	keyLength      = sim.Kind{Code: "encrypted_key_length", Remedy: "the wrapped content key has 32 bytes"}
	contentMissing = sim.Kind{Code: "ciphertext_empty", Remedy: "the fourth segment holds the ciphertext of the card"}
)

// The two keys.
var (
	kekBase64    = sim.Kind{Code: "kek_from_base64_secret", Remedy: "hash the text of the shared secret as issued; do not decode it as base64 first"}
	kekHex       = sim.Kind{Code: "kek_from_hex_secret", Remedy: "hash the text of the shared secret as issued; do not decode it as hex first"}
	kekUTF16     = sim.Kind{Code: "kek_utf16_secret", Remedy: "hash the UTF-8 bytes of the shared secret: in .NET Encoding.UTF8, not Encoding.Unicode"}
	kekRaw       = sim.Kind{Code: "kek_raw_secret", Remedy: "the key is SHA-256 of the shared secret, not the secret itself"}
	kekLineBreak = sim.Kind{Code: "kek_line_break", Remedy: "trim the shared secret: a line break or blank was hashed with it"}
	kekDigest    = sim.Kind{Code: "kek_digest_text", Remedy: "use the 32 bytes of the SHA-256 digest, not its hex or base64 text"}
	kekOtherHash = sim.Kind{Code: "kek_other_hash", Remedy: "derive the key with SHA-256, once"}
	kidOther     = sim.Kind{Code: "kid_other_secret", Remedy: "the content key was wrapped with the secret of another kid: take both from one pair"}
	ivsSwapped   = sim.Kind{Code: "ivs_swapped", Remedy: "the IV of the key wrap stands in the header, that of the content in the third segment"}
	wrapTag      = sim.Kind{Code: "wrap_tag_wrong", Remedy: "write the tag of the key wrap into the header, unchanged"}
	kekDirect    = sim.Kind{Code: "kek_encrypts_content", Remedy: "encrypt the card with a fresh content key, and only that key with the shared secret's"}
	unwrapFailed = sim.Kind{Code: "key_unwrap_failed", Remedy: "wrap with AES-256-GCM under SHA-256 of the secret that kid names, IV and tag in the header"}
	aadEmpty     = sim.Kind{Code: "aad_missing", Remedy: "the additional data of the content are the ASCII characters of the first segment"}
	aadDecoded   = sim.Kind{Code: "aad_decoded_header", Remedy: "the additional data are the base64url text of the header, not its JSON"}
	aadMismatch  = sim.Kind{Code: "aad_mismatch", Remedy: "do not touch the header or the tag after encryption; the additional data are the first segment as sent"}
	contentWrong = sim.Kind{Code: "ciphertext_corrupt", Remedy: "encrypt with the content key that is wrapped, AES-256-GCM, and send the bytes unchanged"}
)
