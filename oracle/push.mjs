// Makes one push payload with the jose library, from a request of the tests.
//
// stdin:  {"header": {…}, "secret": text, "plaintext": text}
// stdout: the compact JWE
import "./webcrypto.mjs";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { CompactEncrypt } from "jose";

const { header, secret, plaintext } = JSON.parse(fs.readFileSync(0, "utf8"));
const key = createHash("sha256").update(secret, "utf8").digest();
process.stdout.write(await new CompactEncrypt(new TextEncoder().encode(plaintext)).setProtectedHeader(header).encrypt(key));
