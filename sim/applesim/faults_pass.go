package applesim

import "github.com/walletport/walletport/sim"

// The pass data: the JSON that Apple decrypts.
var (
	passTypo        = sim.Kind{Code: "pan_member_typo", Remedy: "the member is primaryAccountNumber; primaryAccountNuber is a misprint of the API page"}
	passPANName     = sim.Kind{Code: "pan_member_name", Remedy: "the member is called primaryAccountNumber"}
	passMissing     = sim.Kind{Code: "pass_member_missing", Remedy: "pass data has primaryAccountNumber, expiration, name, nonce and nonceSignature"}
	passType        = sim.Kind{Code: "pass_member_not_string", Remedy: "send each member of the pass data as a JSON string"}
	passEmpty       = sim.Kind{Code: "pass_member_empty", Remedy: "give each member of the pass data a value"}
	passNameMissing = sim.Kind{Code: "name_missing", Remedy: "put the cardholder's name into the pass data"}
	passBothForms   = sim.Kind{Code: "pan_twice", Remedy: "send primaryAccountNumber or encryptedPrimaryAccountNumber, not both"}

	panSpaces    = sim.Kind{Code: "pan_spaces", Remedy: "send the digits of the PAN only, without spaces or hyphens"}
	panNotDigits = sim.Kind{Code: "pan_not_digits", Remedy: "send the digits of the PAN only"}
	panLength    = sim.Kind{Code: "pan_length", Remedy: "primaryAccountNumber has 12 to 19 digits"}
	panLuhn      = sim.Kind{Code: "pan_luhn", Remedy: "check the PAN: its check digit is wrong"}
	panScheme    = sim.Kind{Code: "pan_scheme_unknown", Remedy: "the wallet takes cards of Visa (4) and Mastercard (5, 2)"}

	encryptedPANPlain  = sim.Kind{Code: "encrypted_pan_not_base64", Remedy: "encode the MBPAD string as base64 in encryptedPrimaryAccountNumber"}
	encryptedPANForm   = sim.Kind{Code: "encrypted_pan_malformed", Remedy: "encryptedPrimaryAccountNumber is base64 of an MBPAD string"}
	networkNameOther   = sim.Kind{Code: "network_name", Remedy: `networkName is "Visa": only Visa opens an encrypted number`}
	panPrefixForm      = sim.Kind{Code: "pan_prefix", Remedy: "primaryAccountNumberPrefix is the first six to eight digits of the PAN"}
	expirationYYYY     = sim.Kind{Code: "expiration_year_four_digits", Remedy: "write expiration as MM/YY"}
	expirationNoSlash  = sim.Kind{Code: "expiration_mmyy", Remedy: "write expiration as MM/YY, with the slash"}
	expirationYYMM     = sim.Kind{Code: "expiration_yymm", Remedy: "write expiration as MM/YY: month first, with the slash"}
	expirationSwapped  = sim.Kind{Code: "expiration_swapped", Remedy: "write expiration as MM/YY: month first"}
	expirationForm     = sim.Kind{Code: "expiration_form", Remedy: `write expiration as MM/YY, "11/29"`}
	cardExpired        = sim.Kind{Code: "card_expired", Remedy: "the card is past its month of expiry: send a valid card"}
	nonceUpperCase     = sim.Kind{Code: "nonce_upper_case", Remedy: "write the nonce in lower-case hex, as it came in", Tolerated: true}
	nonceBase64        = sim.Kind{Code: "nonce_base64", Remedy: "write the nonce in hex inside the pass data"}
	nonceForm          = sim.Kind{Code: "nonce_not_hex", Remedy: "write the nonce in hex inside the pass data, as it came in"}
	nonceOther         = sim.Kind{Code: "nonce_other", Remedy: "use the nonce of this callback: one request, one nonce"}
	nonceSwapped       = sim.Kind{Code: "nonce_swapped", Remedy: "nonce and nonceSignature are in each other's place"}
	nonceExpired       = sim.Kind{Code: "nonce_expired", Remedy: "answer within the callback's time: this nonce was handed out more than 5 minutes ago"}
	nonceUsed          = sim.Kind{Code: "nonce_used", Remedy: "make an answer per callback and never keep one: this nonce was used before"}
	signatureUpperCase = sim.Kind{Code: "nonce_signature_upper_case", Remedy: "write nonceSignature in lower-case hex, as it came in", Tolerated: true}
	signatureBase64    = sim.Kind{Code: "nonce_signature_base64", Remedy: "write nonceSignature in hex inside the pass data"}
	signatureForm      = sim.Kind{Code: "nonce_signature_not_hex", Remedy: "write nonceSignature in hex inside the pass data, as it came in"}
	signatureOther     = sim.Kind{Code: "nonce_signature_other", Remedy: "pass nonceSignature through unchanged, that of this callback"}
)

// The activation data, as far as a wallet looks at it.
var (
	activationPlainJSON  = sim.Kind{Code: "activation_data_plain_json", Remedy: "encode the TAV's JSON as base64 in activationData"}
	activationPlainMBPAC = sim.Kind{Code: "activation_data_plain_mbpac", Remedy: "encode the MBPAC string as base64 in activationData"}
	activationTwice      = sim.Kind{Code: "activation_data_base64_twice", Remedy: "encode activationData once; a TAV that is base64 already goes in as it is"}
	activationMBPAD      = sim.Kind{Code: "activation_data_is_mbpad", Remedy: "activationData is an MBPAC; the MBPAD is the encrypted card number"}
	activationIIDD       = sim.Kind{Code: "activation_data_is_iidd", Remedy: "activationData is the TAV alone; the digitization data is for Google, Samsung and issuers' wallets"}
	activationJWE        = sim.Kind{Code: "activation_data_is_jwe", Remedy: "activationData is an MBPAC; the JWE is for Google and Samsung"}
	activationUnknown    = sim.Kind{Code: "activation_data_unknown", Remedy: "activationData is base64 of an MBPAC (Visa) or of a TAV's JSON (Mastercard)"}
	activationOther      = sim.Kind{Code: "activation_data_other_scheme", Remedy: "make the activation data for the scheme of the card: MBPAC for Visa, TAV for Mastercard"}
)
