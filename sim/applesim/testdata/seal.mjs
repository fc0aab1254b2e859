// Makes an Apple Pay answer of {leaf, pass, activation} on standard input, with
// node's own crypto.
import { createCipheriv, createECDH, createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const { leaf, pass, activation } = JSON.parse(readFileSync(0, 'utf8'))
const pair = createECDH('prime256v1')
pair.generateKeys()
const point = pair.getPublicKey(null, 'uncompressed')
const secret = pair.computeSecret(Buffer.from(leaf, 'hex'))
const key = createHash('sha256')
  .update(Buffer.from([0, 0, 0, 1])).update(secret)
  .update('\x0did-aes256-GCM').update('Apple').update(point)
  .digest()
const box = createCipheriv('aes-256-gcm', key, Buffer.alloc(12))
const sealed = Buffer.concat([box.update(JSON.stringify(pass), 'utf8'), box.final(), box.getAuthTag()])
console.log(JSON.stringify({
  activationData: Buffer.from(activation).toString('base64'),
  encryptedPassData: sealed.toString('hex'),
  ephemeralPublicKey: point.toString('hex'),
}))
