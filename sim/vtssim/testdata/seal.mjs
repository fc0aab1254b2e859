// Makes one push payload with the jose library, from a request of the tests.
// Piped into node with the folder of the oracles as working directory.
//
// argument: {"header": {…}, "secret": text, "plaintext": text}
// stdout:   the compact JWE
import { createHash } from "node:crypto";
import { CompactEncrypt } from "jose";

const { header, secret, plaintext } = JSON.parse(process.argv[2]);
const key = createHash("sha256").update(secret, "utf8").digest();
process.stdout.write(await new CompactEncrypt(new TextEncoder().encode(plaintext)).setProtectedHeader(header).encrypt(key));
