package samsungsim

import "github.com/walletport/walletport/sim"

var (
	payloadMissing = sim.Kind{Code: "digitization_data_missing", Remedy: "answer digitizationData: the app hands it to Samsung as provisionPayload"}
	payloadType    = sim.Kind{Code: "digitization_data_not_string", Remedy: "send digitizationData as a JSON string"}
	payloadShape   = sim.Kind{Code: "samsung_payload_unknown", Remedy: "provisionPayload is a compact JWE (Visa) or base64 of JSON with cardInfo (Mastercard)"}
	payloadRawJSON = sim.Kind{Code: "samsung_payload_raw_json", Remedy: "encode the digitization data as base64 before the app hands it on"}
	jweBase64      = sim.Kind{Code: "jwe_in_base64", Remedy: "hand the app the bare JWE: Samsung passes the text to Visa as it is"}
	jweParts       = sim.Kind{Code: "jwe_parts", Remedy: "a compact JWE has five parts: send it whole"}
	needsCardInfo  = sim.Kind{Code: "samsung_needs_card_info", Remedy: "use the payload shape cardInfo for Samsung: it does not read fundingAccountInfo"}
	accountOther   = sim.Kind{Code: "wallet_account_other", Remedy: "send clientDeviceID and clientWalletAccountID as getWalletInfo gave them together"}
	idsMissing     = sim.Kind{Code: "client_ids_missing", Remedy: "for a Visa card send clientDeviceID (DEVICE_ID) and clientWalletAccountID (WALLET_USER_ID) of getWalletInfo"}
)
