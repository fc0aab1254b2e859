// Package clicktopay is the flow of Click to Pay: who is enrolled, with which cards, and
// each change of it at the scheme, which is the source of truth.
//
// A request that was accepted will be done, or its row says why not. Row, audit record and
// job are one commit; then the answer leaves. The job takes the request through its states,
// and whatever is killed in between, the next attempt goes on from the row:
//
//	accepted     nothing was sent
//	sent         it is about to be sent, or was: nobody knows whether the scheme took it. Before
//	             it is sent again the scheme is asked what it has
//	in_progress  the scheme took it and gave a trace id; it is asked what became of it
//	completed    SUCCESS, or FAILED with what was wrong
//
// Requests of a customer are done one after the other, in the order in which they were
// accepted. What is personal in one stands sealed, and is wiped when it is completed.
package clicktopay
