// Package tree is the Merkle tree over the audit chain: RFC 6962 section 2.1 with
// SHA-256, whose leaf number i (from 0) is the 32-byte chain hash of record i+1. It
// computes roots and proofs and verifies them. It does no I/O of its own.
//
//	leaf hash       SHA-256(0x00 || chain hash)
//	interior hash   SHA-256(0x01 || left || right)
//
// A chain hash is over all of a record and the hash before it (package audit), so the
// leaf of a record can be computed from the record and that hash alone.
//
// # What is stored
//
// Of the interior nodes those are stored that are the root of a complete part of
// 256, 256², 256³, … leaves: level 1, 2, 3, …. Level 0, the leaf hashes, comes from the
// records themselves. What lies between two levels is computed from at most 256 hashes
// of the lower one. So a tree of 10,000,000 records has 39,214 rows, and a proof reads
// at most two ranges of 256 hashes of each of its four levels.
package tree
