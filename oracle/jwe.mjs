// Lets the jose library read and write compact JWEs under a shared secret, whose
// SHA-256 is the key-encryption key. For tests only.
//
// stdin:  {"secret": text, "open": [JWE, …], "seal": [text, …]}
// stdout: {"opened": [{"header": {…}, "plaintext": text}, …], "sealed": [JWE, …]}
import "./webcrypto.mjs";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { CompactEncrypt, compactDecrypt } from "jose";

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const key = createHash("sha256").update(input.secret, "utf8").digest();
const algorithms = { keyManagementAlgorithms: ["A256GCMKW"], contentEncryptionAlgorithms: ["A256GCM"] };

const opened = [];
for (const jwe of input.open ?? []) {
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, key, algorithms);
  opened.push({ header: protectedHeader, plaintext: new TextDecoder().decode(plaintext) });
}

const sealed = [];
for (const text of input.seal ?? []) {
  const header = { alg: "A256GCMKW", enc: "A256GCM", kid: "shared", aud: "unknown member" };
  sealed.push(await new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(key));
}

process.stdout.write(JSON.stringify({ opened, sealed }));
