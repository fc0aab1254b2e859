package applesim

import "github.com/walletport/walletport/sim"

// The text as a whole and the members of an answer.
var (
	inputEmpty    = sim.Kind{Code: "input_empty", Remedy: "hand over the answer of the Apple Pay call, or its request"}
	inputTooLarge = sim.Kind{Code: "input_too_large", Remedy: "hand over one answer: it has about 1,500 characters"}
	inputUnknown  = sim.Kind{Code: "input_unknown", Remedy: "hand over the answer with activationData, encryptedPassData and ephemeralPublicKey, or the request with certificates, nonce and nonceSignature"}

	passDataMissing    = sim.Kind{Code: "encrypted_pass_data_missing", Remedy: "answer encryptedPassData: PassKit refuses a request without it"}
	ephemeralMissing   = sim.Kind{Code: "ephemeral_public_key_missing", Remedy: "answer ephemeralPublicKey: under ECC_V2 PassKit refuses a request without it"}
	activationMissing  = sim.Kind{Code: "activation_data_missing", Remedy: "answer activationData: PassKit refuses a request without it"}
	wrappedKeyGiven    = sim.Kind{Code: "wrapped_key_instead_of_ephemeral", Remedy: "answer ephemeralPublicKey (ECC_V2); wrappedKey belongs to RSA_V2, which the app must not ask for"}
	memberCase         = sim.Kind{Code: "member_case", Remedy: "spell the members activationData, encryptedPassData, ephemeralPublicKey"}
	memberType         = sim.Kind{Code: "member_not_string", Remedy: "send each member of the answer as a JSON string"}
	encodingHex        = sim.Kind{Code: "hex_for_visa", Remedy: "answer encryptedPassData and ephemeralPublicKey of a Visa card in base64: an app that follows the API decodes base64", Tolerated: true}
	encodingBase64     = sim.Kind{Code: "base64_for_mastercard", Remedy: "answer encryptedPassData and ephemeralPublicKey of a Mastercard card in hex: an app that follows the API decodes hex", Tolerated: true}
	encodingOther      = sim.Kind{Code: "encoding_other", Remedy: "answer both members in the one encoding that the API documents for the card's scheme", Tolerated: true}
	encodingMixed      = sim.Kind{Code: "encodings_mixed", Remedy: "answer encryptedPassData and ephemeralPublicKey in the same encoding", Tolerated: true}
	encodedBase64OfHex = sim.Kind{Code: "base64_of_hex", Remedy: "encode the bytes once: the base64 holds hex text"}
	encodedTwice       = sim.Kind{Code: "encoded_twice", Remedy: "encode the bytes once: the decoded text is base64 again"}
	encodedDoubled     = sim.Kind{Code: "doubled", Remedy: "send the value once: it stands there twice in a row"}
	hexOdd             = sim.Kind{Code: "hex_odd_length", Remedy: "write two hex digits for each byte: a leading zero was lost"}
)

// The ephemeral public key.
var (
	ephemeralPEM         = sim.Kind{Code: "ephemeral_key_pem", Remedy: "send the 65 bytes 04, X, Y of the point, not PEM"}
	ephemeralSPKI        = sim.Kind{Code: "ephemeral_key_spki", Remedy: "send the 65 bytes 04, X, Y of the point, not a DER SubjectPublicKeyInfo: they are its last 65 bytes"}
	ephemeralCertificate = sim.Kind{Code: "ephemeral_key_certificate", Remedy: "send the fresh public key, not a certificate"}
	ephemeralPrivate     = sim.Kind{Code: "ephemeral_key_private", Remedy: "send the public half only; the private half must never leave the server"}
	ephemeralCompressed  = sim.Kind{Code: "ephemeral_key_compressed", Remedy: "send the uncompressed point, 65 bytes beginning with 04"}
	ephemeralXOnly       = sim.Kind{Code: "ephemeral_key_x_only", Remedy: "send the uncompressed point, 65 bytes: 04, X and Y"}
	ephemeralNoPrefix    = sim.Kind{Code: "ephemeral_key_without_prefix", Remedy: "put the byte 04 before X and Y"}
	ephemeralUnpadded    = sim.Kind{Code: "ephemeral_key_unpadded", Remedy: "pad X and Y with zeros on the left to 32 bytes each: a big integer loses them, once in about 128 requests"}
	ephemeralSignByte    = sim.Kind{Code: "ephemeral_key_sign_byte", Remedy: "write X and Y as 32 bytes each, without the sign byte of a Java BigInteger"}
	ephemeralLength      = sim.Kind{Code: "ephemeral_key_length", Remedy: "send the uncompressed point of P-256, 65 bytes: 04, X and Y"}
	ephemeralOffCurve    = sim.Kind{Code: "ephemeral_key_off_curve", Remedy: "the point is not on P-256: check the curve, the order of X and Y, and that no byte was changed"}
	ephemeralIsLeaf      = sim.Kind{Code: "ephemeral_key_is_leaf", Remedy: "make a fresh P-256 pair for each request; the leaf's key is the other side's"}
)

// The envelope.
var (
	openIV16         = sim.Kind{Code: "pass_data_iv_16_bytes", Remedy: "use 12 zero bytes as IV; 16 belong to Apple Pay's payment token"}
	openIVPrefixed   = sim.Kind{Code: "pass_data_iv_prefixed", Remedy: "use 12 zero bytes as IV and do not send it: Apple reads ciphertext and tag only"}
	openX963         = sim.Kind{Code: "pass_data_kdf_x963", Remedy: "hash counter, then Z, then OtherInfo (SP 800-56A single-step KDF); ANSI X9.63 puts the counter behind Z"}
	openPartyLeaf    = sim.Kind{Code: "pass_data_party_v_leaf", Remedy: "PartyV is the ephemeral public key, 65 bytes, not the key of Apple's leaf"}
	openPartyNone    = sim.Kind{Code: "pass_data_party_v_missing", Remedy: "end OtherInfo with PartyV: the ephemeral public key, 65 bytes"}
	openPartySPKI    = sim.Kind{Code: "pass_data_party_v_spki", Remedy: "PartyV is the raw point of 65 bytes, not a SubjectPublicKeyInfo"}
	openPartySent    = sim.Kind{Code: "pass_data_party_v_as_sent", Remedy: "PartyV is the uncompressed point of 65 bytes, also if the key was written in another form"}
	openPartyX       = sim.Kind{Code: "pass_data_party_v_without_prefix", Remedy: "PartyV is the whole point of 65 bytes, its 04 included"}
	openPartyHash    = sim.Kind{Code: "pass_data_party_v_hashed", Remedy: "PartyV is the ephemeral public key itself; a hash belongs to Apple Pay's payment token"}
	openPartyUMiss   = sim.Kind{Code: "pass_data_party_u_missing", Remedy: `PartyU is the text "Apple", between the algorithm id and PartyV`}
	openAlgorithmRaw = sim.Kind{Code: "pass_data_algorithm_without_length", Remedy: `put the length byte 0D before "id-aes256-GCM"`}
	openNoCounter    = sim.Kind{Code: "pass_data_kdf_without_counter", Remedy: "begin the hash input with the counter 00000001"}
	openNoKDF        = sim.Kind{Code: "pass_data_without_kdf", Remedy: "derive the key with the single-step KDF; the shared secret is not the key"}
	openHashOnly     = sim.Kind{Code: "pass_data_key_is_hash_of_secret", Remedy: "hash counter, Z and OtherInfo, not the shared secret alone"}
	openHexKDF       = sim.Kind{Code: "pass_data_kdf_over_hex", Remedy: "hash the bytes, not their hex text"}
	openZStripped    = sim.Kind{Code: "pass_data_secret_unpadded", Remedy: "keep the shared secret at 32 bytes: leading zeros were cut off"}
	openAES128       = sim.Kind{Code: "pass_data_aes128", Remedy: "use all 32 bytes of the derived key: AES-256"}
	openTagFirst     = sim.Kind{Code: "pass_data_tag_first", Remedy: "put the 16-byte tag behind the ciphertext"}
	openTagMissing   = sim.Kind{Code: "pass_data_tag_missing", Remedy: "append the 16-byte GCM tag to the ciphertext"}
	openTagShort     = sim.Kind{Code: "pass_data_tag_short", Remedy: "append the whole GCM tag, 16 bytes"}
	openTagWrong     = sim.Kind{Code: "pass_data_tag_mismatch", Remedy: "seal without additional data and send ciphertext and tag of the same encryption, unchanged"}
	openTruncated    = sim.Kind{Code: "pass_data_truncated", Remedy: "send the whole ciphertext with its tag: the end is missing"}
	openCorrupt      = sim.Kind{Code: "pass_data_corrupt", Remedy: "send the ciphertext unchanged: it decrypts in part only"}
	openTooShort     = sim.Kind{Code: "pass_data_too_short", Remedy: "encryptedPassData is the ciphertext of the JSON and a 16-byte tag"}
	openFailed       = sim.Kind{Code: "pass_data_not_for_this_leaf", Remedy: "encrypt to the leaf of this request's certificates, with the ephemeral key that is sent; no known mistake explains it"}
)
