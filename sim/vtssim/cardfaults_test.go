package vtssim_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/walletport/walletport/sim/simtest"
	"github.com/walletport/walletport/sim/vtssim"
)

var mangledCards = []mangledPush{
	// The plaintext as a whole.
	{"a byte order mark", "plaintext_byte_order_mark", withPlaintext(func(s string) string { return "\ufeff" + s })},
	{"UTF-16 inside", "plaintext_utf16", withPlaintext(func(s string) string { return string(simtest.UTF16(s)) })},
	{"padding by PKCS#7", "plaintext_padded", withPlaintext(func(s string) string { return s + strings.Repeat("\x0b", 11) })},
	{"zero bytes behind", "plaintext_padded_zero", withPlaintext(func(s string) string { return s + "\x00\x00\x00" })},
	{"padding by ISO/IEC 7816-4", "plaintext_padded_iso7816", withPlaintext(func(s string) string { return s + "\x80\x00\x00" })},
	{"padding by ANSI X9.23", "plaintext_padded_x923", withPlaintext(func(s string) string { return s + "\x00\x00\x03" })},
	{"hex inside", "plaintext_hex", withPlaintext(func(s string) string { return hex.EncodeToString([]byte(s)) })},
	{"a JSON string inside", "plaintext_json_in_string", withPlaintext(func(s string) string { return string(must(json.Marshal(s))) })},
	{"base64 inside", "plaintext_base64", withPlaintext(func(s string) string { return b64([]byte(s)) })},
	{"a member around the card", "plaintext_wrapped", withPlaintext(func(s string) string { return `{"encPaymentInstrument":` + s + `}` })},
	{"Latin-1 inside", "plaintext_json_not_utf8", withPlaintext(func(s string) string { return strings.Replace(s, "JANE", "J\xc4NE", 1) })},
	{"no JSON inside", "plaintext_json_invalid", withPlaintext(func(string) string { return testPAN + "=3012" })},
	{"an array inside", "plaintext_json_not_object", withPlaintext(func(string) string { return `["x"]` })},
	{"JSON cut short", "plaintext_json_truncated", withPlaintext(func(s string) string { return s[:100] })},
	{"the PAN twice", "plaintext_json_duplicate_member", withPlaintext(func(s string) string {
		return strings.Replace(s, "{", `{"accountNumber":"4761120010000492",`, 1)
	})},

	// The PAN.
	{"primaryAccountNumber", "pan_member_name", inPlain(rename("accountNumber", "primaryAccountNumber"))},
	{"cardNumber", "pan_member_name", inPlain(rename("accountNumber", "cardNumber"))},
	{"no PAN", "pan_missing", inPlain(remove("accountNumber"))},
	{"an empty PAN", "pan_missing", inPlain(set("accountNumber", ""))},
	{"a null PAN", "pan_not_string", inPlain(set("accountNumber", nil))},
	{"a number as PAN", "pan_not_string", inPlain(set("accountNumber", 4111111111111111))},
	{"a PAN in groups", "pan_spaces", inPlain(set("accountNumber", "4111 1111 1111 1111"))},
	{"a masked PAN", "pan_not_digits", inPlain(set("accountNumber", "411111******1111"))},
	{"a PAN of 12 digits", "pan_length", inPlain(set("accountNumber", "411111111111"))},
	{"a wrong check digit", "pan_luhn", inPlain(set("accountNumber", "4111111111111112"))},
	{"a Mastercard", "pan_not_visa", inPlain(set("accountNumber", "5555555555554444"))},

	// The expiry.
	{"no expiry", "expiry_missing", inPlain(remove("expirationDate"))},
	{"no year", "expiry_missing", inPlain(set("expirationDate", members{"month": "12"}))},
	{"MMYY as one text", "expiry_not_object", inPlain(set("expirationDate", "1230"))},
	{"YYYY-MM as one text", "expiry_not_object", inPlain(set("expirationDate", "2030-12"))},
	{"numbers", "expiry_not_string", expiry(12, 2030)},
	{"a year as a number", "expiry_not_string", expiry("12", 2030)},
	{"a year of two digits", "expiry_year_two_digits", expiry("12", "30")},
	{"a month without zero", "expiry_month_one_digit", expiry("3", "2030")},
	{"month and year exchanged", "expiry_swapped", expiry("2030", "12")},
	{"a month of 13", "expiry_malformed", expiry("13", "2030")},
	{"MMYY as the month", "expiry_malformed", expiry("1230", "2030")},
	{"a year of another century", "expiry_malformed", expiry("12", "1930")},
	{"a card of last month", "card_expired", expiry("10", "2026")},

	// The provider.
	{"no provider", "provider_missing", inPlain(remove("provider"))},
	{"a provider as text", "provider_not_object", inPlain(set("provider", "{}"))},
	{"no intent", "intent_missing", inProvider(remove("intent"))},
	{"an unknown intent", "intent_unknown", inProvider(set("intent", "PUSH"))},
	{"no wallet", "wallet_provider_missing", inProvider(remove("clientWalletProvider"))},
	{"the wallet's name", "wallet_provider_form", inProvider(set("clientWalletProvider", "GOOGLE_PAY"))},
	{"a digit lost", "wallet_provider_form", inProvider(set("clientWalletProvider", "4001007500"))},
	{"the id as a number", "wallet_provider_form", inProvider(set("clientWalletProvider", 40010075001))},
	{"Mastercard's id of the wallet", "wallet_provider_unknown", inProvider(set("clientWalletProvider", "50120834693"))},
	{"another wallet", "wallet_provider_other", inProvider(set("clientWalletProvider", samsungTRID))},
	{"no account", "client_id_missing", inProvider(remove("clientWalletAccountID"))},
	{"no device", "client_id_missing", inProvider(remove("clientDeviceID"))},
	{"no account and no app", "client_id_missing", func(r *pushRecipe) {
		r.provider = func(m members) { remove("clientWalletAccountID")(m); remove("clientAppID")(m) }
	}},
	{"an empty app", "client_app_id_absent", inProvider(set("clientAppID", ""))},
	{"no app", "client_app_id_absent", inProvider(remove("clientAppID"))},
	{"a number as device", "client_id_type", inProvider(set("clientDeviceID", 7))},
	{"a device of 25 characters", "client_id_too_long", inProvider(set("clientDeviceID", strings.Repeat("d", 25)))},
	{"an account of 33 characters", "client_id_too_long", inProvider(set("clientWalletAccountID", strings.Repeat("a", 33)))},
	{"an app of 37 characters", "client_id_too_long", inProvider(set("clientAppID", strings.Repeat("a", 37)))},
	{"an account of 25 characters", "client_account_over_24", func(r *pushRecipe) {
		long := strings.Repeat("a", 25)
		r.provider = set("clientWalletAccountID", long)
		r.keys = func(k *vtssim.Keys) { k.Wallet.Client.WalletAccountID = long }
	}},
	{"a package name for the app", "client_app_id_package_name", func(r *pushRecipe) {
		r.provider = set("clientAppID", "com.issuer.app")
		r.keys = func(k *vtssim.Keys) { k.Wallet.Client.AppID = "com.issuer.app" }
	}},
	{"a slash in the app", "client_id_characters", inProvider(set("clientAppID", "issuer/app"))},
	{"another account", "client_id_other", inProvider(set("clientWalletAccountID", "walletAccount00000000002"))},
	{"another device", "client_id_other", inProvider(set("clientDeviceID", "devicehardwareid00000001"))},
	{"another app", "client_id_other", inProvider(set("clientAppID", "otherapp"))},
	{"account and device exchanged", "client_ids_swapped", inProvider(func(m members) {
		m["clientDeviceID"], m["clientWalletAccountID"] = m["clientWalletAccountID"], m["clientDeviceID"]
	})},
	{"isIDnV as a number", "idnv_form", inProvider(set("isIDnV", 1))},
	{"isIDnV as yes", "idnv_form", inProvider(set("isIDnV", "yes"))},

	// The rest.
	{"a name as an object", "field_type", inPlain(set("name", members{"first": "JANE"}))},
	{"a name of 257 characters", "field_too_long", inPlain(set("name", strings.Repeat("é", 257)))},
	{"cvv2 as a number", "field_type", inPlain(set("cvv2", 123))},
	{"cvv2 of 5 digits", "cvv2_form", inPlain(set("cvv2", "12345"))},
	{"an address as text", "address_not_object", inPlain(set("billingAddress", "1 Test Street"))},
	{"no city", "address_incomplete", inAddress(remove("city"))},
	{"an empty line", "address_incomplete", inAddress(set("line1", ""))},
	{"a line of 141 characters", "address_length", inAddress(set("line1", strings.Repeat("x", 141)))},
	{"a postal code of 2 characters", "address_length", inAddress(set("postalCode", "00"))},
	{"a state of 4 characters", "address_length", inAddress(set("state", "US-C"))},
	{"a state as a number", "field_type", inAddress(set("state", 1))},
	{"a letter beyond ASCII in a line", "address_characters", inAddress(set("line2", "Hämeentie 1"))},
	{"a country of three letters", "country_alpha_3", inAddress(set("country", "FIN"))},
	{"a country in small letters", "country_malformed", inAddress(set("country", "fi"))},
}
