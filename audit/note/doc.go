// Package note writes and reads what a log says of its Merkle tree, in the forms of
// C2SP, so that anybody's programs can check it:
//
//	c2sp.org/signed-note      a text and lines of signatures
//	c2sp.org/tlog-checkpoint  a text of origin, size of the tree and root hash
//	c2sp.org/tlog-cosignature a witness's signature with its time (Ed25519)
//	c2sp.org/tlog-proof       a checkpoint with the proof that one leaf is in its tree
//	c2sp.org/tlog-witness     a checkpoint with the proof that it goes on from another
//
// Everything is text that ends in a line feed. Package note does no I/O.
package note
