"use strict";
// Lets Mastercard's own library read and write encrypted payloads. For tests only.
//
// stdin:  {"certificate": PEM, "privateKey": PEM, "requests": [
//            {"op": "decrypt", "payload": {encryptedData, iv, encryptedKey, oaepHashingAlgorithm}},
//            {"op": "encrypt", "data": {…}, "oaep": "SHA-256" | "SHA-512"}]}
// stdout: one element a request: {"data": …}, {"payload": …} or {"error": text}
const fs = require("node:fs");
const { FieldLevelEncryption } = require("mastercard-client-encryption");

const ENDPOINT = "/oracle";
const input = JSON.parse(fs.readFileSync(0, "utf8"));

function library(oaep) {
  return new FieldLevelEncryption({
    paths: [{
      path: ENDPOINT,
      toEncrypt: [{ element: "card", obj: "cardInfo" }],
      toDecrypt: [{ element: "cardInfo", obj: "card" }],
    }],
    useCertificateContent: true,
    encryptionCertificate: input.certificate,
    privateKey: input.privateKey,
    oaepPaddingDigestAlgorithm: oaep,
    dataEncoding: "hex",
    encryptedValueFieldName: "encryptedData",
    encryptedKeyFieldName: "encryptedKey",
    ivFieldName: "iv",
    oaepHashingAlgorithmFieldName: "oaepHashingAlgorithm",
    publicKeyFingerprintFieldName: "publicKeyFingerprint",
    publicKeyFingerprintType: "certificate",
  });
}

function answer(request) {
  switch (request.op) {
    case "encrypt": {
      const { body } = library(request.oaep).encrypt(ENDPOINT, {}, { card: request.data });
      return { payload: body.cardInfo };
    }
    case "decrypt": {
      const response = { request: { url: ENDPOINT }, body: { cardInfo: request.payload } };
      return { data: library("SHA-256").decrypt(response).card };
    }
    default:
      throw new Error("unknown op");
  }
}

const answers = input.requests.map((request) => {
  try {
    return answer(request);
  } catch (error) {
    return { error: String(error) };
  }
});
process.stdout.write(JSON.stringify(answers));
