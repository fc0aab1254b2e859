// Package tokenvault is the token vault of the simulated Visa Token Service: which tokens
// there are, what was done to each and by whom, and the rules by which that changes. It
// survives a kill: every change is on disk before it is answered.
//
// Visa publishes no rules of its own. That a deleted token never changes again, and that a
// suspended one can be resumed or deleted, is of processors' documents; the rest is
// inferred. A token has one state, whoever brought it there: unlike at Mastercard, who
// resumes it ends every suspension.
package tokenvault
