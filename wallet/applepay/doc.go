// Package applepay makes what an issuer's app sets on Apple's
// PKAddPaymentPassRequest for in-app provisioning: encryptedPassData and
// ephemeralPublicKey under the encryption scheme EV_ECC_v2, beside the scheme's own
// activationData.
//
// One call goes ParseNonce, CheckChain, EncodePass. Sources, where comments name
// them in brackets: Apple's PassKit documentation of PKAddPaymentPassRequest and its
// delegate [PK-EPD, PK-CB], Apple's open-source Security project
// (SecPolicyCreateApplePayIssuerEncryption) [SEC], Apple's list of certificate
// authorities [APKI], public field code [C1, C3, C5, C6], processors' public pages:
// Enfuce [ENF], Fiserv FirstVision [FIS-M]. What is called inferred was seen in none.
//
// The other encryption scheme, RSA_V2, has no public description; a leaf with an RSA
// key is refused. nonceSignature cannot be verified here: it is made for Apple and
// passed through. The package does no I/O, and so does not learn of revocations.
package applepay
