// Package register is what the simulated Visa keeps of the consumers that issuers enrol
// into Click to Pay: who is enrolled, with which cards, which request of a consumer runs,
// and how each request ended. It is on disk in a sim.Ledger, and survives the death of its
// process.
//
// A request that was accepted runs for a while, and takes effect when it ends: nothing is
// written then, for what a version of a consumer becomes follows from the version and the
// time. So a request that ran when the process died ends as it would have.
//
// The ledger's lines hold no personal data that can be read without its key: what is known
// of a consumer is sealed in each. No card number is held at all: a card is known by a
// keyed hash, and by its masked number.
package register
