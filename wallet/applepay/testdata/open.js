"use strict";
// Opens passes as Apple's server does, with node's own cryptography: ECDH on P-256,
// the single-step KDF written out, AES-256-GCM with an IV of 12 zero bytes.
// usage: node open.js < {"leafPrivateKey": hex, "passes": [{"encoding", "encryptedPassData", "ephemeralPublicKey"}]}
const fs = require("node:fs");
const crypto = require("node:crypto");

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const leaf = crypto.createECDH("prime256v1");
leaf.setPrivateKey(input.leafPrivateKey, "hex");

function open(pass) {
  const point = Buffer.from(pass.ephemeralPublicKey, pass.encoding);
  if (point.length !== 65 || point[0] !== 4) throw new Error("the ephemeral key is no uncompressed point");
  if (point.toString(pass.encoding) !== pass.ephemeralPublicKey) throw new Error("the encoding is not " + pass.encoding);
  const sealed = Buffer.from(pass.encryptedPassData, pass.encoding);
  const key = crypto.createHash("sha256")
    .update(Buffer.from([0, 0, 0, 1]))
    .update(leaf.computeSecret(point))
    .update(Buffer.from([13])).update("id-aes256-GCM").update("Apple").update(point)
    .digest();
  const decipher = crypto.createDecipheriv("aes-256-gcm", key, Buffer.alloc(12));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString("utf8");
}

process.stdout.write(JSON.stringify(input.passes.map(open)));
