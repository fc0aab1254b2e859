package clicktopaysim

import "github.com/walletport/walletport/sim"

// What a request says.
var (
	memberMissing     = sim.Kind{Code: "member_missing", Remedy: "send the member, and not empty"}
	memberType        = sim.Kind{Code: "member_not_text", Remedy: "write the member as a JSON string"}
	memberArray       = sim.Kind{Code: "member_not_array", Remedy: "write the member as a JSON array"}
	memberObject      = sim.Kind{Code: "member_not_object", Remedy: "write the member as one JSON object, with each member once"}
	memberLength      = sim.Kind{Code: "member_length", Remedy: "keep to the member's length, counted in characters"}
	memberDigits      = sim.Kind{Code: "member_not_digits", Remedy: "write digits and nothing else"}
	arrayLength       = sim.Kind{Code: "array_length", Remedy: "send one to ten entries, of products one to four"}
	contactMissing    = sim.Kind{Code: "contact_missing", Remedy: "send an e-mail address or a phone number: a manage call needs them again, for it replaces the record"}
	phonePlus         = sim.Kind{Code: "phone_plus", Remedy: "write the phone number in digits, the country code first, without +"}
	emailMalformed    = sim.Kind{Code: "email_malformed", Remedy: "write an e-mail address in ASCII: name@host.domain"}
	localeMalformed   = sim.Kind{Code: "locale_malformed", Remedy: "write the locale as en or en_US"}
	countryAlpha2     = sim.Kind{Code: "country_alpha_2", Remedy: "write countries in three letters (ISO 3166-1 alpha-3): USA, not US"}
	countryMalformed  = sim.Kind{Code: "country_malformed", Remedy: "write countries in three capital letters (ISO 3166-1 alpha-3)"}
	currencyMalformed = sim.Kind{Code: "currency_malformed", Remedy: "write the currency as ISO 4217 has it, in letters or digits"}
	statusUnknown     = sim.Kind{Code: "status_unknown", Remedy: "write ACTIVE or INACTIVE, or the words of this profile, and of a card also SUSPENDED; to delete has calls of its own"}
	typeUnknown       = sim.Kind{Code: "type_unknown", Remedy: "write the type CARD"}
	numberMasked      = sim.Kind{Code: "number_masked", Remedy: "send the card number, not its masked form"}
	numberCheckDigit  = sim.Kind{Code: "number_check_digit", Remedy: "send the card number as it stands on the card: its check digit is wrong"}
	expiryMalformed   = sim.Kind{Code: "expiry_malformed", Remedy: "write the expiry as YYYY-MM"}
	addressCharacter  = sim.Kind{Code: "address_character", Remedy: "leave [ ] { } : & $ ^ ! = ; * # ` < > \" ” @ out of addresses"}
	addressNumber     = sim.Kind{Code: "address_card_number", Remedy: "an address holds no card number"}

	productMissing       = sim.Kind{Code: "product_missing", Remedy: `send "products": [{"productCode": "CLICK_TO_PAY"}]`}
	productText          = sim.Kind{Code: "product_text", Remedy: `products is an array of objects: [{"productCode": "CLICK_TO_PAY"}]`}
	productTwice         = sim.Kind{Code: "product_twice", Remedy: "name each product once"}
	productUnknown       = sim.Kind{Code: "product_unknown", Remedy: "the product is CLICK_TO_PAY, the type of intent PRODUCT_CODE"}
	productWantsProducts = sim.Kind{Code: "product_by_intent", Remedy: "this profile names the product by products; intent is the older form", Tolerated: true}
	productWantsIntent   = sim.Kind{Code: "product_by_products", Remedy: "this profile names the product by intent", Tolerated: true}
	productOther         = sim.Kind{Code: "product_other", Remedy: "these calls are for the product CLICK_TO_PAY"}
)

// What may be done. The business rules are Visa's words VIDC-2xxx.
var (
	bidOther         = sim.Kind{Code: "bid_of_another_issuer", Remedy: "send a Visa business id of the issuer who calls (VIDC-2002)"}
	bidUnsupported   = sim.Kind{Code: "bid_not_switched_on", Remedy: "let Visa switch Click to Pay on for this Visa business id"}
	consumerBusy     = sim.Kind{Code: "consumer_busy", Remedy: "wait until the consumer's request has ended, reads too (VIDC-3000)"}
	consumerEnrolled = sim.Kind{Code: "consumer_enrolled", Remedy: "add cards to the consumer, or manage it: it is enrolled already (VIDC-2000)"}
	consumerUnknown  = sim.Kind{Code: "consumer_not_enrolled", Remedy: "enrol the consumer first; id and BID together are its name (VIDC-2001)"}
	cardExpired      = sim.Kind{Code: "card_expired", Remedy: "enrol cards that have not expired (VIDC-2003)"}
	cardEnrolled     = sim.Kind{Code: "card_enrolled", Remedy: "the consumer has this card already: manage it (VIDC-2004)"}
	cardUnknown      = sim.Kind{Code: "card_not_enrolled", Remedy: "the consumer does not have this card: add it (VIDC-2005)"}
	cardNotVisa      = sim.Kind{Code: "card_not_visa", Remedy: "enrol Visa cards only (VIDC-2006)"}
	cardUnsupported  = sim.Kind{Code: "card_unsupported", Remedy: "Click to Pay takes instruments of the type CARD (VIDC-2007)"}
	memberFixed      = sim.Kind{Code: "member_fixed", Remedy: "leave out what Visa assigns: references and token (VIDC-2008)"}
	traceUnknown     = sim.Kind{Code: "trace_unknown", Remedy: "ask with the requestTraceId of a 202, as the issuer that got it"}
)

// ruleKinds are the faults of the business rules.
var ruleKinds = map[string]sim.Kind{
	"VIDC-2000": consumerEnrolled, "VIDC-2001": consumerUnknown, reasonExpired: cardExpired, "VIDC-2004": cardEnrolled,
	"VIDC-2005": cardUnknown, reasonNotVisa: cardNotVisa, reasonUnsupported: cardUnsupported, reasonFixed: memberFixed,
}
