package googlesim

import "github.com/walletport/walletport/sim"

// The text as a whole.
var (
	inputEmpty    = sim.Kind{Code: "input_empty", Remedy: "hand over googleOpaquePaymentCard, or the answer of the Google Pay call"}
	inputTooLarge = sim.Kind{Code: "input_too_large", Remedy: "hand over one opaque payment card: it has about 1,500 characters"}
	inputNoOPC    = sim.Kind{Code: "opc_missing", Remedy: "ask for a Google opaque payment card: googleOpaquePaymentCardRequested with serverSessionId"}
	opcNotString  = sim.Kind{Code: "opc_not_string", Remedy: "send googleOpaquePaymentCard as a JSON string"}
	opcTwice      = sim.Kind{Code: "opc_base64_twice", Remedy: "encode the OpenPGP message as base64 once"}
	opcArmorOnly  = sim.Kind{Code: "opc_armor_without_base64", Remedy: "send base64 of the binary OpenPGP message, in one line, not its armor"}
	opcArmored    = sim.Kind{Code: "opc_armored", Remedy: "encode the binary message, not its armor: without --armor, and then base64", Tolerated: true}
)

// The outer packets: to whom, and how it is encrypted.
var (
	notOpenPGP         = sim.Kind{Code: "not_openpgp", Remedy: "the bytes are no OpenPGP message (RFC 4880), or its end is missing"}
	notEncrypted       = sim.NotEncrypted
	signedOutside      = sim.Kind{Code: "encrypted_then_signed", Remedy: "sign first, then encrypt: the signature stands around the encrypted message"}
	packetV6           = sim.Kind{Code: "packet_v6", Remedy: "write packets of RFC 4880 (version 3 session keys), not of RFC 9580; choose the RFC 4880 profile of the library"}
	packetUnknown      = sim.Kind{Code: "packet_unknown", Remedy: "an opaque payment card is a session key packet and an encrypted packet, nothing else"}
	symmetricOnly      = sim.Kind{Code: "symmetric_only", Remedy: "encrypt to Google's public key, not with a passphrase"}
	symmetricToo       = sim.Kind{Code: "symmetric_too", Remedy: "encrypt to Google's public key only; a passphrase opens this message as well"}
	sessionKeyMissing  = sim.Kind{Code: "session_key_missing", Remedy: "put the session key, encrypted to Google's subkey, before the encrypted data"}
	recipientAlgorithm = sim.Kind{Code: "recipient_algorithm", Remedy: "encrypt to Google's RSA subkey (public-key algorithm 1)"}
	recipientOther     = sim.Kind{Code: "recipient_other", Remedy: "encrypt to the encryption subkey of Google's current key; sandbox and production have different ones"}
	recipientPrimary   = sim.Kind{Code: "recipient_primary_key", Remedy: "encrypt to Google's encryption subkey, not to the primary key, which signs"}
	sessionKeyFailed   = sim.Kind{Code: "session_key_unreadable", Remedy: "encrypt the session key to the key that is named, as RFC 4880 section 5.1 has it"}
	noMDC              = sim.Kind{Code: "no_integrity_protection", Remedy: "encrypt with integrity protection: a SEIPD packet (tag 18), not tag 9"}
	seipdV2            = sim.Kind{Code: "seipd_v2", Remedy: "write SEIPD version 1 (with MDC); version 2 (AEAD) is of RFC 9580"}
	aeadPacket         = sim.Kind{Code: "aead_packet", Remedy: "write SEIPD version 1; the AEAD packet (tag 20) is a draft's. With GnuPG 2.3 or later use --rfc4880"}
	dataMissing        = sim.Kind{Code: "encrypted_data_missing", Remedy: "send the whole message: there is no encrypted data"}
	dataTwice          = sim.Kind{Code: "encrypted_data_twice", Remedy: "send one message: there is encrypted data twice"}
	cipherOther        = sim.Kind{Code: "cipher_other", Remedy: "encrypt with AES-256: --cipher-algo AES256"}
	cipherWeak         = sim.Kind{Code: "cipher_weak", Remedy: "encrypt with AES-256, not with a cipher of 64-bit blocks: --cipher-algo AES256"}
	mdcMismatch        = sim.Kind{Code: "mdc_mismatch", Remedy: "send the encrypted data unchanged and whole: its modification detection code does not hold"}
)

// What is inside: signature and literal.
var (
	insideBroken      = sim.Kind{Code: "inside_malformed", Remedy: "inside of the encryption there must be a one-pass signature, a literal and a signature"}
	encryptedTwice    = sim.Kind{Code: "encrypted_twice", Remedy: "encrypt once: there is another encrypted message inside"}
	compressedNoted   = sim.Kind{Code: "compressed", Remedy: "leave compression out: --compress-algo none", Tolerated: true}
	literalMissing    = sim.Kind{Code: "literal_missing", Remedy: "put the JSON into a literal data packet"}
	literalNested     = sim.Kind{Code: "literal_is_message", Remedy: "sign and encrypt in one message: the text inside is an OpenPGP message again"}
	unsigned          = sim.Kind{Code: "unsigned", Remedy: "sign with the issuer's key and then encrypt: gpg --sign --encrypt"}
	signatureMissing  = sim.Kind{Code: "signature_missing", Remedy: "the one-pass signature announces a signature that does not follow: send the whole message"}
	signatureVersion  = sim.Kind{Code: "signature_version", Remedy: "write signatures of version 4 (RFC 4880)"}
	signatureType     = sim.Kind{Code: "signature_type", Remedy: "sign as a binary document (type 00): without --textmode"}
	signatureHashWeak = sim.Kind{Code: "signature_hash_weak", Remedy: "sign with SHA-384: --digest-algo SHA384; SHA-1 and MD5 are refused"}
	signatureHash     = sim.Kind{Code: "signature_hash_other", Remedy: "sign with SHA-384: --digest-algo SHA384"}
	signatureUnknown  = sim.Kind{Code: "signature_unknown_key", Remedy: "sign with the key whose public half Google was given, signing subkey included"}
	signatureWrong    = sim.Kind{Code: "signature_wrong", Remedy: "sign the very bytes that are sent: the signature does not hold"}
	signatureEarly    = sim.Kind{Code: "signature_from_future", Remedy: "check the clock of the server: the signature is made in the future"}
	keyExpired        = sim.Kind{Code: "issuer_key_expired", Remedy: "give Google a new public key, and sign with it: the issuer's key has expired"}
	keyEarly          = sim.Kind{Code: "issuer_key_not_yet_valid", Remedy: "check the clock of the server: the issuer's key is made in the future"}
	keyRevoked        = sim.Kind{Code: "issuer_key_revoked", Remedy: "sign with a key that is not revoked"}
	keyNotSigning     = sim.Kind{Code: "issuer_key_not_for_signing", Remedy: "sign with a key or subkey that has the signing flag"}
)
