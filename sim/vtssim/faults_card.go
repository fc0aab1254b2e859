package vtssim

import "github.com/walletport/walletport/sim"

// The plaintext of a push payload. Its own faults and those of its JSON are those of sim with the prefix
// "plaintext_".
var (
	plaintextWrapped = sim.Kind{Code: "plaintext_wrapped", Remedy: "encrypt the object itself, without a member around it"}

	panMemberName = sim.Kind{Code: "pan_member_name", Remedy: "the member is called accountNumber here; primaryAccountNumber is for other calls"}
	panMissing    = sim.Kind{Code: "pan_missing", Remedy: "send accountNumber"}
	panNotString  = sim.Kind{Code: "pan_not_string", Remedy: "send accountNumber as a JSON string"}
	panSpaces     = sim.Kind{Code: "pan_spaces", Remedy: "send the digits of the PAN only, without spaces or hyphens"}
	panNotDigits  = sim.Kind{Code: "pan_not_digits", Remedy: "send the digits of the PAN only"}
	panLength     = sim.Kind{Code: "pan_length", Remedy: "a PAN has 13 to 19 digits"}
	panLuhn       = sim.Kind{Code: "pan_luhn", Remedy: "check the PAN: its check digit is wrong"}
	panNotVisa    = sim.Kind{Code: "pan_not_visa", Remedy: "Visa takes its own cards only: a Visa PAN begins with 4"}

	expiryMissing   = sim.Kind{Code: "expiry_missing", Remedy: `send expirationDate: {"month": "MM", "year": "YYYY"}`}
	expiryFlat      = sim.Kind{Code: "expiry_not_object", Remedy: `expirationDate is an object: {"month": "MM", "year": "YYYY"}`}
	expiryNotString = sim.Kind{Code: "expiry_not_string", Remedy: "send month and year as JSON strings"}
	expiryYear      = sim.Kind{Code: "expiry_year_two_digits", Remedy: "send the year with four digits"}
	expiryMonth     = sim.Kind{Code: "expiry_month_one_digit", Remedy: "send the month with two digits: 01 to 12"}
	expirySwapped   = sim.Kind{Code: "expiry_swapped", Remedy: "month and year are swapped"}
	expiryForm      = sim.Kind{Code: "expiry_malformed", Remedy: "the month is 01 to 12, the year has four digits"}
	cardExpired     = sim.Kind{Code: "card_expired", Remedy: "the card is past its month of expiry: send a valid card"}

	fieldType      = sim.Kind{Code: "field_type", Remedy: "send optional members as JSON strings, or leave them out"}
	fieldLength    = sim.Kind{Code: "field_too_long", Remedy: "shorten the value, or leave the member out"}
	fieldCVV       = sim.Kind{Code: "cvv2_form", Remedy: "cvv2 has 3 or 4 digits; a server that keeps none leaves it out"}
	addressType    = sim.Kind{Code: "address_not_object", Remedy: "billingAddress is a JSON object"}
	addressMissing = sim.Kind{Code: "address_incomplete", Remedy: "a billingAddress has line1, city, postalCode and country; without them leave it out"}
	addressLength  = sim.Kind{Code: "address_length", Remedy: "line1 to line3 have at most 140 characters, city 100, state 3, postalCode 3 to 16"}
	addressChars   = sim.Kind{Code: "address_characters", Remedy: "a line has letters, digits, spaces and . , ' - _ # : / only"}
	countryAlpha3  = sim.Kind{Code: "country_alpha_3", Remedy: "write the country as ISO 3166-1 alpha-2, two letters; alpha-3 is for Click to Pay"}
	countryForm    = sim.Kind{Code: "country_malformed", Remedy: "write the country as two capital letters, ISO 3166-1 alpha-2"}
)

// The provider object: the wallet, and what it knows.
var (
	providerMissing = sim.Kind{Code: "provider_missing", Remedy: "add provider: a wallet that pushes a card asks for it"}
	providerType    = sim.Kind{Code: "provider_not_object", Remedy: "provider is a JSON object"}
	intentMissing   = sim.Kind{Code: "intent_missing", Remedy: "add provider.intent: PUSH_PROV_MOBILE"}
	intentUnknown   = sim.Kind{Code: "intent_unknown", Remedy: "provider.intent is PUSH_PROV_MOBILE for a device wallet, PUSH_PROV_ONFILE for a card on file"}
	walletMissing   = sim.Kind{Code: "wallet_provider_missing", Remedy: "add provider.clientWalletProvider: the token requestor id of the wallet"}
	walletForm      = sim.Kind{Code: "wallet_provider_form", Remedy: "clientWalletProvider is the token requestor id, 11 digits in a JSON string, not the wallet's name"}
	walletUnknown   = sim.Kind{Code: "wallet_provider_unknown", Remedy: "use the token requestor id of the wallet at Visa, not the one at another scheme"}
	walletOther     = sim.Kind{Code: "wallet_provider_other", Remedy: "use the token requestor id of the wallet that the card is pushed to"}
	clientMissing   = sim.Kind{Code: "client_id_missing", Remedy: "hand on the id that the wallet gave the app for this enrolment"}
	clientType      = sim.Kind{Code: "client_id_type", Remedy: "send the ids of the client as JSON strings"}
	clientLength    = sim.Kind{Code: "client_id_too_long", Remedy: "hand the id on as the wallet gave it: at most 24 characters for device and account, 36 for the app"}
	clientNoApp     = sim.Kind{Code: "client_app_id_absent", Remedy: "send clientAppID: sources differ on whether a push to a device needs it", Tolerated: true}
	clientPackage   = sim.Kind{Code: "client_app_id_package_name", Remedy: "the published character set has letters, digits, hyphens and spaces only: ask Visa whether it takes package names", Tolerated: true}
	clientLong      = sim.Kind{Code: "client_account_over_24", Remedy: "sources differ on 24 or 32 characters: hand the id on as the wallet gave it", Tolerated: true}
	clientChars     = sim.Kind{Code: "client_id_characters", Remedy: "clientAppID has letters, digits, hyphens and spaces only"}
	clientOther     = sim.Kind{Code: "client_id_other", Remedy: "hand on the ids that the wallet gave the app for this enrolment, unchanged"}
	clientSwapped   = sim.Kind{Code: "client_ids_swapped", Remedy: "clientWalletAccountID is the wallet's account, clientDeviceID the device: they are exchanged"}
	idnvForm        = sim.Kind{Code: "idnv_form", Remedy: `isIDnV is "true" or "false"`}
)
