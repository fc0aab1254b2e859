// Package audit is the tamper-evident audit trail: who asked for what, on which
// card, and how it ended. It makes records durable before anything is handed out
// (Log), signs the trail from time to time, and proves afterwards that nothing in
// it was changed, removed, inserted or reordered (Verify, VerifyExport). It never
// holds a PAN, a name or a payload, and it does no SQL and no HTTP.
//
// # Encoding
//
// Everything that is hashed or signed is a row of values, each of them
//
//	text, bytes   4-byte big-endian length, then that many bytes (text in UTF-8)
//	number        8 bytes, big-endian, two's complement
//	time          the number of milliseconds since 1970-01-01T00:00:00Z
//	list          the 4-byte big-endian count, then each member as a text
//
// so that no two rows of values have one encoding. The first value is a text that
// says what is hashed or signed, so that nothing can pass for something else.
//
// # Chain
//
// Records are numbered 1, 2, 3, … without gaps. The hash of a record is SHA-256 of
//
//	text "walletport/audit/v1", bytes previous hash, number seq, time time,
//	text requestId, text client, text auditUser, text action, text issuer,
//	number cardId, text wallet, text scheme, text outcome, list keyVersions,
//	text remoteAddress
//
// where the names are the members of an exported record and the previous hash of
// record 1 is 32 zero bytes. For a record with a stepUp the first text is
// "walletport/audit/v2", and text stepUp follows at the end. For a record with
// details it is "walletport/audit/v3", and text stepUp and then the details follow,
// whether there is a stepUp or not:
//
//	details       the 4-byte big-endian count, then of each the name as a text and
//	              the value as a text, in the order of the names' bytes
//
// A fact that records do not hold yet becomes a detail and needs no further tag. In
// Python:
//
//	def text(s):   b = s.encode(); return struct.pack(">I", len(b)) + b
//	def number(n): return struct.pack(">q", n)
//
// # Checkpoints
//
// Hashes alone do not stop one who can rewrite the whole table, so an Ed25519 key
// (keys.AuditCheckpoint) signs the head of the chain now and then. The message is
//
//	text "walletport/audit/checkpoint/v1", number seq, bytes hash, time time,
//	text keyId
//
// What came after the last checkpoint is protected by the hashes only; Summary
// says how many records that are.
//
// # Tree
//
// Beside the chain there is the Merkle tree of RFC 6962 over the hashes of the records
// (package tree). Behind each checkpoint, where a server comes to it, the same key signs
// a note over the tree of the records up to there (package note): a C2SP checkpoint of
// three lines, origin, size and root hash. A note proves one record, or that nothing
// was changed since an older note, without the records between. What is written to the
// trail waits for none of this, and a trail from before there was a tree gets one.
//
// A proof of one record (Prove) is a C2SP tlog-proof: its extra line has the record as
// the line of an export, in base64, its index is seq - 1, and its leaf is the hash of the
// record. A proof that a tree goes on from an older one (ProveConsistency) has the form
// of a request to a witness. A witness (Cosign) answers with a C2SP cosignature, which is
// stored as the line that it is in a note.
//
// # Export
//
// An export is JSON Lines: each line is one record, an object with the members
// time (RFC 3339 in UTC with milliseconds), seq, requestId, client, auditUser,
// action, issuer, cardId, wallet, scheme, outcome, keyVersions, stepUp (absent when
// empty), remoteAddress, details (an object of texts, absent when there are none),
// previousHash and hash (lower-case hex). No line is anything else, so that a
// consumer that knows nothing of chains can read it. The line of a record whose stored
// row somebody changed into what no record is has a member unreadable, an object with
// the texts of its columns; no verifier takes it. The line of a record that a
// checkpoint stands at has a member checkpoint, an object with seq, hash, time,
// keyId and signature (standard base64). The last line has a member end of the
// same shape, signed at the time of the export over
//
//	text "walletport/audit/export/v1", number seq of the first line,
//	bytes previousHash of the first line, number seq, bytes hash, time time,
//	text keyId
//
// It proves that the export begins and ends where it did when it was made. The
// public keys are not part of an export: who verifies one must have them from
// elsewhere, or they prove nothing.
package audit
