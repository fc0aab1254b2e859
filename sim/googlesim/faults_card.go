package googlesim

import "github.com/walletport/walletport/sim"

// The JSON inside, and what it says.
var (
	objectMissing   = sim.Kind{Code: "object_missing", Remedy: "the JSON has the objects protocolHeader, validationContext and paymentCard"}
	objectCase      = sim.Kind{Code: "object_case", Remedy: "spell the objects protocolHeader, validationContext and paymentCard"}
	objectType      = sim.Kind{Code: "object_not_object", Remedy: "protocolHeader, validationContext and paymentCard are JSON objects"}
	objectFlat      = sim.Kind{Code: "objects_flattened", Remedy: "put the card into paymentCard and the session into validationContext"}
	versionMissing  = sim.Kind{Code: "version_missing", Remedy: "send protocolHeader.version: 1"}
	versionUnknown  = sim.Kind{Code: "version_unknown", Remedy: "protocolHeader.version is 1"}
	sessionMissing  = sim.Kind{Code: "session_missing", Remedy: "send validationContext.serverSessionId, as the Wallet SDK gave it to the app"}
	sessionType     = sim.Kind{Code: "session_not_string", Remedy: "send serverSessionId as a JSON string"}
	sessionOther    = sim.Kind{Code: "session_other", Remedy: "use the serverSessionId of this session, unchanged: case and hyphens count"}
	sessionExpired  = sim.Kind{Code: "session_expired", Remedy: "answer within the session: it was opened more than 15 minutes ago"}
	sessionUsed     = sim.Kind{Code: "session_used", Remedy: "make an opaque payment card per session and never keep one: a card was added with this session before"}
	panMemberName   = sim.Kind{Code: "pan_member_name", Remedy: "the member is called paymentCard.accountNumber"}
	panMissing      = sim.Kind{Code: "pan_missing", Remedy: "send paymentCard.accountNumber"}
	panNotString    = sim.Kind{Code: "pan_not_string", Remedy: "send accountNumber as a JSON string"}
	panSpaces       = sim.Kind{Code: "pan_spaces", Remedy: "send the digits of the PAN only, without spaces or hyphens"}
	panNotDigits    = sim.Kind{Code: "pan_not_digits", Remedy: "send the digits of the PAN only"}
	panLength       = sim.Kind{Code: "pan_length", Remedy: "accountNumber has 12 to 19 digits"}
	panLuhn         = sim.Kind{Code: "pan_luhn", Remedy: "check the PAN: its check digit is wrong"}
	expiryMissing   = sim.Kind{Code: "expiry_missing", Remedy: "send expiryMonth as MM and expiryYear as YY"}
	expiryNotString = sim.Kind{Code: "expiry_not_string", Remedy: `send expiryMonth and expiryYear as JSON strings: "06", "29"`}
	expiryCombined  = sim.Kind{Code: "expiry_combined", Remedy: "send two members: expiryMonth as MM and expiryYear as YY"}
	expiryYYYY      = sim.Kind{Code: "expiry_year_four_digits", Remedy: "send expiryYear with two digits"}
	expiryMonthForm = sim.Kind{Code: "expiry_month_form", Remedy: "expiryMonth has two digits, 01 to 12"}
	expiryYearForm  = sim.Kind{Code: "expiry_year_form", Remedy: "expiryYear has two digits"}
	expirySwapped   = sim.Kind{Code: "expiry_swapped", Remedy: "month and year are swapped"}
	cardExpired     = sim.Kind{Code: "card_expired", Remedy: "the card is past its month of expiry: send a valid card"}
)

// What the wallet sees of both payloads.
var (
	digitizationMissing = sim.Kind{Code: "digitization_data_missing", Remedy: "answer digitizationData: Google hands it to the scheme"}
	digitizationType    = sim.Kind{Code: "digitization_data_not_string", Remedy: "send digitizationData as a JSON string"}
	jweBase64           = sim.Kind{Code: "jwe_in_base64", Remedy: "hand the app the bare JWE: Google passes the bytes of the text to Visa", Tolerated: true}
	cardOther           = sim.Kind{Code: "card_other", Remedy: "make digitizationData and googleOpaquePaymentCard of the same card: the PANs differ"}
	cardOtherExpiry     = sim.Kind{Code: "card_other_expiry", Remedy: "make digitizationData and googleOpaquePaymentCard from the same card record: the expiry dates differ"}
	accountOther        = sim.Kind{Code: "wallet_account_other", Remedy: "send clientDeviceID and clientWalletAccountID of the same session"}
)
