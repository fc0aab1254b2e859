// Plays an issuer who calls Visa's Click to Pay enrolment: encrypts each request and opens
// each answer with the jose library, signs by x-pay-token, and sends one request after the
// other. For tests only.
//
// stdin:  {"secret", "recipient": {"kid", "public"}, "reader": {"private"}, "base": URL, "query",
//          "now": seconds, "steps": [step, …]}
//         keys in PEM: PKCS #8, SubjectPublicKeyInfo
//         step: {"method", "call": what follows v1/, where {n} is the requestTraceId of step
//                n, "plain": what is encrypted, "header": members of the JWE's header}
// stdout: [{"status", "header", "plain"}, …], header and plaintext of the answer as opened;
//         status 0: there was no answer
import "./webcrypto.mjs";
import { createHmac } from "node:crypto";
import fs from "node:fs";
import { CompactEncrypt, compactDecrypt, importPKCS8, importSPKI } from "jose";

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const text = (data) => new TextDecoder().decode(data);

async function seal(step) {
  const header = { alg: "RSA-OAEP-256", enc: "A128GCM", kid: input.recipient.kid, iat: Date.now(), ...step.header };
  const jwe = new CompactEncrypt(new TextEncoder().encode(step.plain)).setProtectedHeader(header);
  return JSON.stringify({ encData: await jwe.encrypt(await importSPKI(input.recipient.public, header.alg)) });
}

async function open(body) {
  const { plaintext, protectedHeader } = await compactDecrypt(JSON.parse(body).encData, await importPKCS8(input.reader.private, "RSA-OAEP-256"), {
    keyManagementAlgorithms: ["RSA-OAEP-256"], contentEncryptionAlgorithms: ["A128GCM"],
  });
  return { header: protectedHeader, plain: text(plaintext) };
}

const answers = [];
for (const [index, step] of input.steps.entries()) {
  const call = step.call.replace(/\{(\d+)\}/, (_, n) => JSON.parse(answers[n].plain).requestTraceId);
  const body = step.plain === undefined ? "" : await seal(step);
  const seconds = String(input.now + index); // two questions of one second that say the same have the same signature
  const digest = createHmac("sha256", input.secret).update(`${seconds}v1/${call}${input.query}${body}`, "utf8").digest("hex");
  const answer = await fetch(`${input.base}/v1/${call}?${input.query}`, {
    method: step.method,
    headers: { "content-type": "application/json", keyId: input.recipient.kid, "x-pay-token": `xv2:${seconds}:${digest}` },
    body: step.plain === undefined ? undefined : body,
  }).catch(() => undefined);
  answers.push(answer ? { status: answer.status, ...(await open(await answer.text())) } : { status: 0, header: {}, plain: "" });
}
process.stdout.write(JSON.stringify(answers));
