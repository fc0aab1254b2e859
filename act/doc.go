// Package act is what every audited act has in common, whoever does it: a call of the
// API on a card, or a command of an operator on keys, cards, clients or the trail.
//
// An act is asked for by a Request. Audited and Declared do it, and make of the
// request and of what the act learns the record of the audit trail; nothing is ever
// read back from a record. Audited holds the answer back until the record is durable;
// Declared records an act whose effect cannot be held back before and after it, and
// DeclaredChange makes the second record and a change of stored rows one commit.
//
// An act on a card is a Call, run by OnCard. Its methods are the steps that every
// such act takes, in the order in which a flow takes them: FindCard, Admit, SelectKeys,
// UseNonce, Borrow. What is done with the open card is the flow's.
//
// The room is called act, and not after the card, because operators' acts on other
// things are recorded by the same code. It knows no flow, no wallet and no scheme, and
// does no I/O of its own.
package act
