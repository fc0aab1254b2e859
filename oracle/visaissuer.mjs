// Plays an issuer who calls Visa's token API: signs each request by x-pay-token, seals and
// opens encryptedData with the jose library, and sends one request after the other. For
// tests only.
//
// stdin:  {"secret", "signer": {"kid", "private"}, "recipient": {"kid", "public"},
//          "visa": {"public"}, "reader": {"private"}, "now": seconds, "first": seconds, "steps": [step, …]}
//         keys in PEM: PKCS #8, SubjectPublicKeyInfo
//         first: the second in which the first step is signed, each of the others one
//         later, for an x-pay-token is good once, and two requests of one second that say
//         the same have the same
//         step: {"method", "url", "path": what is signed of the URL, "body": text,
//                "seal": text that becomes encryptedData of the body, "bareHeaders":
//                without typ and cty,
//                and what it does wrong: "age": seconds before now, "secret", "signs", "version", "upper",
//                "unsigned", "repeat": the x-pay-token before, "inner", "outer": header
//                members, "signer", "recipient": PEM, "bare": no JWS, "cut", "pad":
//                characters at the end of encryptedData}
// stdout: [{"status", "type", "body", "opened": {"outer", "inner", "plaintext"}}, …]
//         status 0: there was no answer
import "./webcrypto.mjs";
import { createHmac } from "node:crypto";
import fs from "node:fs";
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify, importPKCS8, importSPKI } from "jose";

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const bytes = (text) => new TextEncoder().encode(text);
const text = (data) => new TextDecoder().decode(data);

async function seal(step) {
  const inner = { alg: "RSA-OAEP-256", enc: "A256GCM", typ: "JOSE", kid: input.recipient.kid, iat: Date.now(), ...step.inner };
  const outer = { alg: "PS256", typ: "JOSE", kid: input.signer.kid, cty: "JWE", ...step.outer };
  if (step.bareHeaders) delete inner.typ, delete outer.typ, delete outer.cty;
  const to = await importSPKI(step.recipient ?? input.recipient.public, inner.alg);
  const jwe = await new CompactEncrypt(bytes(step.seal)).setProtectedHeader(inner).encrypt(to);
  const signer = await importPKCS8(step.signer ?? input.signer.private, outer.alg);
  const jws = await new CompactSign(bytes(jwe)).setProtectedHeader(outer).sign(signer);
  if (step.bare) return jwe;
  return step.cut ? jws.slice(0, -step.cut) : jws + "A".repeat(step.pad ?? 0);
}

async function open(sealed) {
  const outer = await compactVerify(sealed, await importSPKI(input.visa.public, "PS256"), { algorithms: ["PS256"] });
  const inner = await compactDecrypt(text(outer.payload), await importPKCS8(input.reader.private, "RSA-OAEP-256"), {
    keyManagementAlgorithms: ["RSA-OAEP-256"], contentEncryptionAlgorithms: ["A256GCM"],
  });
  return { outer: outer.protectedHeader, inner: inner.protectedHeader, plaintext: text(inner.plaintext) };
}

function payToken(step, body, index) {
  const seconds = String(step.age === undefined ? input.first + index : input.now - step.age);
  const query = step.url.split("?")[1] ?? "";
  const signed = seconds + (step.signs ?? step.path + query + body);
  const digest = createHmac("sha256", step.secret ?? input.secret).update(signed, "utf8").digest("hex");
  return `${step.version ?? "xv2"}:${seconds}:${step.upper ? digest.toUpperCase() : digest}`;
}

async function send(step, body, token) {
  const headers = { accept: "application/json", "content-type": "application/json", ...(token && { "x-pay-token": token }) };
  try {
    const answer = await fetch(step.url, { method: step.method, headers, body: step.method === "GET" ? undefined : body });
    const said = { status: answer.status, type: answer.headers.get("content-type") ?? "", body: await answer.text() };
    const sealed = said.body.startsWith("{") && JSON.parse(said.body).encryptedData;
    if (sealed) said.opened = await open(sealed).catch((e) => ({ fault: e.code ?? String(e) }));
    return said;
  } catch {
    return { status: 0, type: "", body: "" };
  }
}

const answers = [];
let token;
for (const [index, step] of input.steps.entries()) {
  const body = step.seal === undefined ? step.body ?? "" : JSON.stringify({ encryptedData: await seal(step), ...JSON.parse(step.body ?? "{}") });
  if (!step.repeat) token = step.unsigned ? undefined : payToken(step, body, index);
  answers.push(await send(step, body, token));
}
process.stdout.write(JSON.stringify(answers));
