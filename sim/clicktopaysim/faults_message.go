package clicktopaysim

import "github.com/walletport/walletport/sim"

// Message level encryption. JSON faults are those of sim with the prefixes body_, header_
// and content_.
var (
	bodyClear      = sim.Kind{Code: "body_not_encrypted", Remedy: `encrypt the request: the body is {"encData": "<compact JWE>"} in every environment`}
	encDataName    = sim.Kind{Code: "enc_data_name", Remedy: "call the member encData: names are case-sensitive"}
	encDataMissing = sim.Kind{Code: "enc_data_missing", Remedy: `send {"encData": "<compact JWE>"}`}
	encDataForm    = sim.Kind{Code: "enc_data_form", Remedy: "use the compact serialization, as a JSON string"}
	segmentsJWS    = sim.Kind{Code: "segments_jws", Remedy: "this is a signed token (JWS); encrypt the request as JWE, without a signature"}
	segmentsCount  = sim.Kind{Code: "segments_count", Remedy: "a compact JWE has five segments: header, encrypted key, IV, ciphertext, tag"}
	segmentInvalid = sim.Kind{Code: "segment_not_base64url", Remedy: "encode every segment with base64url, unpadded (RFC 4648 section 5)"}
	segmentHeader  = sim.Kind{Code: "header_not_base64url", Remedy: "encode the protected header with base64url, unpadded"}
	algSHA1        = sim.Kind{Code: "alg_rsa_oaep", Remedy: "alg is RSA-OAEP-256: RSA-OAEP alone is of SHA-1"}
	algWrong       = sim.Kind{Code: "alg_wrong", Remedy: "alg is exactly RSA-OAEP-256"}
	encWrong       = sim.Kind{Code: "enc_wrong", Remedy: "enc is A128GCM, or A256GCM"}
	zipPresent     = sim.Kind{Code: "zip_present", Remedy: "do not compress the plaintext; leave zip out"}
	critPresent    = sim.Kind{Code: "crit_present", Remedy: "leave crit out"}
	typWrong       = sim.Kind{Code: "typ_wrong", Remedy: "write typ JOSE, or leave it out", Tolerated: true}
	kidMissing     = sim.Kind{Code: "kid_missing", Remedy: "add kid: the key id of the encryption key pair"}
	kidUnknown     = sim.Kind{Code: "kid_unknown", Remedy: "use the key id of this environment's encryption key pair"}
	kidCaller      = sim.Kind{Code: "kid_of_x_pay_token", Remedy: "the API key of x-pay-token is another credential: use the key id of the encryption key pair"}
	keyIDMissing   = sim.Kind{Code: "key_id_missing", Remedy: "send the header keyId: the same as kid"}
	keyIDOther     = sim.Kind{Code: "key_id_other", Remedy: "send one header keyId, the same as kid"}
	iatMissing     = sim.Kind{Code: "iat_missing", Remedy: "add iat, the Unix time in milliseconds", Tolerated: true}
	iatText        = sim.Kind{Code: "iat_text", Remedy: "iat is a number, not text"}
	iatSeconds     = sim.Kind{Code: "iat_seconds", Remedy: "write iat in milliseconds: multiply by 1000"}
	iatForm        = sim.Kind{Code: "iat_malformed", Remedy: "iat is the Unix time in whole milliseconds"}
	keyWrong       = sim.Kind{Code: "key_wrong", Remedy: "encrypt the content key to Visa's encryption certificate, by RSA-OAEP with SHA-256 for hash and mask"}
	keyLength      = sim.Kind{Code: "content_key_length", Remedy: "the content key has 16 bytes for A128GCM, 32 for A256GCM"}
	ivLength       = sim.Kind{Code: "iv_length", Remedy: "the IV has 12 bytes"}
	tagLength      = sim.Kind{Code: "tag_length", Remedy: "the tag has 16 bytes"}
	contentSealed  = sim.Kind{Code: "content_does_not_open", Remedy: "pass the encoded protected header as additional data, exactly as it is sent"}
)
