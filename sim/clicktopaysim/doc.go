// Package clicktopaysim is the simulated Visa ID and Credential API for Click to Pay: an
// issuer enrols consumers and their cards, replaces and deletes what it enrolled, reads it,
// and asks how a request ended. It opens and
// makes message level encryption and checks callers with code of its own, keeps its
// consumers in the room register, and tells of every request that it met which rule was
// broken first, with a remedy (Reports). What others do to a consumer a test does by Acts,
// which also tells the scheme's truth.
//
// The rules, by visa-id-credential's public pages and by processors' documents; (inferred)
// is ours, where both are silent:
//
//   - Calls are POST enrollData, enrollPaymentInstruments, getData, deleteConsumerInformation
//     and deletePaymentInstruments, PUT manageConsumerInformation and
//     managePaymentInstruments, and GET requestStatus/{requestTraceId}, below
//     visaIdCredential/v1. PUT enrollData/{externalConsumerID} is for other products: 422.
//   - A caller has an x-pay-token (480 s, once) or a client certificate, which one of them
//     its configuration says: 401 9159 (hash), 9121 (time, used before), 9201 (API key),
//     9209 (certificate, Basic). The signed path has the context visaIdCredential/ or not,
//     by configuration.
//   - Every body is {"encData": compact JWE}, RSA-OAEP-256 with A128GCM or A256GCM, kid as in
//     the header keyId, iat in milliseconds. Whatever is wrong with it is 400 without a
//     reason (inferred). Answers of the API are encrypted as well, refusals too unless
//     ClearRefusals says no (inferred); those from before it are not.
//   - The product is products: [{"productCode": "CLICK_TO_PAY"}], the member's name by
//     configuration, or intent, the older form. Either is taken; the one that is not
//     configured is a tolerated fault. Another product is 422, and so is a BID that it is not
//     switched on for.
//   - At once: VIDC-1000 (missing), 1001 (value), 1002 (length), 1003 (length of an array),
//     all of them in one answer; then 2002 (another issuer's BID); then 409 VIDC-3000 while
//     another request of the consumer runs, of all calls but enrollData and requestStatus,
//     getData included; then 2000 to 2008. With TellsRulesLate the register accepts what
//     breaks 2000 to 2008, and lets it fail.
//   - A write is answered 202 and a requestTraceId of 36 characters, of which half are no
//     UUIDs. It takes effect when it ends; until then the consumer is as before and locked.
//   - In the status: SUCCESS or FAILED with errorDetails, VIDC-7000 for a card that Declines
//     names. One card that is declined fails the whole request (inferred). There are details
//     while IN_PROGRESS, which say SUCCESS and mean nothing, unless HidesEarlyDetails.
//   - A consumer is a pair of external id and BID. An enrolment has names, country and a
//     phone or an e-mail address, and one to ten cards with billing addresses (inferred).
//   - A manage call replaces the whole record: what is not sent is gone, and a consumer
//     without a status becomes ACTIVE again (inferred). What Visa assigns cannot be sent:
//     2008 (inferred). Deleting a consumer deletes its cards.
//   - A card is Visa's if its number begins with 4, but for those that IsForeign names.
//   - A consumer's status is ACTIVE or INACTIVE, or what the configuration has for these.
//   - A trace id that is unknown, or of another issuer's BID, is 400 VIDC-1001.
//
// Formats: RFC 7515, RFC 7516, RFC 7518 (RSA-OAEP-256, A128GCM, A256GCM).
package clicktopaysim
