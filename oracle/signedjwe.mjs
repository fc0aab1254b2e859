// Lets the jose library read and write JWEs (RSA-OAEP-256, A256GCM) inside JWSs (PS256).
// For tests only.
//
// stdin:  {"public": PEM, "private": PEM, "open": [text, …], "seal": [text, …]}
//         public: SubjectPublicKeyInfo of who signed, and of who is sealed to
//         private: PKCS #8 of who opens, and of who signs
// stdout: {"opened": [{"outer": {…}, "inner": {…}, "plaintext": text}, …], "sealed": [text, …]}
import "./webcrypto.mjs";
import fs from "node:fs";
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify, importPKCS8, importSPKI } from "jose";

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const bytes = (text) => new TextEncoder().encode(text);
const text = (data) => new TextDecoder().decode(data);

const opened = [];
for (const jws of input.open ?? []) {
  const outer = await compactVerify(jws, await importSPKI(input.public, "PS256"), { algorithms: ["PS256"] });
  const key = await importPKCS8(input.private, "RSA-OAEP-256");
  const inner = await compactDecrypt(text(outer.payload), key, { keyManagementAlgorithms: ["RSA-OAEP-256"], contentEncryptionAlgorithms: ["A256GCM"] });
  opened.push({ outer: outer.protectedHeader, inner: inner.protectedHeader, plaintext: text(inner.plaintext) });
}

const sealed = [];
for (const plaintext of input.seal ?? []) {
  const to = await importSPKI(input.public, "RSA-OAEP-256");
  const jwe = await new CompactEncrypt(bytes(plaintext)).setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", typ: "JOSE", kid: "reader", iat: "1700000000" }).encrypt(to);
  const signer = await importPKCS8(input.private, "PS256");
  sealed.push(await new CompactSign(bytes(jwe)).setProtectedHeader({ alg: "PS256", typ: "JOSE", kid: "writer", cty: "JWE" }).sign(signer));
}

process.stdout.write(JSON.stringify({ opened, sealed }));
