"use strict";
// Prints how many encrypt + TAV jobs a second Mastercard's own library and its
// runtime's RSA signature do on one core. For `make bench` only.
// usage: node rate.js SECONDS < {"certificate": PEM, "privateKey": PEM}
const fs = require("node:fs");
const crypto = require("node:crypto");
const { FieldLevelEncryption } = require("mastercard-client-encryption");

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const signingKey = crypto.createPrivateKey(input.privateKey);
const library = new FieldLevelEncryption({
  paths: [{ path: "/bench", toEncrypt: [{ element: "card", obj: "cardInfo" }], toDecrypt: [] }],
  useCertificateContent: true,
  encryptionCertificate: input.certificate,
  oaepPaddingDigestAlgorithm: "SHA-256",
  dataEncoding: "hex",
  encryptedValueFieldName: "encryptedData",
  encryptedKeyFieldName: "encryptedKey",
  ivFieldName: "iv",
  oaepHashingAlgorithmFieldName: "oaepHashingAlgorithm",
  publicKeyFingerprintFieldName: "publicKeyFingerprint",
  publicKeyFingerprintType: "certificate",
});

function job() {
  const card = {
    accountNumber: "5123456789012345", expiryMonth: "12", expiryYear: "31",
    source: "CARD_ADDED_VIA_APPLICATION", cardholderName: "TEST CARDHOLDER",
  };
  const { body } = library.encrypt("/bench", {}, { card });
  const until = new Date(Date.now() + 30 * 60 * 1000).toISOString();
  const signature = crypto.sign("sha256", Buffer.from(`${until}|5123456789012345|1231`), signingKey);
  const tav = {
    version: "3", signatureAlgorithm: "RSA-SHA256", dataValidUntilTimestamp: until,
    includedFieldsInOrder: "dataValidUntilTimestamp|accountNumber|accountExpiry", signature: signature.toString("base64"),
  };
  body.tokenizationAuthenticationValue = Buffer.from(JSON.stringify(tav)).toString("base64");
  return Buffer.from(JSON.stringify(body)).toString("base64");
}

for (let i = 0; i < 20; i++) job(); // warm the compiler
const seconds = Number(process.argv[2]);
const start = process.hrtime.bigint();
let jobs = 0;
let elapsed = 0;
while (elapsed < seconds) {
  job();
  jobs++;
  elapsed = Number(process.hrtime.bigint() - start) / 1e9;
}
process.stdout.write(String(jobs / elapsed));
