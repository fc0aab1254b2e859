// Package tokenvault is the token vault of the simulated Mastercard MDES: which tokens
// there are, who holds one suspended, what was done to each and by whom, and the rules by
// which that changes. It survives a kill: every change is on disk before it is answered.
//
// The rules are those of the public documentation of MDES (Customer Service API), with
// Apple Pay's exceptions; where it is silent, comments say what was inferred. A token that
// the cardholder removed from the phone goes on to pay for 95 days, and comes back to life
// if its card is added to that phone again.
package tokenvault
