// Lets the jose library read and write compact JWEs with RSA-OAEP-256 and A128GCM, as Visa's
// message level encryption has them. For tests only.
//
// stdin:  {"public": PEM, "private": PEM, "open": [JWE, …], "seal": [text, …]}
//         public: SubjectPublicKeyInfo of who is sealed to; private: PKCS #8 of who opens
// stdout: {"opened": [{"header": {…}, "plaintext": text}, …], "sealed": [JWE, …]}
import "./webcrypto.mjs";
import fs from "node:fs";
import { CompactEncrypt, compactDecrypt, importPKCS8, importSPKI } from "jose";

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const algorithms = { keyManagementAlgorithms: ["RSA-OAEP-256"], contentEncryptionAlgorithms: ["A128GCM"] };

const opened = [];
for (const jwe of input.open ?? []) {
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, await importPKCS8(input.private, "RSA-OAEP-256"), algorithms);
  opened.push({ header: protectedHeader, plaintext: new TextDecoder().decode(plaintext) });
}

const sealed = [];
for (const text of input.seal ?? []) {
  const header = { alg: "RSA-OAEP-256", enc: "A128GCM", kid: "reader", iat: Date.now() };
  sealed.push(await new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(await importSPKI(input.public, "RSA-OAEP-256")));
}

process.stdout.write(JSON.stringify({ opened, sealed }));
