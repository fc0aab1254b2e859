// Package clicktopay makes and reads the messages of Visa's ID and Credential API (VICA),
// by which an issuer enrols its cardholders for Click to Pay: enrollData,
// enrollPaymentInstruments, manageConsumerInformation, managePaymentInstruments,
// deleteConsumerInformation, deletePaymentInstruments, getData and requestStatus.
//
// It does no I/O and never reads the clock. Messages makes requests and reads answers;
// whoever speaks HTTP sends one and hands the other in. Every body is encrypted both ways,
// in every environment (Visa's message level encryption): a success that comes in clear is
// not believed. Requests are signed by x-pay-token, or the connection has a client
// certificate.
//
// Visa tells of errors in three places, and a success in one of them says nothing of the
// others: at once, in the answer to a request; in the result of a request that was taken,
// product by product; and in the items of getData, under HTTP 200.
//
// PUT enrollData/{externalConsumerID}, which adds a product to a consumer, is not made:
// Click to Pay is the only product here. The members cardType, issuerName, currencyCode and
// nationalIdentifiers are optional, walletport keeps none of them, and so they are not sent;
// a manage call erases them where another system had set them.
//
// Where the sources are silent or disagree, the choice is a field of Profile, or a row of
// the table in rules.go. The sources, by the keys that the comments use:
//
//	VICA   Visa developer pages on Visa ID and Credential: reference, how-to, error codes,
//	       security, and Click to Pay with it
//	MLE    Visa's encryption guide
//	VMCP   github.com/visa/mcp, the API client of Visa's agent toolkit
//	XP1    Visa developer pages on x-pay-token
//	VSKILL Visa's guide for coding assistants, on the same
//	IAP    Visa In-App Provisioning: OpenAPI document
//	MQ     processor OpenAPI (Marqeta Core API), Click to Pay
//	ENF    processor documentation (Enfuce), Visa Click to Pay
//	PSP    processor documentation for its clients, on eligibility
//	MLEP   field code: github.com/elvismanchkin/mle-proxy
package clicktopay
