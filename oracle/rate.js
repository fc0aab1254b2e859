"use strict";
// Prints how many jobs a second node's libraries do on one core. For `make bench` only.
// usage: node rate.js JOB SECONDS < material (bench/material.go)
const fs = require("node:fs");
const crypto = require("node:crypto");
globalThis.crypto ??= crypto.webcrypto; // jose wants it; see webcrypto.mjs

const material = JSON.parse(fs.readFileSync(0, "utf8"));
const signingKey = crypto.createPrivateKey(material.mdes.privateKey);
const mastercardNumber = "5123456789012346";
const visaNumber = "4111111111111111";

function tav() {
  const until = new Date(Date.now() + 30 * 60 * 1000).toISOString();
  const signature = crypto.sign("sha256", Buffer.from(`${until}|${mastercardNumber}|1231`), signingKey);
  return JSON.stringify({
    version: "3", signatureAlgorithm: "RSA-SHA256", dataValidUntilTimestamp: until,
    includedFieldsInOrder: "dataValidUntilTimestamp|accountNumber|accountExpiry", signature: signature.toString("base64"),
  });
}

// Mastercard's own library and its runtime's RSA signature.
function mastercardPush() {
  const { FieldLevelEncryption } = require("mastercard-client-encryption");
  const library = new FieldLevelEncryption({
    paths: [{ path: "/bench", toEncrypt: [{ element: "card", obj: "cardInfo" }], toDecrypt: [] }],
    useCertificateContent: true,
    encryptionCertificate: material.mdes.certificate,
    oaepPaddingDigestAlgorithm: "SHA-256",
    dataEncoding: "hex",
    encryptedValueFieldName: "encryptedData",
    encryptedKeyFieldName: "encryptedKey",
    ivFieldName: "iv",
    oaepHashingAlgorithmFieldName: "oaepHashingAlgorithm",
    publicKeyFingerprintFieldName: "publicKeyFingerprint",
    publicKeyFingerprintType: "certificate",
  });
  return () => {
    const card = {
      accountNumber: mastercardNumber, expiryMonth: "12", expiryYear: "31",
      source: "CARD_ADDED_VIA_APPLICATION", cardholderName: "TEST CARDHOLDER",
    };
    const { body } = library.encrypt("/bench", {}, { card });
    body.tokenizationAuthenticationValue = Buffer.from(tav()).toString("base64");
    return Buffer.from(JSON.stringify(body)).toString("base64");
  };
}

// The jose library, given the key in the form that it need not import each time.
async function visaPush() {
  const { CompactEncrypt } = await import("jose");
  const secret = crypto.createHash("sha256").update(material.pushSecret, "utf8").digest();
  const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt"]);
  const text = new TextEncoder().encode(material.pushText);
  return () => new CompactEncrypt(text).setProtectedHeader({
    alg: "A256GCMKW", enc: "A256GCM", typ: "JOSE", kid: material.pushKeyId,
    channelSecurityContext: "SHARED_SECRET", iat: String(Math.floor(Date.now() / 1000)),
  }).encrypt(key);
}

// Reads the leaf each time and checks its dates and its signature by the sub-CA. The
// sub-CA itself is known, as it is to walletport after the first call. Markers of
// Apple are not looked for: node does not show extensions.
const subCA = new crypto.X509Certificate(Buffer.from(material.appleCertificates[1], "base64"));
function leafPoint() {
  const leaf = new crypto.X509Certificate(Buffer.from(material.appleCertificates[0], "base64"));
  const now = Date.now();
  if (Date.parse(leaf.validFrom) > now || Date.parse(leaf.validTo) < now || !leaf.verify(subCA.publicKey)) {
    throw new Error("the leaf is not good");
  }
  return leaf.publicKey.export({ type: "spki", format: "der" }).subarray(-65);
}

// Pass data under EV_ECC_v2, beside the scheme's activation data.
function pass(number, activationData, encoding) {
  const point = leafPoint();
  const nonce = crypto.randomBytes(8).toString("hex");
  const ephemeral = crypto.createECDH("prime256v1");
  const ephemeralPoint = ephemeral.generateKeys();
  const key = crypto.createHash("sha256")
    .update(Buffer.from([0, 0, 0, 1])).update(ephemeral.computeSecret(point))
    .update("\x0did-aes256-GCMApple").update(ephemeralPoint).digest();
  const cipher = crypto.createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
  const data = JSON.stringify({
    primaryAccountNumber: number, expiration: "12/31", name: "TEST CARDHOLDER", nonce, nonceSignature: material.nonceSignature,
  });
  const sealed = Buffer.concat([cipher.update(data, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return {
    activationData: Buffer.from(activationData(nonce)).toString("base64"),
    encryptedPassData: sealed.toString(encoding), ephemeralPublicKey: ephemeralPoint.toString(encoding),
  };
}

function randomCharacters(n, alphabet) {
  return Array.from({ length: n }, () => alphabet[crypto.randomInt(alphabet.length)]).join("");
}

// Visa's activation data. crypto.randomInt draws from a pool; two keys of triple DES
// are the only cipher here that a node may lack.
const printable = String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 33 + i));
const base36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const wsdKey = Buffer.from(material.wsdKey, "hex");
function mbpac(nonce) {
  const text = `nonce=${nonce};authcode=${randomCharacters(6, base36)}`;
  const block = `  ${randomCharacters(4, printable)}${text.length}${text}`;
  const cipher = crypto.createCipheriv("des-ede-cbc", wsdKey, Buffer.alloc(8)).setAutoPadding(false);
  const sealed = cipher.update(block.padEnd(8 * Math.ceil(block.length / 8), "!"), "latin1", "hex") + cipher.final("hex");
  return `MBPAC-1-FK-${material.wsdKeySet}--TDEA-${sealed.toUpperCase()}`;
}

const jobs = {
  "mastercard-push": mastercardPush,
  "visa-push": visaPush,
  "apple-mastercard": () => () => pass(mastercardNumber, tav, "hex"),
  "apple-visa": () => () => pass(visaNumber, mbpac, "base64"),
};

async function main([name, seconds]) {
  const job = await jobs[name]();
  // WebCrypto works on other threads: with some jobs under way at once, the core that
  // all of them share is never idle.
  const batch = async () => Promise.all(Array.from({ length: 16 }, job));
  for (let i = 0; i < 4; i++) await batch(); // warm the compiler
  const start = process.hrtime.bigint();
  let done = 0;
  let elapsed = 0;
  while (elapsed < Number(seconds)) {
    done += (await batch()).length;
    elapsed = Number(process.hrtime.bigint() - start) / 1e9;
  }
  process.stdout.write(JSON.stringify(done / elapsed));
}

main(process.argv.slice(2));
