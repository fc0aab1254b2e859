package applesim

import "github.com/walletport/walletport/sim"

// The request: what PassKit gave the app and the app sends to the issuer.
var (
	certificatesMissing  = sim.Kind{Code: "certificates_missing", Remedy: "send certificates, an array of the strings that PassKit gave the app"}
	certificatesCount    = sim.Kind{Code: "certificates_count", Remedy: "send the leaf and the certificate authority above it, with or without the root"}
	certificatesInOne    = sim.Kind{Code: "certificates_in_one_entry", Remedy: "send each certificate as an entry of its own: PassKit gives them one by one"}
	certificateMalformed = sim.Kind{Code: "certificate_malformed", Remedy: "send each certificate as base64 of its DER bytes"}
	certificateDuplicate = sim.Kind{Code: "certificate_duplicate", Remedy: "send each certificate once"}
	certificatesSwapped  = sim.Kind{Code: "certificates_swapped", Remedy: "send the leaf first, as PassKit does; servers that look for the marker take any order", Tolerated: true}
	leafMissing          = sim.Kind{Code: "leaf_missing", Remedy: "none of the certificates has the leaf's extension 1.2.840.113635.100.6.39: send what this callback of PassKit gave"}
	leafAmbiguous        = sim.Kind{Code: "leaf_ambiguous", Remedy: "two certificates are marked as leaf: send those of one callback"}
	leafRSA              = sim.Kind{Code: "leaf_rsa", Remedy: "ask PassKit for the encryption scheme ECC_V2: this leaf is for RSA_V2"}
	leafCurve            = sim.Kind{Code: "leaf_curve", Remedy: "the leaf's key is not on P-256: send the certificates as PassKit gave them"}
	leafUsage            = sim.Kind{Code: "leaf_usage", Remedy: "the leaf is not for key encipherment, or is an authority: send the certificates as PassKit gave them"}
	leafExpired          = sim.Kind{Code: "leaf_expired", Remedy: "start again in the app; PassKit gives fresh certificates"}
	leafNotYetValid      = sim.Kind{Code: "leaf_not_yet_valid", Remedy: "check the clock of the server"}
	subCAMissing         = sim.Kind{Code: "sub_ca_missing", Remedy: "send both certificates: the leaf and the authority above it"}
	subCAUnmarked        = sim.Kind{Code: "sub_ca_unmarked", Remedy: "the second certificate is not Apple's Worldwide Developer Relations authority, by marker or name"}
	subCAExpired         = sim.Kind{Code: "sub_ca_expired", Remedy: "start again in the app; PassKit gives fresh certificates"}
	chainBroken          = sim.Kind{Code: "chain_broken", Remedy: "the leaf was not signed by the authority sent beside it: send the certificates of one callback"}
	chainUntrusted       = sim.Kind{Code: "chain_untrusted", Remedy: "the authority was not signed by the root: against a sandbox, take the certificates from its sandbox.json"}
	nonceMissing         = sim.Kind{Code: "nonce_missing", Remedy: "send the nonce of the callback in lower-case hex"}
	signatureMissing     = sim.Kind{Code: "nonce_signature_missing", Remedy: "send nonceSignature of the callback in lower-case hex"}
	nonceLength          = sim.Kind{Code: "nonce_length", Remedy: "a nonce has 1 to 64 bytes; Apple's have 4"}
	signatureLength      = sim.Kind{Code: "nonce_signature_length", Remedy: "nonceSignature has 1 to 512 bytes; Apple's have 81"}
)
