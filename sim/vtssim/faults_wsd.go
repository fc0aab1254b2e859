package vtssim

import "github.com/walletport/walletport/sim"

// The string around a block under a WSD key.
var (
	wsdBase64        = sim.Kind{Code: "activation_data_base64", Remedy: "decode the API's base64 before the app sets activationData: PassKit encodes the bytes itself"}
	wsdBase64Twice   = sim.Kind{Code: "activation_data_base64_twice", Remedy: "apply base64 once: the decoded text is base64 again"}
	wsdLineBreak     = sim.Kind{Code: "wsd_line_break", Remedy: "write the string in one line, without white space around it"}
	wsdDoubled       = sim.Kind{Code: "wsd_doubled", Remedy: "send the string once: it stands there twice in a row"}
	wsdForm          = sim.Kind{Code: "wsd_form", Remedy: "write type-version-keyScheme-keySetId--algorithm-HEX, as MBPAC-1-FK-401200.1--TDEA-…"}
	wsdMissing       = sim.Kind{Code: "activation_data_missing", Remedy: "add activation data; without it the cardholder has to pass a step-up", Tolerated: true}
	wsdTAV           = sim.Kind{Code: "activation_data_other_scheme", Remedy: "this is Mastercard's TAV: a Visa card takes an MBPAC"}
	wsdPrefixShort   = sim.Kind{Code: "wsd_prefix_short", Remedy: "write MBPAC or MBPAD; MPAC and MPAD are names of one packaged component", Tolerated: true}
	wsdPrefixCase    = sim.Kind{Code: "wsd_prefix_case", Remedy: "write MBPAC or MBPAD in capitals"}
	wsdPrefix        = sim.Kind{Code: "wsd_prefix", Remedy: "the string begins with MBPAC (activation data) or MBPAD (encrypted number)"}
	wsdOtherType     = sim.Kind{Code: "wsd_other_type", Remedy: "activation data is an MBPAC, an encrypted card number an MBPAD: they are exchanged"}
	wsdVersion       = sim.Kind{Code: "wsd_version", Remedy: "the version is 1"}
	wsdKeyScheme     = sim.Kind{Code: "wsd_key_scheme", Remedy: "the key scheme is FK"}
	wsdKeySetForm    = sim.Kind{Code: "wsd_key_set_form", Remedy: "the key set is six digits of BIN or encryption rule, a dot and an index: 401200.1"}
	wsdEphemeralGone = sim.Kind{Code: "wsd_single_hyphen", Remedy: "write two hyphens before the algorithm: the ephemeral key between them is empty"}
	wsdEphemeral     = sim.Kind{Code: "wsd_ephemeral_key", Remedy: "leave the ephemeral key empty: two hyphens in a row"}
	wsdAlgorithm     = sim.Kind{Code: "wsd_algorithm", Remedy: "the algorithm is TDEA"}
	wsdHexCase       = sim.Kind{Code: "wsd_hex_lower_case", Remedy: "write the hex in capitals"}
	wsdHexOdd        = sim.Kind{Code: "wsd_hex_odd", Remedy: "the hex was cut: it has an odd number of digits"}
	wsdNotHex        = sim.Kind{Code: "wsd_not_hex", Remedy: "write the block in hex, capitals"}
	wsdBlockBase64   = sim.Kind{Code: "wsd_block_base64", Remedy: "write the block in hex, not base64; base64 goes around the whole string"}
	wsdBlockLength   = sim.Kind{Code: "wsd_block_length", Remedy: "the block has a multiple of 8 bytes, 16 or more: fill it up with ! before encryption"}
	wsdKeyUnknown    = sim.Kind{Code: "wsd_key_set_unknown", Remedy: "use the key set that Visa named with the key, of this environment"}
)

// The cipher and the block's header.
var (
	wsdKeyOther      = sim.Kind{Code: "wsd_key_of_other_set", Remedy: "key and key set belong together: take both from one place"}
	wsdECB           = sim.Kind{Code: "wsd_ecb", Remedy: "encrypt in CBC mode with a zero IV, not ECB"}
	wsdSingleDES     = sim.Kind{Code: "wsd_single_des", Remedy: "encrypt with two-key TDEA, K1 K2 K1, not with DES under the first half"}
	wsdKeyExpansion  = sim.Kind{Code: "wsd_key_expansion", Remedy: "expand the 16 bytes to K1 K2 K1"}
	wsdKeyText       = sim.Kind{Code: "wsd_key_text", Remedy: "decode the key from hex before use"}
	wsdIV            = sim.Kind{Code: "wsd_iv", Remedy: "use an IV of eight zero bytes"}
	wsdDecrypt       = sim.Kind{Code: "wsd_decrypt_failed", Remedy: "encrypt with two-key TDEA in CBC mode, zero IV, under the key that the key set names"}
	wsdHeaderMissing = sim.Kind{Code: "wsd_header_missing", Remedy: "put two spaces, four random characters and the length in two digits before the clear text"}
	wsdHeaderSpaces  = sim.Kind{Code: "wsd_header_spaces", Remedy: "the block begins with two spaces (0x20)"}
	wsdHeaderRandom  = sim.Kind{Code: "wsd_header_random", Remedy: "the four random characters are printable, 0x21 to 0x7E"}
	wsdLengthForm    = sim.Kind{Code: "wsd_length_form", Remedy: "write the length of the clear text in two decimal digits"}
	wsdLengthWrong   = sim.Kind{Code: "wsd_length_wrong", Remedy: "the two digits count the bytes of the clear text, without header and padding"}
	wsdPaddingPKCS   = sim.Kind{Code: "wsd_padding_pkcs5", Remedy: "fill up with ! and add no block of its own; a reader goes by the length", Tolerated: true}
	wsdPaddingZero   = sim.Kind{Code: "wsd_padding_zero", Remedy: "fill up with ! instead of zero bytes; a reader goes by the length", Tolerated: true}
	wsdPaddingOther  = sim.Kind{Code: "wsd_padding_other", Remedy: "fill up with !, to the next multiple of 8 only; a reader goes by the length", Tolerated: true}
)

// The clear text.
var (
	clearJSON       = sim.Kind{Code: "clear_text_json", Remedy: "write name=value;name=value, not JSON"}
	clearSeparator  = sim.Kind{Code: "clear_text_separator", Remedy: "join the parts with a semicolon, and let none follow the last"}
	clearCase       = sim.Kind{Code: "clear_text_name_case", Remedy: "write the names in lower case"}
	clearMissing    = sim.Kind{Code: "clear_text_incomplete", Remedy: "an MBPAC says nonce and authcode, an MBPAD pan, expiry and datetime"}
	clearUnknown    = sim.Kind{Code: "clear_text_unknown_part", Remedy: "an MBPAC says nonce and authcode only, an MBPAD pan, expiry and datetime"}
	clearOrder      = sim.Kind{Code: "clear_text_order", Remedy: "write nonce before authcode; pan, expiry and datetime in this order"}
	nonceUpper      = sim.Kind{Code: "nonce_upper_case", Remedy: "write the nonce in lower-case hex"}
	nonceBase64     = sim.Kind{Code: "nonce_base64", Remedy: "write the nonce in hex, not base64"}
	nonceForm       = sim.Kind{Code: "nonce_form", Remedy: "write the bytes of the wallet's nonce in lower-case hex"}
	nonceTwice      = sim.Kind{Code: "nonce_of_text", Remedy: "the hex is of the nonce's text: decode the nonce before encoding it"}
	nonceOther      = sim.Kind{Code: "nonce_other", Remedy: "answer the nonce of the callback that asked for this card"}
	nonceNone       = sim.Kind{Code: "nonce_not_asked", Remedy: "the wallet gave no nonce here, so no MBPAC can answer one: activate the token on the server"}
	authCodeLower   = sim.Kind{Code: "authcode_lower_case", Remedy: "write the authcode in capitals"}
	authCodeForm    = sim.Kind{Code: "authcode_form", Remedy: "the authcode has six characters of A to Z and 0 to 9"}
	expiryYYMM      = sim.Kind{Code: "expiry_yymm", Remedy: "write the expiry as MMYY"}
	expiryMMYY      = sim.Kind{Code: "expiry_mmyy_form", Remedy: "write the expiry as MMYY, four digits"}
	datetimeForm    = sim.Kind{Code: "datetime_form", Remedy: "write datetime as yyyyMMddHHmmss, 14 digits"}
	datetimeLocal   = sim.Kind{Code: "datetime_local_time", Remedy: "write datetime in UTC: it is off by what a time zone is off by", Tolerated: true}
	datetimeFuture  = sim.Kind{Code: "datetime_future", Remedy: "check the server's clock: the number was encrypted in the future"}
	datetimeStale   = sim.Kind{Code: "datetime_stale", Remedy: "encrypt the number when the cardholder asks for it, and check the server's clock"}
	prefixOther     = sim.Kind{Code: "number_prefix_other", Remedy: "primaryAccountNumberPrefix is the first six to eight digits of the same card"}
	enrolmentNoCard = sim.Kind{Code: "card_missing", Remedy: "hand over the card, in clear or as MBPAD"}
)
